"""A document on its way into the library: what its author says of it, where it stands, which wait to be read."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Engine, Row, select

from knowledge import tables
from knowledge.chunks import Chunk
from knowledge.database import reading
from knowledge.editions import Edition, digest
from knowledge.report import Report


class State(StrEnum):
    """Where a submission stands."""

    RECEIVED = "received"
    READY = "ready"
    REFUSED = "refused"
    WAITING = "waiting"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class Details(BaseModel):
    """What the author says of a free document; a guideline in the fixed form says it itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slug: str | None = None
    title: str | None = None
    version: str | None = None
    jurisdiction: str = "international"
    language: str = "en"
    source: str | None = None
    review_by: date | None = None
    valid_from: date | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """One document on its way. `replaces` is the number of the live version it was compared with.

    `progress` says how far its reading is, why it is refused, or what it waits for.
    """

    number: int
    received: datetime
    author: str
    file_name: str
    state: State
    progress: str
    details: Details
    edition: Edition | None
    report: Report | None
    replaces: int | None
    decided_by: str | None

    @property
    def new_pieces(self) -> tuple[Chunk, ...]:
        """The passages that the live version does not have, with their sections and pages."""
        new = set(self.report.new) if self.report else set()
        return tuple(piece for piece in self.edition.pieces if piece.text in new) if self.edition else ()

    @property
    def reading(self) -> str:
        """Tells what was read, and beside which live version, from another reading of the same file."""
        edition = self.edition.model_dump_json() if self.edition else ""
        return digest(f"{self.replaces}|{self.details.model_dump_json()}|{edition}")[:16]

    def may_be_read_again(self, name: str) -> bool:
        """Whether `name` may have it read again, which takes back what was decided for a later day."""
        deciders = (self.author, self.decided_by) if self.decided_by else ()
        return not deciders or not all(is_other(name, decider) for decider in deciders)


def is_other(name: str, author: str) -> bool:
    """Whether `name` is somebody else than `author`, and so may approve what that one hands in."""
    return name.strip().casefold() != author.strip().casefold()


def submission_of(row: Row[Any]) -> Submission:
    """The submission of a row."""
    return Submission(
        number=row.number,
        received=row.received,
        author=row.author,
        file_name=row.file_name,
        state=State(row.state),
        progress=row.progress,
        details=Details.model_validate_json(row.details),
        edition=Edition.model_validate_json(row.edition) if row.edition else None,
        report=Report.model_validate_json(row.report) if row.report else None,
        replaces=row.replaces,
        decided_by=row.decided_by,
    )


def unread(engine: Engine, older_than: timedelta = timedelta()) -> list[int]:
    """The numbers of those received so long ago and not read yet, oldest first. Raises LibraryUnavailable."""
    column = tables.submissions.c
    waiting = (column.state == State.RECEIVED, column.received <= datetime.now(UTC) - older_than)
    with reading(engine) as connection:
        return list(connection.execute(select(column.number).where(*waiting).order_by(column.number)).scalars())
