"""What a patient told in their other cases, read from those that still exist: what is erased is told no more."""

import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from sqlalchemy import select

from cases.conversation import turn_of
from cases.database import CaseDatabase
from cases.record import Case, History, OtherCase, Role, Said
from cases.snapshot import history_of, place
from cases.tables import CaseRow, TurnRow
from cases.vault import UNREADABLE
from logs import told

_log = logging.getLogger(__name__)

ArgumentsP = ParamSpec("ArgumentsP")
OpenedT = TypeVar("OpenedT")


class _Opening:
    """Opens what it can, and keeps why the rest could not be opened."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []

    def __call__(
        self,
        instead: OpenedT,
        opens: Callable[ArgumentsP, OpenedT],
        *arguments: ArgumentsP.args,
        **named: ArgumentsP.kwargs,
    ) -> OpenedT:
        try:
            return opens(*arguments, **named)
        except UNREADABLE as error:
            self.errors.append(error)
            return instead


def told_elsewhere(db: CaseDatabase, case: Case) -> tuple[OtherCase, ...]:
    """What the patient told in their cases other than `case`, the oldest case first.

    What cannot be opened of them is logged and left out: the case at hand is answered all the same. Raises
    DatabaseUnavailable.
    """
    opening = _Opening()
    with db.read() as session:
        others = session.scalars(
            select(CaseRow).where(CaseRow.patient_id == case.patient_id, CaseRow.id != case.id).order_by(CaseRow.number)
        ).all()
        turns = session.scalars(
            select(TurnRow)
            .where(
                TurnRow.patient_id == case.patient_id,
                TurnRow.case_id != case.id,
                TurnRow.role == Role.PATIENT.value,
            )
            .order_by(TurnRow.id)
        ).all()
        found = tuple(
            _other_case(db, row, [turn for turn in turns if turn.case_id == row.id], opening) for row in others
        )
    if opening.errors:
        _log.error(
            "case %s is answered without %d texts of the patient's other cases that cannot be opened: %s",
            case.id,
            len(opening.errors),
            told(opening.errors[0]),
        )
    return found


def _other_case(db: CaseDatabase, row: CaseRow, turns: list[TurnRow], opening: _Opening) -> OtherCase:
    words = opening("", db.vault.open_text, row.words, place(row.id, "words"))
    said = [Said(text=words, at=row.created)]
    for turn in turns:
        opened = opening(None, turn_of, db.vault, turn)
        said += [Said(text=opened.text, at=turn.created)] if opened else []
    return OtherCase(
        id=row.id,
        history=opening(History(), history_of, db.vault, row),
        said=tuple(each for each in said if each.text),
        created=row.created,
    )
