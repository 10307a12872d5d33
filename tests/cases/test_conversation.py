"""The conversation: words once, answers once, and nobody left waiting."""

from datetime import timedelta

import pytest

from cases import caseload, conversation, outbox
from cases.database import CaseDatabase
from cases.errors import CaseNotFound, TurnNotFound
from cases.leases import lease
from cases.record import Case, CaseStatus, Patient, Role, Statement
from tests.cases.conftest import CHAT_ID, Clock
from tests.cases.samples import PHOTO, citation

SOON = timedelta(seconds=60)
SAID = (Statement(text="Keep it out of the sun.", citations=(1,)),)


@pytest.fixture
def case(db: CaseDatabase, patient: Patient) -> Case:
    return caseload.open_case(db, patient.id, [PHOTO])


def test_a_question_and_its_answer(db: CaseDatabase, case: Case) -> None:
    asked = conversation.say(db, case.id, "Is it catching?", source="update:2")
    told = conversation.answer(db, asked.id, "Keep it out of the sun. [1]", SAID, [citation()])
    assert told is not None
    assert (told.role, told.answers, told.statements, told.citations) == (
        Role.ASSISTANT,
        asked.id,
        SAID,
        (citation(),),
    )
    assert conversation.turns(db, case.id) == [asked, told]
    assert conversation.turn(db, told.id) == told
    message = outbox.due(db, 10, "test")
    assert [(each.chat_id, each.kind, each.reference) for each in message] == [(CHAT_ID, "turn", str(told.id))]


def test_a_turn_is_answered_once(db: CaseDatabase, case: Case) -> None:
    asked = conversation.say(db, case.id, "Is it catching?")
    assert conversation.answer(db, asked.id, "No.", [], []) is not None
    assert conversation.answer(db, asked.id, "Yes.", [], []) is None
    assert [turn.text for turn in conversation.turns(db, case.id)] == ["Is it catching?", "No."]
    assert len(outbox.due(db, 10, "test")) == 1


def test_the_same_update_is_said_once(db: CaseDatabase, case: Case) -> None:
    first = conversation.say(db, case.id, "Is it catching?", source="update:2")
    assert conversation.say(db, case.id, "Is it catching?", source="update:2") == first
    assert conversation.say(db, case.id, "Is it catching?").id != first.id


def test_only_a_patients_turn_can_be_answered(db: CaseDatabase, case: Case) -> None:
    asked = conversation.say(db, case.id, "Is it catching?")
    told = conversation.answer(db, asked.id, "No.", [], [])
    assert told is not None
    for turn_id in (told.id, 999):
        with pytest.raises(TurnNotFound):
            conversation.answer(db, turn_id, "No.", [], [])
    with pytest.raises(TurnNotFound):
        conversation.turn(db, 999)
    with pytest.raises(CaseNotFound):
        conversation.say(db, "0" * 32, "Is it catching?")


def test_lost_questions_are_found_but_not_those_being_answered(db: CaseDatabase, clock: Clock, case: Case) -> None:
    asked = conversation.say(db, case.id, "Is it catching?")
    assert conversation.unanswered(db, SOON) == []
    clock.advance(seconds=61)
    with lease(db, f"chat:{CHAT_ID}", "worker", seconds=30):
        assert conversation.unanswered(db, SOON) == []
    assert conversation.unanswered(db, SOON) == [asked.id]
    assert conversation.count_attempt(db, asked.id) == 1
    assert conversation.unanswered(db, SOON) == []
    clock.advance(seconds=61)
    conversation.answer(db, asked.id, "No.", [], [])
    assert conversation.unanswered(db, SOON) == []


def test_the_words_that_opened_a_case_are_answered_by_its_advice(
    db: CaseDatabase, clock: Clock, patient: Patient
) -> None:
    case = caseload.open_case(db, patient.id, [], "my scalp is flaky")
    clock.advance(seconds=61)
    assert conversation.unanswered(db, SOON) == []
    assert caseload.unfinished(db, SOON) == [(case.id, CaseStatus.EXAMINED)]
