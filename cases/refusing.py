"""For how long a patient's photos are refused: the words before them said that they must not be kept.

Nothing of those words is kept, only the moment; `/forget` and the export have it with the patient's row.
"""

from datetime import timedelta

from cases.database import CaseDatabase
from cases.tables import PatientRow


def refuse_photos(db: CaseDatabase, patient_id: int, long: timedelta) -> None:
    """Refuse the patient's photos from now on for so `long`; zero: take them again. An unknown patient is ignored."""
    with db.write() as session:
        row = session.get(PatientRow, patient_id)
        if row is not None:
            row.photos_refused_until = db.now() + long if long else None


def refuses_photos(db: CaseDatabase, patient_id: int) -> bool:
    """Whether the patient's photos are refused now."""
    with db.read() as session:
        row = session.get(PatientRow, patient_id)
        return bool(row and row.photos_refused_until and row.photos_refused_until > db.now())
