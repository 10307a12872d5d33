"""What must not be kept: a case is erased, its patient told why, and for how long photos are refused is noted.

Nothing of the words that said so is kept, only the moment; `/forget` and the export have it with the patient's row.
"""

from collections.abc import Sequence
from datetime import timedelta

from cases.database import CaseDatabase
from cases.erasure import clean_files, erase_cases
from cases.outbox import add as put_in_outbox
from cases.tables import PatientRow


def refuse(
    db: CaseDatabase, patient_id: int, case_ids: Sequence[str], sentence: str, long: timedelta, *, source: str
) -> None:
    """Erase these cases, put the `sentence` that says so on the outbox, and refuse the patient's photos for so `long`.

    Once for each `source`, an update: dealt with again, it erases no other case. An unknown patient is ignored. Raises
    ErasureUnfinished where all of this is done but the files could not be cleaned.
    """
    with db.write() as session:
        row = session.get(PatientRow, patient_id)
        if row is None:
            return
        dedupe = f"refusal:{source}"
        if not put_in_outbox(db, session, row.chat_id, "text", "", sentence.encode(), dedupe=dedupe):
            return
        erase_cases(session, list(case_ids))
        row.photos_refused_until = db.now() + long
    clean_files(db)


def take_photos_again(db: CaseDatabase, patient_id: int) -> None:
    """Refuse the patient's photos no longer. An unknown patient is ignored."""
    with db.write() as session:
        row = session.get(PatientRow, patient_id)
        if row is not None:
            row.photos_refused_until = None


def refuses_photos(db: CaseDatabase, patient_id: int) -> bool:
    """Whether the patient's photos are refused now."""
    with db.read() as session:
        row = session.get(PatientRow, patient_id)
        return bool(row and row.photos_refused_until and row.photos_refused_until > db.now())
