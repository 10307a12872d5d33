"""The sweep: every few seconds, queue again what was lost on the way. The case table is the truth, the queue
a hint.

Run: ``python -m worker.sweep``
"""

import logging
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from cases import caseload, conversation, leases
from cases.database import CaseDatabase
from cases.errors import CasesError
from cases.heartbeat import keep_beating
from cases.record import CaseStatus
from cases.settings import CasesSettings
from exporter import export
from knowledge.errors import KnowledgeError
from knowledge.submission import unread
from logs import start_logging
from worker import gauges, measure, resources
from worker.enqueue import enqueue_advise, enqueue_examine, enqueue_read, enqueue_reply, is_empty
from worker.holding import submission_lease_name
from worker.upkeep import upkeep

_log = logging.getLogger(__name__)

_LONGEST_PAUSE = 320.0
_UPKEEP_SECONDS = 3600.0


@dataclass(frozen=True)
class _Waiting:
    """Overdue work: the queue its task should stand in, and how to put it there."""

    queue: str
    enqueue: Callable[[], bool]


class Sweep:
    """Queues overdue work again. Each time it queues the same thing it waits twice as long before the next
    time, so that work which merely stands in a long queue does not make the queue longer and longer. Where
    the queue is empty its task is lost, and there is nothing to wait for."""

    def __init__(self, db: CaseDatabase, overdue: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`overdue`: seconds from which untouched work counts as lost, and the first pause."""
        self._db = db
        self._overdue = overdue
        self._clock = clock
        self._queued: dict[str | int, tuple[float, float]] = {}

    def sweep(self) -> int:
        """Queue what is overdue and nobody holds a lease on; how much it was. Stops at a dead broker."""
        overdue = timedelta(seconds=self._overdue)
        waiting: dict[str | int, _Waiting] = {}
        for case_id, status in caseload.unfinished(self._db, overdue):
            if status is CaseStatus.RECEIVED:
                waiting[case_id] = _Waiting("gpu", partial(enqueue_examine, case_id))
            else:
                waiting[case_id] = _Waiting("agent", partial(enqueue_advise, case_id))
        for turn_id in conversation.unanswered(self._db, overdue):
            waiting[turn_id] = _Waiting("agent", partial(enqueue_reply, turn_id))
        for number in _unread(self._db, overdue):
            waiting[submission_lease_name(number)] = _Waiting("library", partial(enqueue_read, number))
        self._queued = {key: when for key, when in self._queued.items() if key in waiting}
        return self._queue(waiting)

    def _queue(self, waiting: dict[str | int, _Waiting]) -> int:
        now = self._clock()
        lost = {queue for queue in {each.queue for each in waiting.values()} if is_empty(queue)}
        queued = 0
        for key, work in waiting.items():
            at, pause = self._queued.get(key, (now - self._overdue, self._overdue))
            if now < at + pause and work.queue not in lost:
                continue
            if not work.enqueue():
                break
            self._queued[key] = (now, min(pause * 2, _LONGEST_PAUSE))
            queued += 1
        return queued


def _unread(db: CaseDatabase, overdue: timedelta) -> list[int]:
    """The submissions to the library that wait to be read and that nobody reads."""
    try:
        numbers = unread(resources.library_database(), overdue)
    except KnowledgeError as error:
        _log.warning("submissions not seen: %s", type(error).__name__)
        return []  # patients' cases go on without the library
    return [number for number in numbers if not leases.is_held(db, submission_lease_name(number))]


def main() -> None:
    """Sweep until SIGTERM or SIGINT."""
    start_logging("sweep")
    export()
    keep_beating(resources.cases, "sweep")
    measure.keep_measuring(resources.cases)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = resources.settings()
    retention = timedelta(days=CasesSettings().retention_days)
    sweep = Sweep(resources.cases(), settings.worker_overdue_seconds)
    _log.info("the sweep is ready")
    next_upkeep = time.monotonic()
    while not stop.wait(settings.worker_sweep_seconds):
        gauges.ROUND.set_to_current_time()
        try:
            queued = sweep.sweep()
            gauges.SWEPT.set_to_current_time()
            gauges.QUEUED_AGAIN.inc(queued)
            if time.monotonic() >= next_upkeep:
                next_upkeep += _UPKEEP_SECONDS
                upkeep(resources.cases(), retention)
        except CasesError as error:
            _log.error("the sweep failed and will try again: %s", type(error).__name__)
            continue
        if queued:
            _log.info("%d tasks queued again", queued)


if __name__ == "__main__":
    main()
