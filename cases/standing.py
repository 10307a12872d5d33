"""How the work stands: what waits where and since when. Figures alone, for `./run doctor` and the metrics."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from cases.database import CaseDatabase
from cases.leases import CALLED
from cases.record import CaseStatus, Role
from cases.tables import CaseRow, InboxRow, LeaseRow, OutboxRow, TurnRow

LATELY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many wait, and for how many seconds the oldest of them has (0: none waits)."""

    count: int
    oldest: float


@dataclass(frozen=True, slots=True)
class Standing:
    """What waits: updates for the bot, photos for the model, cases and questions for the agent, messages for Telegram.

    `failed` and `dropped` count what patients got an apology for, and messages never delivered, in the last day.
    """

    updates: Waiting
    photos: Waiting
    advice: Waiting
    replies: Waiting
    messages: Waiting
    leases: int
    failed: int
    dropped: int


def standing(db: CaseDatabase) -> Standing:
    """How the work stands now. Raises DatabaseUnavailable."""
    now = db.now()
    with db.read() as session:
        return Standing(
            updates=_waiting(session, now, InboxRow.received, InboxRow.payload.is_not(None)),
            photos=_waiting(session, now, CaseRow.created, CaseRow.status == CaseStatus.RECEIVED.value),
            advice=_waiting(session, now, CaseRow.touched, _wants_advice()),
            replies=_waiting(session, now, TurnRow.created, _wants_reply()),
            messages=_waiting(session, now, OutboxRow.due, OutboxRow.ended.is_(None), OutboxRow.due <= now),
            leases=_count(session, LeaseRow.expires > now, LeaseRow.owner != CALLED),
            failed=_count(session, CaseRow.status == CaseStatus.FAILED.value, CaseRow.touched > now - LATELY),
            dropped=_count(session, OutboxRow.dropped.is_not(None), OutboxRow.ended > now - LATELY),
        )


def _wants_advice() -> ColumnElement[bool]:
    outdated = and_(
        CaseRow.status.in_([CaseStatus.ADVISED.value, CaseStatus.DELIVERED.value]),
        CaseRow.history_revision > CaseRow.advice_revision,
    )
    return or_(CaseRow.status == CaseStatus.EXAMINED.value, outdated)


def _wants_reply() -> ColumnElement[bool]:
    answer = aliased(TurnRow)
    answered = exists().where(answer.answers == TurnRow.id)
    return and_(TurnRow.role == Role.PATIENT.value, TurnRow.opening.is_(False), ~answered)


def _waiting(
    session: Session, now: datetime, since: InstrumentedAttribute[datetime], *which: ColumnElement[bool]
) -> Waiting:
    count, oldest = session.execute(select(func.count(), func.min(since)).where(*which)).one()
    return Waiting(count, max(0.0, (now - oldest).total_seconds()) if count else 0.0)


def _count(session: Session, *which: ColumnElement[bool]) -> int:
    return session.execute(select(func.count()).where(*which)).scalar_one()
