"""Gauges of the whole house, taken by the sweep every ten seconds in a thread of its own: what waits, who lives, what
the library holds. A scrape only reads them, so it never touches the database.
"""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from kombu.exceptions import OperationalError

from cases.database import CaseDatabase
from cases.heartbeat import SILENT, heartbeats
from cases.standing import Waiting, standing
from logs import told
from worker import gauges
from worker.app import QUEUES
from worker.depths import queue_depths
from worker.settings import WorkerSettings

EVERY_SECONDS = 10.0
PARTS = ("bot", *QUEUES, "sweep", "clinic")

_log = logging.getLogger(__name__)


def keep_measuring(opened: Callable[[], CaseDatabase]) -> None:
    """Take the gauges for ever in the background; what cannot be had now is tried again at the next round."""
    threading.Thread(target=_measure_for_ever, args=(opened,), name="gauges", daemon=True).start()


def _measure_for_ever(opened: Callable[[], CaseDatabase]) -> None:
    pause = threading.Event()
    broker_url = WorkerSettings().broker_url
    while True:
        rounds: tuple[Callable[[], None], ...] = (
            lambda: take_record(opened()),
            take_library,
            lambda: take_broker(broker_url),
        )
        for take in rounds:
            try:
                take()
            except Exception as error:  # a gauge that fails must not end the others
                _log.warning("gauges not taken: %s", told(error))
        gauges.MEASURED.set_to_current_time()
        pause.wait(EVERY_SECONDS)


def take_record(db: CaseDatabase) -> None:
    """What waits in the record, and which processes live."""
    now = standing(db)
    for kind in ("updates", "photos", "advice", "replies", "messages"):
        waiting: Waiting = getattr(now, kind)
        gauges.WAITING.labels(kind).set(waiting.count)
        gauges.OLDEST.labels(kind).set(waiting.oldest)
    gauges.LEASES.set(now.leases)
    gauges.FAILED.set(now.failed)
    gauges.DROPPED.set(now.dropped)
    alive = [each.part for each in heartbeats(db) if datetime.now(UTC) - each.beat <= SILENT]
    for part in PARTS:
        gauges.PROCESSES.labels(part).set(alive.count(part))


def take_broker(url: str) -> None:
    """What stands in the broker's queues."""
    try:
        depths = queue_depths(url)
    except (OperationalError, OSError):
        gauges.BROKER_UP.set(0)
        return
    gauges.BROKER_UP.set(1)
    for queue, depth in depths.items():
        gauges.DEPTH.labels(queue).set(depth)


def take_library() -> None:
    """What the guideline library holds, where there is one."""
    from knowledge.settings import KnowledgeSettings
    from knowledge.standing import library_standing

    now = library_standing(KnowledgeSettings())
    if now is not None:
        gauges.GUIDELINES.set(now.guidelines)
        gauges.OVERDUE.set(now.overdue)
        gauges.UNREVIEWED.set(now.unreviewed)
        gauges.PASSAGES.set(now.passages)
        gauges.PUBLISHED.set(now.newest)
