"""Everything that is kept of a patient, for the patient: a zip with one JSON file and the photos."""

import io
import json
import zipfile
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.conversation import turn_of
from cases.database import CaseDatabase
from cases.errors import PatientNotFound
from cases.snapshot import photo_place, snapshot
from cases.tables import CaseRow, ConsentRow, FeedbackRow, PatientRow, PhotoRow, TurnRow

_SUFFIXES = ((b"\xff\xd8\xff", "jpg"), (b"\x89PNG", "png"), (b"RIFF", "webp"))


def export(db: CaseDatabase, patient_id: int) -> bytes:
    """A zip file: `record.json` (patient, consents, cases with conversation and feedback) and
    `photos/<case>/<id>.jpg`.

    Raises PatientNotFound.
    """
    file = io.BytesIO()
    with db.read() as session, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        patient = session.get(PatientRow, patient_id)
        if patient is None:
            raise PatientNotFound(f"There is no patient {patient_id}: nothing is kept.")
        rows = session.scalars(select(CaseRow).where(CaseRow.patient_id == patient_id).order_by(CaseRow.number)).all()
        record = {
            "patient": {
                "chat_id": patient.chat_id,
                "language": patient.language,
                "since": str(patient.created),
            },
            "consents": _consents(session, patient_id),
            "cases": [_case(db, session, row) | {"photos": _photos(db, session, row, archive)} for row in rows],
        }
        archive.writestr("record.json", json.dumps(record, ensure_ascii=False, indent=2))
    return file.getvalue()


def _consents(session: Session, patient_id: int) -> list[dict[str, str | None]]:
    rows = session.scalars(select(ConsentRow).where(ConsentRow.patient_id == patient_id).order_by(ConsentRow.id))
    return [
        {
            "purpose": row.purpose,
            "version": row.version,
            "given": str(row.given),
            "withdrawn": str(row.withdrawn) if row.withdrawn else None,
        }
        for row in rows
    ]


def _case(db: CaseDatabase, session: Session, row: CaseRow) -> dict[str, Any]:
    said = session.scalars(select(TurnRow).where(TurnRow.case_id == row.id).order_by(TurnRow.id))
    feedback = session.get(FeedbackRow, row.id)
    return snapshot(db.vault, row).model_dump(mode="json") | {
        "conversation": [turn_of(db.vault, turn).model_dump(mode="json") for turn in said],
        "helpful": feedback.helpful if feedback else None,
    }


def _photos(db: CaseDatabase, session: Session, row: CaseRow, archive: zipfile.ZipFile) -> list[str]:
    names = []
    for photo_id in [photo.id for photo in row.photos]:
        sealed = session.execute(select(PhotoRow.sealed).where(PhotoRow.id == photo_id)).scalar_one()
        photo = db.vault.open(sealed, photo_place(row.id))
        suffix = next((suffix for start, suffix in _SUFFIXES if photo.startswith(start)), "bin")
        names.append(f"photos/{row.id}/{photo_id}.{suffix}")
        archive.writestr(names[-1], photo)
    return names
