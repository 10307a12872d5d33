"""Whether a failure says that a part is not there, or that this case cannot be done.

The first is nobody's fault: it is waited for, without counting, until the part is back or patience is over. The second
is counted, and after the last attempt the patient gets an apology.
"""

import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from agents.errors import ChatModelUnavailable
from cases.errors import DatabaseUnavailable
from knowledge.errors import EmbedderUnavailable, IndexMissing, IndexUnavailable, LibraryUnavailable
from worker.errors import ModelBusy, ModelUnavailable
from worker.settings import WorkerSettings

_PARTS: Final = (
    ModelBusy,
    ModelUnavailable,
    DatabaseUnavailable,
    EmbedderUnavailable,
    IndexMissing,  # while it is built anew
    IndexUnavailable,
    LibraryUnavailable,
)
_COME_BACK: Final = frozenset({408, 425, 429})


def is_unavailable(error: Exception) -> bool:
    """Whether a part that the work needs is not available: down, starting, overloaded, or without room on its disk."""
    if isinstance(error, ChatModelUnavailable):
        return not _is_refusal(error)
    return isinstance(error, _PARTS) or isinstance(error.__cause__, sqlite3.OperationalError)


def _is_refusal(error: ChatModelUnavailable) -> bool:
    """The chat model answered, and will answer the same again (another HTTP 4xx)."""
    status = getattr(error.__cause__, "status_code", None)
    return isinstance(status, int) and 400 <= status < 500 and status not in _COME_BACK


def is_last_try(
    error: Exception, attempts: int, stall: Callable[[], datetime], now: datetime, settings: WorkerSettings
) -> bool:
    """Whether to give up after `error` in the try number `attempts`.

    Where a part is not available, `stall` notes that this try was none and says since when it is so.
    """
    if is_unavailable(error):
        return now - stall() >= timedelta(seconds=settings.worker_patience_seconds)
    return attempts >= settings.worker_attempts
