"""Retention: what is no longer needed is erased, once a day.

Run: python -m cases.commands purge
"""

from datetime import timedelta
from typing import Final

from sqlalchemy import delete, exists, literal, select

from cases.database import CaseDatabase
from cases.erasure import clean_files, erase_cases
from cases.leases import case_lease_name, is_leased
from cases.messages import drop_strangers
from cases.record import Erasure
from cases.tables import CaseRow, ForgottenRow, InboxRow, LeaseRow, OutboxRow, TurnRow

REPEATS_KNOWN: Final = timedelta(days=30)
"""How long the bare ids of finished updates and messages are kept, to know one that comes again."""

FORGOTTEN_KNOWN: Final = timedelta(days=400)
"""How long it is known at least who was erased; no backup may be kept longer."""


def purge(db: CaseDatabase, older_than: timedelta) -> Erasure:
    """Erase the cases in which nothing happened for so long, and the ids of what was finished long ago.

    Raises ErasureUnfinished.
    """
    now = db.now()
    spoken_since = exists().where(TurnRow.case_id == CaseRow.id, TurnRow.created > now - older_than)
    stale = select(CaseRow.id).where(
        CaseRow.touched <= now - older_than,
        ~spoken_since,
        ~is_leased(literal(case_lease_name("")) + CaseRow.id, now),
    )
    known_since = now - REPEATS_KNOWN
    with db.write() as session:
        counts = erase_cases(session, list(session.scalars(stale)))
        session.execute(delete(InboxRow).where(InboxRow.payload.is_(None), InboxRow.received <= known_since))
        session.execute(delete(OutboxRow).where(OutboxRow.ended <= known_since))
        session.execute(delete(LeaseRow).where(LeaseRow.expires <= now))
        session.execute(delete(ForgottenRow).where(ForgottenRow.erased <= now - max(older_than, FORGOTTEN_KNOWN)))
        drop_strangers(session, now)
    clean_files(db)  # always: it also finishes an erasure that could not
    return Erasure(counts=counts)
