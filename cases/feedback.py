"""Whether an answer helped, in the patient's latest word."""

from cases.database import CaseDatabase
from cases.snapshot import case_row
from cases.tables import FeedbackRow


def record(db: CaseDatabase, case_id: str, helpful: bool) -> None:
    """Note it; a later word replaces the earlier. Raises CaseNotFound."""
    with db.write() as session:
        case_row(session, case_id)
        row = session.get(FeedbackRow, case_id)
        if row is None:
            session.add(FeedbackRow(case_id=case_id, helpful=helpful, created=db.now()))
        else:
            row.helpful = helpful
            row.created = db.now()
