"""The sweep: every few seconds, queue again what was lost on the way. The case table is the truth, the queue
a hint.

Run: ``python -m worker.sweep``
"""

import logging
import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from cases import caseload, conversation
from cases.database import CaseDatabase
from cases.errors import CasesError
from cases.heartbeat import keep_beating
from cases.record import CaseStatus
from cases.settings import CasesSettings
from exporter import export
from logs import start_logging
from worker import measure, metrics, resources
from worker.enqueue import enqueue_advise, enqueue_examine, enqueue_reply
from worker.upkeep import upkeep

_log = logging.getLogger(__name__)

_LONGEST_PAUSE = 320.0
_UPKEEP_SECONDS = 3600.0


class Sweep:
    """Queues overdue work again. Each time it queues the same thing it waits twice as long before the next
    time, so that work which merely stands in a long queue does not make the queue longer and longer."""

    def __init__(self, db: CaseDatabase, overdue: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`overdue`: seconds from which untouched work counts as lost, and the first pause."""
        self._db = db
        self._overdue = overdue
        self._clock = clock
        self._queued: dict[str | int, tuple[float, float]] = {}

    def sweep(self) -> int:
        """Queue what is overdue and nobody holds a lease on; how much it was. Stops at a dead broker."""
        overdue = timedelta(seconds=self._overdue)
        waiting: dict[str | int, Callable[[], bool]] = {}
        for case in caseload.unfinished(self._db, overdue):
            enqueue = enqueue_examine if case.status is CaseStatus.RECEIVED else enqueue_advise
            waiting[case.id] = lambda enqueue=enqueue, case_id=case.id: enqueue(case_id)  # type: ignore[misc]
        for turn in conversation.unanswered(self._db, overdue):
            waiting[turn.id] = lambda turn_id=turn.id: enqueue_reply(turn_id)  # type: ignore[misc]
        self._queued = {key: when for key, when in self._queued.items() if key in waiting}
        return self._queue(waiting)

    def _queue(self, waiting: dict[str | int, Callable[[], bool]]) -> int:
        now = self._clock()
        queued = 0
        for key, enqueue in waiting.items():
            at, pause = self._queued.get(key, (now - self._overdue, self._overdue))
            if now < at + pause:
                continue
            if not enqueue():
                break
            self._queued[key] = (now, min(pause * 2, _LONGEST_PAUSE))
            queued += 1
        return queued


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
    next_upkeep = time.monotonic()
    while not stop.wait(settings.worker_sweep_seconds):
        try:
            queued = sweep.sweep()
            metrics.SWEPT.set_to_current_time()
            metrics.QUEUED_AGAIN.inc(queued)
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
