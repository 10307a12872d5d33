"""What a failure leaves in the log: its type and where it came from, nothing it says."""

import logging
import traceback

_log = logging.getLogger(__name__)

_FRAMES = 4


def log_failure(what: str, identifier: str | int, error: Exception) -> None:
    """Log `error` by its type and code lines alone: its message may hold what a patient wrote."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    where = " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames))
    _log.error("%s %s failed: %s at %s", what, identifier, type(error).__name__, where)
