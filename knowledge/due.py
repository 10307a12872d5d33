"""What must be reviewed soon, what is overdue, and what dropped out of search for it."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from knowledge.library import Library
from knowledge.record import Version

SOON: Final = timedelta(days=60)
"""How long before its review is due a text is listed."""


class Urgency(StrEnum):
    """How far it has come, in words to follow its name."""

    SOON = "review is due {day}"
    OVERDUE = "review was due {day}: still searched, with a warning"
    OUT = "review was due {day}: no longer searched"


@dataclass(frozen=True, slots=True)
class Due:
    """A live text whose review is due."""

    version: Version
    urgency: Urgency

    @property
    def words(self) -> str:
        """For example "review is due 2027-11-30"."""
        return self.urgency.format(day=self.version.review_by)


def due(library: Library, within: timedelta = SOON) -> list[Due]:
    """The live texts whose review is due `within` so long, most urgent first. Raises LibraryUnavailable."""
    today, searched_from = library.today(), library.due_from()
    found = []
    for version in sorted(library.documents(), key=lambda each: each.review_by):
        if version.review_by > today + within:
            break
        overdue = Urgency.OVERDUE if version.review_by < today else Urgency.SOON
        found.append(Due(version, Urgency.OUT if version.review_by < searched_from else overdue))
    return found
