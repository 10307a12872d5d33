"""The daily reminder: dermatologists are told what must be reviewed soon, once a day each, while there is something.

Run: ``celery -A worker.app worker -Q library -c 1``
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cases import outbox
from worker import resources
from worker.app import app
from worker.failures import log_failure

if TYPE_CHECKING:
    from knowledge.due import Due

_log = logging.getLogger(__name__)

WITHIN: Final = timedelta(days=14)
"""How long before its review is due people are reminded of a text; lists show it earlier."""
NOT_BEFORE: Final = 7
"""The hour of the day, in UTC, from which people are written to."""
_LISTED = 12


@app.task(name="worker.reminding.remind")
def remind() -> None:
    """Remind everybody on the list who was not reminded today. Never raises."""
    try:
        told = remind_at(datetime.now(UTC))
    except Exception as error:
        log_failure("ingest", "reminders", error)
        return
    if told:
        _log.info("%d dermatologists reminded of reviews", told)


def remind_at(now: datetime) -> int:
    """The same at a given time; how many are told. Raises KnowledgeError or CasesError."""
    from knowledge import people
    from knowledge.due import due

    if now.hour < NOT_BEFORE:
        return 0
    library = resources.library()
    found = due(library, WITHIN)
    if not found:
        return 0
    payload = reminder(found).encode()
    return sum(
        outbox.put(
            resources.cases(), person.telegram_id, "text", "", payload, dedupe=f"due:{now.date()}:{person.telegram_id}"
        )
        for person in people.allowed(library.engine)
    )


def reminder(found: "Sequence[Due]") -> str:
    """What people are told."""
    lines = [f"• {each.version.title}: {each.words}" for each in found[:_LISTED]]
    if more := len(found) - _LISTED:
        lines += [f"• and {more} more"] if more > 0 else []
    heading = "⏰ The guideline library: reviews are due."
    remedy = "Send the reviewed text, or retire it: /guidelines, then “Expires soon”."
    return "\n".join((heading, *lines, "", remedy))
