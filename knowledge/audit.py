"""Who did what in the library: one row for each change, in the same transaction, never changed again."""

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import Connection, Engine, insert, select

from knowledge import tables
from knowledge.database import reading
from knowledge.record import Deed


class Action(StrEnum):
    """What can be done."""

    PUBLISHED = "published"
    RETIRED = "retired"
    RESTORED = "restored"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    WITHDREW = "withdrew"
    INVITED = "invited"
    JOINED = "joined"
    REMOVED = "removed"


def note(connection: Connection, actor: str, action: Action, subject: str, detail: str = "") -> None:
    """Writes a deed; `subject` is a key of the library, a person or a document."""
    values = {"time": datetime.now(UTC), "actor": actor, "action": action, "subject": subject, "detail": detail}
    connection.execute(insert(tables.deeds).values(values))


def deeds(engine: Engine, limit: int = 50, subject: str | None = None) -> list[Deed]:
    """The newest deeds, newest first; of one subject only, if given. Raises LibraryUnavailable."""
    column = tables.deeds.c
    asked = select(tables.deeds).order_by(column.number.desc()).limit(limit)
    if subject is not None:
        asked = asked.where(column.subject == subject)
    with reading(engine) as connection:
        return [Deed(**row._mapping) for row in connection.execute(asked)]
