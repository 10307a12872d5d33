"""From a case's row to its frozen snapshot, and the places that its sealed fields are bound to."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.errors import CaseNotFound
from cases.record import Advice, Case, CaseStatus, Findings, History
from cases.tables import CaseRow
from cases.vault import Vault


def place(case_id: str, field: str) -> str:
    """What a sealed field is bound to."""
    return f"case:{case_id}:{field}"


def photo_place(case_id: str) -> str:
    """What a sealed photo is bound to."""
    return f"photo:{case_id}"


def case_row(session: Session, case_id: str) -> CaseRow:
    """The row. Raises CaseNotFound."""
    row = session.scalar(select(CaseRow).where(CaseRow.id == case_id))
    if row is None:
        raise CaseNotFound(f"There is no case {case_id}: its patient may have asked to be forgotten.")
    return row


def history_of(vault: Vault, row: CaseRow) -> History:
    """The history, opened."""
    return vault.open_record(History, row.history, place(row.id, "history"))


def snapshot(vault: Vault, row: CaseRow) -> Case:
    """The case as it is in this transaction; photos by id only."""
    findings, advice = row.findings, row.advice
    return Case(
        id=row.id,
        patient_id=row.patient_id,
        chat_id=row.patient.chat_id,
        status=CaseStatus(row.status),
        history=history_of(vault, row),
        history_revision=row.history_revision,
        words=vault.open_text(row.words, place(row.id, "words")),
        photo_ids=tuple(photo.id for photo in row.photos),
        findings=vault.open_record(Findings, findings, place(row.id, "findings")) if findings else None,
        advice=vault.open_record(Advice, advice, place(row.id, "advice")) if advice else None,
        status_message_id=row.status_message_id,
        attempts=row.attempts,
        stalled=row.stalled,
        explainable=bool(row.explainable),
        created=row.created,
    )
