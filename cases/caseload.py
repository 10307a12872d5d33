"""The cases: opened with their photos, moved from stage to stage by compare-and-set, found again when work
was lost.

A stage is stored only when it is complete and only from the stage before, so a task that runs twice changes
nothing.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import and_, exists, func, literal, or_, select

from cases.conversation import new_turn
from cases.database import CaseDatabase
from cases.errors import CaseClosed, PatientNotFound, PhotoNotFound
from cases.leases import case_lease_name, is_leased
from cases.outbox import add as put_in_outbox
from cases.record import ADVISABLE, ANSWERED, UNADVISED, Advice, Case, CaseStatus, Findings, History, Role
from cases.snapshot import case_row, history_of, photo_place, place, snapshot
from cases.tables import CaseRow, PatientRow, PhotoRow, TurnRow
from cases.vault import UNREADABLE
from logs import told

_log = logging.getLogger(__name__)


def open_case(
    db: CaseDatabase,
    patient_id: int,
    photos: Sequence[bytes],
    words: str = "",
    history: History = History(),  # noqa: B008 (frozen)
    source: str | None = None,
    photo_source: str | None = None,
) -> Case:
    """Store photos, words and history as one new case; the same patient's `source` gives the case it opened
    before.

    Without photos there is nothing to examine: the case begins EXAMINED, its words are also the first turn,
    and the case's advice is the answer to them. `photo_source` names the update that brought the photos, see
    `add_photo`. Raises PatientNotFound.
    """
    case_id = uuid4().hex
    status = CaseStatus.RECEIVED if photos else CaseStatus.EXAMINED
    now = db.now()
    row = CaseRow(
        id=case_id,
        patient_id=patient_id,
        source=source,
        status=status.value,
        words=db.vault.seal_text(words, place(case_id, "words")),
        history=db.vault.seal_record(history, place(case_id, "history")),
        photos=[_photo_row(db, case_id, photo, photo_source) for photo in photos],
        created=now,
        touched=now,
    )
    with db.write() as session:
        if session.get(PatientRow, patient_id) is None:
            raise PatientNotFound(f"There is no patient {patient_id}: no case was opened.")
        same = select(CaseRow).where(CaseRow.patient_id == patient_id, CaseRow.source == source)
        if source is not None and (opened := session.scalar(same)):
            return snapshot(db.vault, opened)
        session.add(row)
        session.flush()
        if words and not photos:
            session.add(new_turn(db, row, Role.PATIENT, words, source=source, opening=True))
        return snapshot(db.vault, row)


def case_of_source(db: CaseDatabase, patient_id: int, source: str) -> Case | None:
    """The case that this `source` opened."""
    with db.read() as session:
        row = session.scalar(select(CaseRow).where(CaseRow.patient_id == patient_id, CaseRow.source == source))
        return snapshot(db.vault, row) if row else None


def add_photo(db: CaseDatabase, case_id: str, photo: bytes, source: str | None = None) -> Case:
    """One more view; a photo of the same `source` is there already and changes nothing. A case past RECEIVED goes back
    there, with a new revision, so that it is examined and advised again.

    Raises CaseNotFound, CaseClosed.
    """
    photo_row = _photo_row(db, case_id, photo, source)
    with db.write() as session:
        row = case_row(session, case_id)
        if source is not None and any(each.source == source for each in row.photos):
            return snapshot(db.vault, row)
        if row.status == CaseStatus.CLOSED:
            raise CaseClosed(f"Case {case_id} is closed: open a new case for the photo.")
        row.photos.append(photo_row)
        if row.status != CaseStatus.RECEIVED:
            row.status = CaseStatus.RECEIVED.value
            row.history_revision += 1
            _begin_again(row)
        row.touched = db.now()
        session.flush()
        return snapshot(db.vault, row)


def _photo_row(db: CaseDatabase, case_id: str, photo: bytes, source: str | None) -> PhotoRow:
    sealed = db.vault.seal(photo, photo_place(case_id))
    return PhotoRow(case_id=case_id, source=source, sealed=sealed, created=db.now())


def get(db: CaseDatabase, case_id: str) -> Case:
    """The case as it is now. Raises CaseNotFound."""
    with db.read() as session:
        return snapshot(db.vault, case_row(session, case_id))


def current_case(db: CaseDatabase, patient_id: int) -> Case | None:
    """The patient's newest case that is not closed; None: there is none, or it is damaged, which is logged."""
    newest = (
        select(CaseRow)
        .where(CaseRow.patient_id == patient_id, CaseRow.status != CaseStatus.CLOSED.value)
        .order_by(CaseRow.number.desc())
        .limit(1)
    )
    with db.read() as session:
        row = session.scalar(newest)
        return _unless_damaged(db, row) if row else None


def cases_of(db: CaseDatabase, patient_id: int) -> list[Case]:
    """All of the patient's cases, oldest first; a damaged one is logged and left out: the others go on without it."""
    with db.read() as session:
        rows = session.scalars(select(CaseRow).where(CaseRow.patient_id == patient_id).order_by(CaseRow.number))
        return [case for case in (_unless_damaged(db, row) for row in rows) if case is not None]


def _unless_damaged(db: CaseDatabase, row: CaseRow) -> Case | None:
    try:
        return snapshot(db.vault, row)
    except UNREADABLE as error:
        _log.error("case %s cannot be opened and is left out: %s", row.id, told(error))
        return None


def photos_since(db: CaseDatabase, patient_id: int, ago: timedelta) -> int:
    """How many photos of the patient were stored within the last `ago`."""
    counted = select(func.count()).select_from(PhotoRow).join(CaseRow, CaseRow.id == PhotoRow.case_id)
    with db.read() as session:
        recent = counted.where(CaseRow.patient_id == patient_id, PhotoRow.created > db.now() - ago)
        return session.execute(recent).scalar_one()


def is_astir(db: CaseDatabase, case_id: str, within: timedelta) -> bool:
    """Whether anything was said or done in the case `within` the time up to now."""
    since = db.now() - within
    spoken = exists().where(TurnRow.case_id == CaseRow.id, TurnRow.created > since)
    stirred = select(CaseRow.id).where(CaseRow.id == case_id, or_(CaseRow.touched > since, spoken))
    with db.read() as session:
        return session.scalar(stirred) is not None


def photo(db: CaseDatabase, photo_id: int) -> bytes:
    """The photo as it was stored. Raises PhotoNotFound."""
    with db.read() as session:
        row = session.execute(select(PhotoRow.case_id, PhotoRow.sealed).where(PhotoRow.id == photo_id)).first()
        if row is None:
            raise PhotoNotFound(f"There is no photo {photo_id}: its patient may have asked to be forgotten.")
        return db.vault.open(row.sealed, photo_place(row.case_id))


def queue_place(db: CaseDatabase, case_id: str) -> int:
    """1: the model's next, or being looked at; 0: the case waits for no model. Raises CaseNotFound."""
    with db.read() as session:
        row = case_row(session, case_id)
        if row.status != CaseStatus.RECEIVED:
            return 0
        waiting = select(func.count()).where(CaseRow.status == CaseStatus.RECEIVED.value, CaseRow.number <= row.number)
        return session.execute(waiting).scalar_one()


def note_history(db: CaseDatabase, case_id: str, history: History, press: str | None = None) -> Case:
    """Merge the answers into the history and count its revision up; the `press` that was dealt with last changes
    nothing. Raises CaseNotFound.
    """
    with db.write() as session:
        row = case_row(session, case_id)
        if press is not None and row.last_press == press:
            return snapshot(db.vault, row)
        row.last_press = press or row.last_press
        merged = history_of(db.vault, row).merged(history)
        row.history = db.vault.seal_record(merged, place(case_id, "history"))
        row.history_revision += 1
        row.touched = db.now()
        return snapshot(db.vault, row)


def store_findings(
    db: CaseDatabase,
    case_id: str,
    findings: Findings,
    photo_ids: tuple[int, ...] | None = None,
    *,
    explainable: bool = False,
) -> bool:
    """RECEIVED → EXAMINED; False: the case is past that, or `photo_ids` (those looked at) are not its photos
    any more. `explainable`: the model can show what it looked at.

    Raises CaseNotFound.
    """
    with db.write() as session:
        row = case_row(session, case_id)
        if row.status != CaseStatus.RECEIVED:
            return False
        if photo_ids is not None and set(photo_ids) != {each.id for each in row.photos}:
            _begin_again(row)
            return False
        row.findings = db.vault.seal_record(findings, place(case_id, "findings"))
        row.explainable = explainable
        row.status = CaseStatus.EXAMINED.value
        _begin_again(row)
        row.touched = db.now()
        return True


def store_advice(db: CaseDatabase, case_id: str, advice: Advice) -> bool:
    """→ ADVISED, and ("case", id) on the outbox; False: written for an older history, or this revision has
    its advice.

    Raises CaseNotFound.
    """
    with db.write() as session:
        row = case_row(session, case_id)
        if row.status not in ADVISABLE or row.advice_revision == advice.revision:
            return False
        if advice.revision != row.history_revision:
            _begin_again(row)
            return False
        row.advice = db.vault.seal_record(advice, place(case_id, "advice"))
        row.advice_revision = advice.revision
        row.status = CaseStatus.ADVISED.value
        _begin_again(row)
        row.touched = db.now()
        dedupe = f"case:{case_id}:advice:{advice.revision}"
        put_in_outbox(db, session, row.patient.chat_id, "case", case_id, dedupe=dedupe)
        return True


def _begin_again(row: CaseRow) -> None:
    """The tries so far count no more: the last one came to its end, even where the patient told more meanwhile."""
    row.attempts = 0
    row.stalled = None


def mark_delivered(db: CaseDatabase, case_id: str) -> bool:
    """ADVISED → DELIVERED; False from any other stage. Raises CaseNotFound."""
    with db.write() as session:
        row = case_row(session, case_id)
        if row.status != CaseStatus.ADVISED:
            return False
        row.status = CaseStatus.DELIVERED.value
        return True


def set_status_message(db: CaseDatabase, case_id: str, message_id: int, press: str | None = None) -> None:
    """Note the message that is edited as the case moves on, and the `press` that asked for it. Raises CaseNotFound."""
    with db.write() as session:
        row = case_row(session, case_id)
        row.status_message_id = message_id
        row.last_press = press or row.last_press


def was_pressed(db: CaseDatabase, case_id: str, press: str) -> bool:
    """Whether this is the press that was dealt with last: the bot was killed before it could note that it is done.

    A chat's presses are dealt with in order, so no earlier one comes again. Raises CaseNotFound.
    """
    with db.read() as session:
        return case_row(session, case_id).last_press == press


def count_attempt(db: CaseDatabase, case_id: str) -> int:
    """Count one more try at the present stage, and return how many there were. Raises CaseNotFound."""
    with db.write() as session:
        row = case_row(session, case_id)
        row.attempts += 1
        row.touched = db.now()
        return row.attempts


def stall(db: CaseDatabase, case_id: str) -> datetime:
    """The present try was none: a part that it needs is not available. Since when that is so. Raises CaseNotFound."""
    with db.write() as session:
        row = case_row(session, case_id)
        row.attempts = max(0, row.attempts - 1)
        row.stalled = row.stalled or db.now()
        return row.stalled


def fail(db: CaseDatabase, case_id: str) -> bool:
    """Give up: FAILED, and ("case", id) on the outbox; False where the answer is there already. Raises
    CaseNotFound.
    """
    with db.write() as session:
        row = case_row(session, case_id)
        outdated = row.status in ANSWERED and row.advice_revision != row.history_revision
        if row.status not in UNADVISED and not outdated:
            return False
        row.status = CaseStatus.FAILED.value
        row.stalled = None
        row.touched = db.now()
        dedupe = f"case:{case_id}:failed:{row.history_revision}"
        put_in_outbox(db, session, row.patient.chat_id, "case", case_id, dedupe=dedupe)
        return True


def close(db: CaseDatabase, case_id: str) -> None:
    """Nothing more is done for this case. Raises CaseNotFound."""
    with db.write() as session:
        case_row(session, case_id).status = CaseStatus.CLOSED.value


def unfinished(db: CaseDatabase, older_than: timedelta) -> list[tuple[str, CaseStatus]]:
    """Cases that wait for findings or (newer) advice, untouched for so long, and that nobody holds a lease on: the
    id and the stage of each. Nothing sealed is opened, so that a damaged record holds up no other.
    """
    now = db.now()
    outdated = and_(
        CaseRow.status.in_([status.value for status in ANSWERED]),
        CaseRow.history_revision > CaseRow.advice_revision,
    )
    waiting = (
        select(CaseRow.id, CaseRow.status)
        .where(
            or_(CaseRow.status.in_([status.value for status in UNADVISED]), outdated),
            CaseRow.touched <= now - older_than,
            ~is_leased(literal(case_lease_name("")) + CaseRow.id, now),
        )
        .order_by(CaseRow.number)
    )
    with db.read() as session:
        return [(row.id, CaseStatus(row.status)) for row in session.execute(waiting)]
