"""What a failure leaves in the log: its type and where it came from, nothing it says."""

import logging

from logs import told
from worker import metrics

_log = logging.getLogger(__name__)


def log_failure(what: str, identifier: str | int, error: Exception) -> None:
    """Count `error`, and log its type and code lines alone: its message may hold what a patient wrote."""
    metrics.FAILURES.labels(what, type(error).__name__).inc()
    _log.error("%s %s failed: %s", what, identifier, told(error))
