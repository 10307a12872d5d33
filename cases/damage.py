"""Records that cannot be opened any more because their sealed bytes changed: a failing disk, or somebody's hand."""

from datetime import timedelta

from sqlalchemy import select

from cases import caseload, conversation
from cases.database import CaseDatabase
from cases.errors import CaseNotFound, SealBroken
from cases.record import CaseStatus
from cases.standing import LATELY
from cases.tables import CaseRow


def damaged_cases(db: CaseDatabase) -> list[str]:
    """The ids of damaged cases among those that wait for something or ended in an apology within the last day.

    Raises DatabaseUnavailable, WrongKey.
    """
    failed = select(CaseRow.id).where(CaseRow.status == CaseStatus.FAILED.value, CaseRow.touched > db.now() - LATELY)
    with db.read() as session:
        suspects = list(session.scalars(failed))
    suspects += [case_id for case_id, _ in caseload.unfinished(db, timedelta(0))]
    return [case_id for case_id in suspects if _is_damaged(db, case_id)]


def _is_damaged(db: CaseDatabase, case_id: str) -> bool:
    try:
        caseload.get(db, case_id)
        conversation.turns(db, case_id)
    except CaseNotFound:
        return False  # erased meanwhile
    except SealBroken:
        return True
    return False
