"""The outbox: messages stored with what they tell of, handed out one sender at a time, each chat's in order,
until sent.

A sender that dies keeps its messages for a minute at most; a message may so be sent twice, but is never lost.
"""

from datetime import timedelta
from typing import Final, get_args

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from cases.database import CaseDatabase
from cases.errors import SealBroken
from cases.record import Outgoing, OutgoingKind
from cases.tables import OutboxRow

LEASE_SECONDS: Final = 60
BLOCKED: Final = "blocked"
"""Dropped because the patient had blocked the bot."""
_KINDS: Final[dict[str, OutgoingKind]] = {kind: kind for kind in get_args(OutgoingKind)}
_REASON_LENGTH: Final = 128


def put(
    db: CaseDatabase,
    chat_id: int,
    kind: OutgoingKind,
    reference: str,
    payload: bytes = b"",
    *,
    dedupe: str,
) -> bool:
    """Store a message for the chat; `payload` is sealed. False: the same `dedupe` was there, nothing changed."""
    with db.write() as session:
        return add(db, session, chat_id, kind, reference, payload, dedupe=dedupe)


def add(
    db: CaseDatabase,
    session: Session,
    chat_id: int,
    kind: OutgoingKind,
    reference: str,
    payload: bytes = b"",
    *,
    dedupe: str,
) -> bool:
    """`put`, inside a transaction that stores what the message tells of."""
    if session.scalar(select(OutboxRow.id).where(OutboxRow.dedupe == dedupe)) is not None:
        return False
    row = OutboxRow(
        chat_id=chat_id,
        kind=kind,
        reference=reference,
        payload=db.vault.seal(payload, outbox_place(dedupe)) if payload else None,
        dedupe=dedupe,
        due=db.now(),
    )
    session.add(row)
    return True


def is_known(db: CaseDatabase, dedupe: str) -> bool:
    """Whether a message was stored under `dedupe`, sent or not."""
    with db.read() as session:
        return session.scalar(select(OutboxRow.id).where(OutboxRow.dedupe == dedupe)) is not None


def due(db: CaseDatabase, limit: int, owner: str) -> list[Outgoing]:
    """At most `limit` messages to send now, oldest first; they are the owner's for 60 s.

    A chat whose earlier message is held by a sender or waits for its retry has to wait as well, so that
    nothing overtakes. A kind that only a newer program knows is left to it.
    """
    now = db.now()
    earlier = aliased(OutboxRow)
    held_back = exists().where(
        earlier.chat_id == OutboxRow.chat_id,
        earlier.id <= OutboxRow.id,
        earlier.ended.is_(None),
        or_(earlier.due > now, and_(earlier.leased_until.is_not(None), earlier.leased_until > now)),
    )
    ready = (
        select(OutboxRow)
        .where(OutboxRow.ended.is_(None), OutboxRow.kind.in_(_KINDS), ~held_back)
        .order_by(OutboxRow.id)
        .limit(limit)
    )
    with db.write() as session:
        rows = session.scalars(ready).all()
        for row in rows:
            row.owner = owner
            row.leased_until = now + timedelta(seconds=LEASE_SECONDS)
            row.attempts += 1
        return [outgoing for row in rows if (outgoing := _outgoing(db, row)) is not None]


def place(db: CaseDatabase, outgoing_id: int, message_id: int) -> None:
    """A message stands in the chat for it and is still to be filled: whoever delivers it next fills that one."""
    with db.write() as session:
        row = session.get(OutboxRow, outgoing_id)
        if row is not None and row.ended is None:
            row.message_id = message_id


def sent(db: CaseDatabase, outgoing_id: int, message_id: int | None) -> None:
    """It was sent, as this message where there is one. A message that was forgotten meanwhile changes
    nothing.
    """
    with db.write() as session:
        row = session.get(OutboxRow, outgoing_id)
        if row is not None and row.ended is None:
            _end(db, row)
            row.message_id = row.message_id if message_id is None else message_id


def retry(db: CaseDatabase, outgoing_id: int, after: timedelta) -> None:
    """Tried, and failed: hand it out again, to anybody, when `after` has passed."""
    _hand_back(db, outgoing_id, after, tried=True)


def postpone(db: CaseDatabase, outgoing_id: int, after: timedelta) -> None:
    """Not tried, or in vain for no fault of the message: hand it out again when `after` has passed, as if it never
    had been.
    """
    _hand_back(db, outgoing_id, after, tried=False)


def _hand_back(db: CaseDatabase, outgoing_id: int, after: timedelta, *, tried: bool) -> None:
    with db.write() as session:
        row = session.get(OutboxRow, outgoing_id)
        if row is not None and row.ended is None:
            row.due = db.now() + after
            row.owner = row.leased_until = None
            row.attempts -= 0 if tried else 1


def owners(db: CaseDatabase) -> list[str]:
    """Who holds messages."""
    with db.read() as session:
        held = select(OutboxRow.owner).where(OutboxRow.ended.is_(None), OutboxRow.owner.is_not(None)).distinct()
        return [owner for owner in session.scalars(held) if owner is not None]


def release(db: CaseDatabase, owner: str) -> None:
    """This owner is dead: what it held is due again, to anybody."""
    with db.write() as session:
        for row in session.scalars(select(OutboxRow).where(OutboxRow.ended.is_(None), OutboxRow.owner == owner)):
            row.owner = row.leased_until = None


def revive(db: CaseDatabase, chat_id: int) -> int:
    """The patient let the bot write again: what was dropped as BLOCKED and can still be told is due now; how much."""
    dropped = select(OutboxRow).where(
        OutboxRow.chat_id == chat_id, OutboxRow.dropped == BLOCKED, OutboxRow.kind.in_(("case", "turn"))
    )
    with db.write() as session:
        rows = session.scalars(dropped).all()
        for row in rows:
            row.ended = row.dropped = None
            row.due = db.now()
        return len(rows)


def drop(db: CaseDatabase, outgoing_id: int, reason: str) -> None:
    """Never to be sent. `reason` is stored as it is: a word for the operator ("blocked"), no word of a
    patient.
    """
    with db.write() as session:
        row = session.get(OutboxRow, outgoing_id)
        if row is not None and row.ended is None:
            _end(db, row)
            row.dropped = reason[:_REASON_LENGTH]


def _end(db: CaseDatabase, row: OutboxRow) -> None:
    row.ended = db.now()
    row.payload = row.owner = row.leased_until = None


def _outgoing(db: CaseDatabase, row: OutboxRow) -> Outgoing | None:
    try:
        payload = db.vault.open(row.payload, outbox_place(row.dedupe)) if row.payload else b""
    except SealBroken:  # one damaged row must not hold up all the others
        _end(db, row)
        row.dropped = "damaged"
        return None
    return Outgoing(
        id=row.id,
        chat_id=row.chat_id,
        kind=_KINDS[row.kind],
        reference=row.reference,
        payload=payload,
        attempts=row.attempts,
        message_id=row.message_id,
    )


def outbox_place(dedupe: str) -> str:
    """What a sealed payload is bound to."""
    return f"outbox:{dedupe}"
