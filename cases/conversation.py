"""The conversation of a case: the patient's words and the answers, each patient's turn answered once."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import String, cast, exists, literal, select
from sqlalchemy.orm import Session, aliased

from cases.database import CaseDatabase
from cases.errors import TurnNotFound
from cases.leases import chat_lease_name, is_leased
from cases.outbox import add as put_in_outbox
from cases.record import Citation, Record, Role, Said, Statement, Turn
from cases.snapshot import case_row
from cases.tables import CaseRow, PatientRow, TurnRow
from cases.vault import UNREADABLE, Vault
from logs import told

_log = logging.getLogger(__name__)


class _Sealed(Record):
    """What of a turn is sealed."""

    text: str
    statements: tuple[Statement, ...] = ()
    citations: tuple[Citation, ...] = ()


def say(db: CaseDatabase, case_id: str, text: str, source: str | None = None) -> Turn:
    """Store the patient's words; the same patient's `source` gives the turn it made before. Raises
    CaseNotFound.
    """
    with db.write() as session:
        case = case_row(session, case_id)
        same = select(TurnRow).where(TurnRow.patient_id == case.patient_id, TurnRow.source == source)
        if source is not None and (said := session.scalar(same)):
            return turn_of(db.vault, said)
        row = new_turn(db, case, Role.PATIENT, text, source=source)
        session.add(row)
        session.flush()
        return turn_of(db.vault, row)


def answer(
    db: CaseDatabase, turn_id: int, text: str, statements: Sequence[Statement], citations: Sequence[Citation]
) -> Turn | None:
    """Store the answer and put ("turn", its id) on the outbox; None: the turn has its answer. Raises
    TurnNotFound.
    """
    with db.write() as session:
        asked = _patient_turn(session, turn_id)
        if session.scalar(select(TurnRow.id).where(TurnRow.answers == turn_id)) is not None:
            return None
        row = new_turn(
            db, asked.case, Role.ASSISTANT, text, statements=statements, citations=citations, answers=turn_id
        )
        session.add(row)
        session.flush()
        chat_id = asked.case.patient.chat_id
        put_in_outbox(db, session, chat_id, "turn", str(row.id), dedupe=f"turn:{row.id}")
        return turn_of(db.vault, row)


def turn(db: CaseDatabase, turn_id: int) -> Turn:
    """One turn, of either side. Raises TurnNotFound."""
    with db.read() as session:
        row = session.get(TurnRow, turn_id)
        if row is None:
            raise _no_turn(turn_id)
        return turn_of(db.vault, row)


def turns(db: CaseDatabase, case_id: str) -> list[Turn]:
    """The whole conversation in the order it was said."""
    with db.read() as session:
        rows = session.scalars(select(TurnRow).where(TurnRow.case_id == case_id).order_by(TurnRow.id))
        return [turn_of(db.vault, row) for row in rows]


def patient_texts(db: CaseDatabase, case_id: str) -> list[Said]:
    """What the patient said, in order; a damaged turn is logged and left out: the others are read all the same."""
    of_patient = select(TurnRow).where(TurnRow.case_id == case_id, TurnRow.role == Role.PATIENT.value)
    found: list[Said] = []
    with db.read() as session:
        for row in session.scalars(of_patient.order_by(TurnRow.id)):
            try:
                found.append(Said(text=turn_of(db.vault, row).text, at=row.created))
            except UNREADABLE as error:
                _log.error("turn %d of case %s cannot be opened and is left out: %s", row.id, case_id, told(error))
    return found


def count_attempt(db: CaseDatabase, turn_id: int) -> int:
    """Count one more try to answer, and return how many there were. Raises TurnNotFound."""
    with db.write() as session:
        row = _patient_turn(session, turn_id)
        row.attempts += 1
        row.touched = db.now()
        return row.attempts


def stall(db: CaseDatabase, turn_id: int) -> datetime:
    """The present try was none: a part that it needs is not available. Since when that is so. Raises TurnNotFound."""
    with db.write() as session:
        row = _patient_turn(session, turn_id)
        row.attempts = max(0, row.attempts - 1)
        row.stalled = row.stalled or db.now()
        return row.stalled


def unanswered(db: CaseDatabase, older_than: timedelta) -> list[int]:
    """Patients' turns without an answer, untried for so long, in chats that nobody holds a lease on, by their ids.

    The words that opened a case are left out: the case's advice answers them. Nothing sealed is opened, so that a
    damaged turn holds up no other.
    """
    now = db.now()
    reply = aliased(TurnRow)
    waiting = (
        select(TurnRow.id)
        .join(CaseRow, CaseRow.id == TurnRow.case_id)
        .join(PatientRow, PatientRow.id == TurnRow.patient_id)
        .where(
            TurnRow.role == Role.PATIENT.value,
            TurnRow.opening.is_(False),
            TurnRow.touched <= now - older_than,
            ~exists().where(reply.answers == TurnRow.id),
            ~is_leased(literal(chat_lease_name("")) + cast(PatientRow.chat_id, String), now),
        )
        .order_by(TurnRow.id)
    )
    with db.read() as session:
        return list(session.scalars(waiting))


def new_turn(
    db: CaseDatabase,
    case: CaseRow,
    role: Role,
    text: str,
    *,
    statements: Sequence[Statement] = (),
    citations: Sequence[Citation] = (),
    answers: int | None = None,
    source: str | None = None,
    opening: bool = False,
) -> TurnRow:
    """A row for a turn of this case, sealed, not yet stored."""
    said = _Sealed(text=text, statements=tuple(statements), citations=tuple(citations))
    now = db.now()
    return TurnRow(
        case_id=case.id,
        patient_id=case.patient_id,
        source=source,
        role=role.value,
        sealed=db.vault.seal_record(said, turn_place(case.id, role.value)),
        answers=answers,
        opening=opening,
        created=now,
        touched=now,
    )


def _patient_turn(session: Session, turn_id: int) -> TurnRow:
    row = session.get(TurnRow, turn_id)
    if row is None or row.role != Role.PATIENT:
        raise _no_turn(turn_id)
    return row


def _no_turn(turn_id: int) -> TurnNotFound:
    return TurnNotFound(f"There is no such turn {turn_id} of a patient: they may have asked to be forgotten.")


def turn_of(vault: Vault, row: TurnRow) -> Turn:
    """The turn, opened."""
    said = vault.open_record(_Sealed, row.sealed, turn_place(row.case_id, row.role))
    return Turn(
        id=row.id,
        case_id=row.case_id,
        role=Role(row.role),
        text=said.text,
        statements=said.statements,
        citations=said.citations,
        answers=row.answers,
        created=row.created,
    )


def turn_place(case_id: str, role: str) -> str:
    """What a sealed turn is bound to."""
    return f"turn:{case_id}:{role}"
