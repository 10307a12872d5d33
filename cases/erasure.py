"""Erasure: the rows of a patient, then their bytes in the database's files.

SQLite overwrites what is deleted (secure_delete), and the write-ahead log is emptied, which holds up nobody for longer
than the log is long; the freed pages are used again. Postgres: VACUUM, beside which everybody works on; it frees the
rows' room and does not overwrite it, and the server's own log and copies are for its operator to expire. What a disk
still keeps is sealed with the key.
"""

from typing import Any, cast

from sqlalchemy import CursorResult, Delete, Update, delete, or_, select, update
from sqlalchemy.orm import Session

from cases.database import CaseDatabase
from cases.errors import DatabaseUnavailable, ErasureUnfinished
from cases.leases import case_lease_name, chat_lease_name, overlay_lease_name
from cases.record import Erasure
from cases.tables import (
    CaseRow,
    ChatMessageRow,
    ConsentRow,
    FeedbackRow,
    ForgottenRow,
    InboxRow,
    LeaseRow,
    OutboxRow,
    PatientRow,
    PhotoRow,
    TurnRow,
)


def forget(db: CaseDatabase, patient_id: int) -> Erasure:
    """Erase all that is kept of the patient. An unknown patient erases no row, but finishes an erasure that
    was cut off.

    Raises ErasureUnfinished where the rows are gone but the files could not be cleaned: forget again.
    """
    counts: dict[str, int] = {}
    with db.write() as session:
        patient = session.get(PatientRow, patient_id)
        if patient is not None:
            chat_id = patient.chat_id
            case_ids = list(session.scalars(select(CaseRow.id).where(CaseRow.patient_id == patient_id)))
            counts = erase_cases(session, case_ids)
            counts["outbox"] += _changed(session, delete(OutboxRow).where(OutboxRow.chat_id == chat_id))
            counts["leases"] += _changed(session, delete(LeaseRow).where(LeaseRow.name == chat_lease_name(chat_id)))
            # The ids of updates stay, so that one that is sent again does not come back to life.
            of_chat = update(InboxRow).where(InboxRow.chat_id == chat_id)
            counts["inbox"] = _changed(session, of_chat.values(payload=None, chat_id=0))
            counts["consents"] = _changed(session, delete(ConsentRow).where(ConsentRow.patient_id == patient_id))
            counts["messages"] = _changed(session, delete(ChatMessageRow).where(ChatMessageRow.chat_id == chat_id))
            counts["patients"] = _changed(session, delete(PatientRow).where(PatientRow.id == patient_id))
            session.add(ForgottenRow(patient_id=patient_id, erased=db.now()))
    clean_files(db)
    return Erasure(counts=counts)


def erase_cases(session: Session, case_ids: list[str]) -> dict[str, int]:
    """Delete these cases with all that hangs on them; rows by table."""
    turn_ids = [str(each) for each in session.scalars(select(TurnRow.id).where(TurnRow.case_id.in_(case_ids)))]
    about_these = or_(
        OutboxRow.kind.in_(("case", "overlay")) & OutboxRow.reference.in_(case_ids),
        (OutboxRow.kind == "turn") & OutboxRow.reference.in_(turn_ids),
    )
    lease_names = [name(each) for name in (case_lease_name, overlay_lease_name) for each in case_ids]
    return {
        "outbox": _changed(session, delete(OutboxRow).where(about_these)),
        "leases": _changed(session, delete(LeaseRow).where(LeaseRow.name.in_(lease_names))),
        "feedback": _changed(session, delete(FeedbackRow).where(FeedbackRow.case_id.in_(case_ids))),
        "turns": _changed(session, delete(TurnRow).where(TurnRow.case_id.in_(case_ids))),
        "photos": _changed(session, delete(PhotoRow).where(PhotoRow.case_id.in_(case_ids))),
        "cases": _changed(session, delete(CaseRow).where(CaseRow.id.in_(case_ids))),
    }


def clean_files(db: CaseDatabase) -> None:
    """Take the bytes of erased rows out of the database's files. Raises ErasureUnfinished."""
    try:
        with db.outside_transaction() as connection:
            if connection.dialect.name != "sqlite":
                connection.exec_driver_sql("VACUUM")
                return
            busy, _, _ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
    except DatabaseUnavailable as error:
        raise ErasureUnfinished(f"The rows are gone, their bytes not yet: forget again. {error}") from error
    if busy:
        raise ErasureUnfinished(
            "The rows are gone; the write-ahead log is still being read by another process: forget again."
        )


def _changed(session: Session, statement: Delete | Update) -> int:
    result = cast(CursorResult[Any], session.execute(statement))
    return result.rowcount
