"""The patient: one private chat, and all that is kept for it; erased by `forget`, handed over by `export`."""

from sqlalchemy import select

from cases.database import CaseDatabase
from cases.erasure import forget
from cases.export import export
from cases.record import Erasure, Patient
from cases.tables import PatientRow

__all__ = ["Erasure", "export", "find_patient", "forget", "patient_of_chat"]

DEFAULT_LANGUAGE = "en"


def find_patient(db: CaseDatabase, chat_id: int) -> Patient | None:
    """The patient of this chat, or None where nothing is kept for it."""
    with db.read() as session:
        row = session.scalar(select(PatientRow).where(PatientRow.chat_id == chat_id))
        return _patient(row) if row else None


def patient_of_chat(db: CaseDatabase, chat_id: int, language: str | None = None) -> Patient:
    """The patient of this chat, made at the first call; `language` replaces the one noted."""
    with db.write() as session:
        row = session.scalar(select(PatientRow).where(PatientRow.chat_id == chat_id))
        if row is None:
            row = PatientRow(chat_id=chat_id, language=language or DEFAULT_LANGUAGE, created=db.now())
            session.add(row)
        elif language:
            row.language = language
        session.flush()
        return _patient(row)


def _patient(row: PatientRow) -> Patient:
    return Patient(id=row.id, chat_id=row.chat_id, language=row.language)
