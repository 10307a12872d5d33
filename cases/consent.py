"""Consent: for what, to which version of the text, since when; each purpose by itself."""

from enum import StrEnum
from typing import Final

from sqlalchemy import Select, select

from cases.database import CaseDatabase
from cases.errors import PatientNotFound
from cases.tables import ConsentRow, PatientRow

CONSENT_VERSION: Final = "1"
"""Version of the text the patient agrees to; a new one has to be agreed to anew."""


class Purpose(StrEnum):
    """What the patient's data may be used for: their own advice, or research and training as well."""

    CARE = "care"
    RESEARCH = "research"


def give(db: CaseDatabase, patient_id: int, purpose: Purpose) -> None:
    """Note the consent with its version and time; giving it twice changes nothing. Raises PatientNotFound."""
    with db.write() as session:
        if session.get(PatientRow, patient_id) is None:
            raise PatientNotFound(f"There is no patient {patient_id}: nothing was noted.")
        if session.scalar(_valid(patient_id, purpose)) is None:
            consent = ConsentRow(patient_id=patient_id, purpose=purpose.value, version=CONSENT_VERSION, given=db.now())
            session.add(consent)


def withdraw(db: CaseDatabase, patient_id: int, purpose: Purpose) -> None:
    """End the consent, to every version; that it was given once stays noted until `forget`."""
    standing = select(ConsentRow).where(
        ConsentRow.patient_id == patient_id,
        ConsentRow.purpose == purpose.value,
        ConsentRow.withdrawn.is_(None),
    )
    with db.write() as session:
        for row in session.scalars(standing):
            row.withdrawn = db.now()


def has(db: CaseDatabase, patient_id: int, purpose: Purpose) -> bool:
    """Whether the patient agrees, to the version of now."""
    with db.read() as session:
        return session.scalar(_valid(patient_id, purpose)) is not None


def _valid(patient_id: int, purpose: Purpose) -> Select[int]:
    return (
        select(ConsentRow.id)
        .where(
            ConsentRow.patient_id == patient_id,
            ConsentRow.purpose == purpose.value,
            ConsentRow.version == CONSENT_VERSION,
            ConsentRow.withdrawn.is_(None),
        )
        .limit(1)
    )
