"""The inbox: every update is written here before it counts as received, and replayed after a crash until it
is done.
"""

import logging

from sqlalchemy import select, update

from cases.database import CaseDatabase
from cases.errors import SealBroken
from cases.messages import note_in
from cases.tables import InboxRow
from cases.updates import message_of

_log = logging.getLogger(__name__)


def receive(db: CaseDatabase, update_id: int, payload: bytes) -> bool:
    """Store the update, sealed; False: it was received before, done or not."""
    sealed = db.vault.seal(payload, inbox_place(update_id))
    with db.write() as session:
        if session.scalar(select(InboxRow.number).where(InboxRow.update_id == update_id)) is not None:
            return False
        session.add(InboxRow(update_id=update_id, payload=sealed, received=db.now()))
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


def begin_again(db: CaseDatabase, update_id: int) -> int:
    """Count one more replay of an update that a crash cut off, before it is dealt with; how many there were."""
    with db.write() as session:
        row = session.scalar(select(InboxRow).where(InboxRow.update_id == update_id))
        if row is None:
            return 0
        row.replays += 1
        return row.replays


def done(db: CaseDatabase, *update_ids: int) -> None:
    """The updates have had their effect: their payloads are removed, their ids stay known. An unknown id changes
    nothing.
    """
    with db.write() as session:
        session.execute(update(InboxRow).where(InboxRow.update_id.in_(update_ids)).values(payload=None))


def inbox_place(update_id: int) -> str:
    """What a sealed payload is bound to."""
    return f"inbox:{update_id}"
