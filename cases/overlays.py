"""Overlays: the pictures of what the model looked at. Nothing keeps one but the outbox, sealed, until it is sent; one
for each message that shows the answer of its case.
"""

from cases import outbox
from cases.database import CaseDatabase
from cases.record import Case, CaseStatus
from cases.snapshot import case_row


def is_sent(db: CaseDatabase, case: Case) -> bool:
    """Whether the overlay to the case's present message was sent, or is about to be."""
    return outbox.is_known(db, _dedupe(case.id, case.status_message_id))


def send(db: CaseDatabase, case_id: str, overlay: bytes) -> bool:
    """Put ("overlay", id) on the outbox with the picture, a JPEG; False: it was sent already, or the case is closed.

    Raises CaseNotFound: nothing is kept of what was erased meanwhile.
    """
    with db.write() as session:
        row = case_row(session, case_id)
        if row.status == CaseStatus.CLOSED:
            return False
        dedupe = _dedupe(case_id, row.status_message_id)
        return outbox.add(db, session, row.patient.chat_id, "overlay", case_id, overlay, dedupe=dedupe)


def _dedupe(case_id: str, message_id: int | None) -> str:
    return f"overlay:{case_id}:{message_id}"
