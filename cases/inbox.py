"""The inbox: every update is written here before it counts as received, and replayed after a crash until it
is done.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from cases.database import CaseDatabase
from cases.errors import SealBroken
from cases.messages import note_in
from cases.tables import InboxRow
from cases.updates import chat_of, message_of

_log = logging.getLogger(__name__)


def receive(db: CaseDatabase, update_id: int, payload: bytes) -> bool:
    """Store the update, sealed; False: it was received before, done or not."""
    sealed = db.vault.seal(payload, inbox_place(update_id))
    with db.write() as session:
        if session.scalar(select(InboxRow.number).where(InboxRow.update_id == update_id)) is not None:
            return False
        session.add(InboxRow(update_id=update_id, chat_id=chat_of(payload) or 0, payload=sealed, received=db.now()))
        if (message := message_of(payload)) is not None:
            note_in(session, message[0], [message[1]], db.now())
        return True


def pending(db: CaseDatabase) -> list[tuple[int, bytes]]:
    """(update id, payload) of all updates not done, in the order they came; one that is damaged is left out."""
    waiting = select(InboxRow).where(InboxRow.payload.is_not(None)).order_by(InboxRow.number)
    pending: list[tuple[int, bytes]] = []
    with db.read() as session:
        for row in session.scalars(waiting):
            assert row.payload is not None
            try:
                pending.append((row.update_id, db.vault.open(row.payload, inbox_place(row.update_id))))
            except SealBroken:  # one damaged row must not keep the bot from starting
                _log.error("update %d cannot be read any more and is left", row.update_id)
    return pending


@dataclass(frozen=True)
class Waiting:
    """The updates of one chat that are not done: their ids in the order they came, and when the first one came."""

    update_ids: tuple[int, ...]
    since: datetime


def waiting(db: CaseDatabase) -> dict[int, Waiting]:
    """By chat, what is not done; the chat that has waited longest comes first."""
    undone = select(InboxRow.chat_id, InboxRow.update_id, InboxRow.received).where(InboxRow.payload.is_not(None))
    chats: dict[int, list[tuple[int, datetime]]] = {}
    with db.read() as session:
        for chat_id, update_id, received in session.execute(undone.order_by(InboxRow.number)):
            chats.setdefault(chat_id, []).append((update_id, received))
    return {chat_id: Waiting(tuple(update_id for update_id, _ in rows), rows[0][1]) for chat_id, rows in chats.items()}


def payload_of(db: CaseDatabase, update_id: int) -> bytes | None:
    """What Telegram sent; None where it is done."""
    with db.read() as session:
        sealed = session.scalar(select(InboxRow.payload).where(InboxRow.update_id == update_id))
        return None if sealed is None else db.vault.open(sealed, inbox_place(update_id))


def begin_again(db: CaseDatabase, update_id: int) -> int:
    """Count one more replay of an update that a crash cut off, before it is dealt with; how many there were."""
    with db.write() as session:
        row = session.scalar(select(InboxRow).where(InboxRow.update_id == update_id))
        if row is None:
            return 0
        row.replays += 1
        return row.replays


def done(db: CaseDatabase, *update_ids: int) -> None:
    """The updates have had their effect: their ids stay known, and nothing else. An unknown id changes nothing."""
    with db.write() as session:
        session.execute(update(InboxRow).where(InboxRow.update_id.in_(update_ids)).values(payload=None, chat_id=0))


def inbox_place(update_id: int) -> str:
    """What a sealed payload is bound to."""
    return f"inbox:{update_id}"
