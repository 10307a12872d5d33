"""What a patient told in their other cases is read from those that are there, and from nowhere else.

Run: ``pytest tests/cases/test_elsewhere.py``
"""

from cases import caseload, conversation
from cases.database import CaseDatabase
from cases.elsewhere import told_elsewhere
from cases.erasure import erase_cases
from cases.patients import patient_of_chat
from cases.record import History, Patient, Role
from tests.cases.conftest import Clock
from tests.cases.samples import PHOTO


def test_all_that_the_patient_told_elsewhere_comes_with_its_time(
    db: CaseDatabase, patient: Patient, clock: Clock
) -> None:
    first = caseload.open_case(db, patient.id, (PHOTO,), "a mole", History(wrong=frozenset({"age"})))
    clock.advance(days=2)
    asked = conversation.say(db, first.id, "I am allergic to penicillin")
    conversation.answer(db, asked.id, "I am the assistant.", (), ())
    clock.advance(weeks=3)
    case = caseload.open_case(db, patient.id, (), "a rash")
    (other,) = told_elsewhere(db, case)
    assert [(said.text, said.at) for said in other.said] == [
        ("a mole", first.created),
        ("I am allergic to penicillin", asked.created),
    ]
    assert other.id == first.id and other.history.wrong == {"age"}
    assert [said.text for said in told_elsewhere(db, first)[0].said] == ["a rash", "a rash"], "as words and as a turn"


def test_nothing_comes_from_other_patients_or_from_what_was_erased(db: CaseDatabase, patient: Patient) -> None:
    neighbour = patient_of_chat(db, 1, "en")
    caseload.open_case(db, neighbour.id, (), "I am pregnant")
    first = caseload.open_case(db, patient.id, (), "I am allergic to penicillin")
    case = caseload.open_case(db, patient.id, (), "a rash")
    assert [other.id for other in told_elsewhere(db, case)] == [first.id]
    with db.write() as session:
        erase_cases(session, [first.id])
    assert told_elsewhere(db, case) == ()
    assert [turn.role for turn in conversation.turns(db, case.id)] == [Role.PATIENT]
