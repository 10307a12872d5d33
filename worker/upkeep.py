"""Upkeep, now and then: cases past their retention are erased, the agent forgets what the record does not hold, texts
whose day has come are published, and dermatologists are reminded of reviews.
"""

import logging
from datetime import timedelta

from cases.database import CaseDatabase
from cases.retention import purge
from worker import gauges
from worker.enqueue import enqueue_forget_erased, enqueue_publish_due, enqueue_remind

_log = logging.getLogger(__name__)


def upkeep(db: CaseDatabase, retention: timedelta) -> None:
    """Erase what nothing has happened to for `retention`, and queue the rest.

    Raises:
        CasesError: the database could not be used, or its files not be cleaned; the next round tries again.
    """
    enqueue_publish_due()
    enqueue_remind()
    counts = purge(db, retention).counts
    if counts.get("cases"):
        gauges.ERASED.inc(counts["cases"])
        _log.info("%d cases erased after %d days", counts["cases"], retention.days)
    enqueue_forget_erased()
