"""Who may change the library from a chat: an allow-list, joined by a one-time link, asked at every action.

Telegram hands the token of https://t.me/BOT?start=TOKEN to the bot as `/start TOKEN`. Only its hash is kept.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Engine, delete, insert, select, update

from knowledge import audit, tables
from knowledge.audit import Action
from knowledge.database import reading, writing
from knowledge.errors import ChangeRefused
from knowledge.library import STARTER

PREFIX: Final = "dermatologist-"
"""Tells an invitation from other deep links. Telegram takes 64 letters, digits, _ and -."""
LASTS: Final = timedelta(days=3)
LONGEST_NAME: Final = 80


@dataclass(frozen=True, slots=True)
class Dermatologist:
    """Somebody on the allow-list."""

    telegram_id: int
    name: str
    since: datetime
    invited_by: str


def invite(engine: Engine, name: str, invited_by: str) -> str:
    """A token that lets one person in, once. Raises ChangeRefused for a name that cannot be an author's."""
    name = author_name(name)
    token = PREFIX + secrets.token_urlsafe(24)
    with writing(engine) as connection:
        connection.execute(
            insert(tables.invitations).values(
                token_sha256=_hash(token), name=name, invited_by=invited_by, expires=datetime.now(UTC) + LASTS
            )
        )
        audit.note(connection, invited_by, Action.INVITED, name)
    return token


def author_name(name: str) -> str:
    """The name as the library keeps it.

    Raises ChangeRefused for an empty or long one, and for the starter texts': what bears it needs no approval.
    """
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or name.casefold() == STARTER:
        problem = f"'{name}' names nobody" if name else "a name is missing"
        raise ChangeRefused(f"{problem}: name the person who answers for it, in at most {LONGEST_NAME} letters")
    return name


def join(engine: Engine, token: str, telegram_id: int) -> Dermatologist | None:
    """Lets the bearer of `token` in; None for a token that is unknown, used or too old."""
    column = tables.invitations.c
    now = datetime.now(UTC)
    with writing(engine) as connection:
        row = connection.execute(select(tables.invitations).where(column.token_sha256 == _hash(token))).first()
        if row is None or row.used is not None or row.expires < now:
            return None
        connection.execute(update(tables.invitations).where(column.token_sha256 == row.token_sha256).values(used=now))
        people = tables.dermatologists
        connection.execute(delete(people).where(people.c.telegram_id == telegram_id))
        connection.execute(
            insert(people).values(telegram_id=telegram_id, name=row.name, since=now, invited_by=row.invited_by)
        )
        audit.note(connection, row.name, Action.JOINED, row.name)
    return Dermatologist(telegram_id, row.name, now, row.invited_by)


def find(engine: Engine, telegram_id: int) -> Dermatologist | None:
    """Who this is, if they may change the library now."""
    column = tables.dermatologists.c
    asked = select(tables.dermatologists).where(column.telegram_id == telegram_id, column.removed.is_(None))
    with reading(engine) as connection:
        row = connection.execute(asked).first()
    return None if row is None else Dermatologist(row.telegram_id, row.name, row.since, row.invited_by)


def allowed(engine: Engine) -> list[Dermatologist]:
    """All who may, by name."""
    column = tables.dermatologists.c
    asked = select(tables.dermatologists).where(column.removed.is_(None)).order_by(column.name)
    with reading(engine) as connection:
        return [
            Dermatologist(row.telegram_id, row.name, row.since, row.invited_by) for row in connection.execute(asked)
        ]


def remove(engine: Engine, telegram_id: int, removed_by: str) -> None:
    """Takes the right away, and with it every invitation of that name that is still unused.

    Raises ChangeRefused for somebody who is not on the list.
    """
    people, invitations = tables.dermatologists, tables.invitations
    with writing(engine) as connection:
        theirs = (people.c.telegram_id == telegram_id, people.c.removed.is_(None))
        name = connection.execute(select(people.c.name).where(*theirs)).scalar()
        if name is None:
            raise ChangeRefused(f"{telegram_id} is not on the list; see: ./run knowledge people")
        connection.execute(update(people).where(*theirs).values(removed=datetime.now(UTC)))
        connection.execute(delete(invitations).where(invitations.c.name == name, invitations.c.used.is_(None)))
        audit.note(connection, removed_by, Action.REMOVED, name)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
