"""A case's way: opened once, moved on only from the stage before, found again when the work on it was lost."""

from datetime import timedelta

import pytest

from cases import caseload, conversation, feedback, outbox
from cases.database import CaseDatabase
from cases.errors import CaseClosed, CaseNotFound, PatientNotFound, PhotoNotFound
from cases.leases import lease
from cases.patients import patient_of_chat
from cases.record import Case, CaseStatus, DangerSign, History, Patient
from tests.cases.conftest import Clock
from tests.cases.samples import PHOTO, advice, findings

SOON = timedelta(seconds=60)


@pytest.fixture
def case(db: CaseDatabase, patient: Patient) -> Case:
    return caseload.open_case(db, patient.id, [PHOTO], "it itches", source="update:1")


def _messages(db: CaseDatabase) -> list[tuple[str, str]]:
    return [(each.kind, each.reference) for each in outbox.due(db, 100, "test")]


def test_a_case_is_stored_with_its_photos(db: CaseDatabase, patient: Patient) -> None:
    opened = caseload.open_case(db, patient.id, [PHOTO, b"second"], "it itches", History(age=58))
    assert caseload.get(db, opened.id) == opened
    assert opened.status is CaseStatus.RECEIVED
    assert (opened.words, opened.history, opened.chat_id) == ("it itches", History(age=58), patient.chat_id)
    assert [caseload.photo(db, photo_id) for photo_id in opened.photo_ids] == [PHOTO, b"second"]
    assert conversation.turns(db, opened.id) == []


def test_words_alone_need_no_model_and_are_the_first_turn(db: CaseDatabase, patient: Patient) -> None:
    opened = caseload.open_case(db, patient.id, [], "my scalp is flaky", source="update:9")
    assert opened.status is CaseStatus.EXAMINED
    assert [turn.text for turn in conversation.turns(db, opened.id)] == ["my scalp is flaky"]
    assert conversation.say(db, opened.id, "my scalp is flaky", source="update:9").text == "my scalp is flaky"
    assert len(conversation.turns(db, opened.id)) == 1


def test_the_same_source_opens_once_per_patient(db: CaseDatabase, patient: Patient, case: Case) -> None:
    again = caseload.open_case(db, patient.id, [PHOTO], "it itches", source="update:1")
    assert again == case
    stranger = patient_of_chat(db, 2)
    assert caseload.open_case(db, stranger.id, [PHOTO], source="update:1").id != case.id
    assert len(caseload.cases_of(db, patient.id)) == 1


def test_what_is_not_there_is_told(db: CaseDatabase) -> None:
    with pytest.raises(PatientNotFound):
        caseload.open_case(db, 99, [PHOTO])
    with pytest.raises(CaseNotFound):
        caseload.get(db, "0" * 32)
    with pytest.raises(PhotoNotFound):
        caseload.photo(db, 99)
    with pytest.raises(CaseNotFound):
        feedback.record(db, "0" * 32, True)


def test_from_photo_to_delivered_answer(db: CaseDatabase, case: Case) -> None:
    assert caseload.count_attempt(db, case.id) == 1
    assert not caseload.store_advice(db, case.id, advice(0)), "not before it was examined"
    assert caseload.store_findings(db, case.id, findings())
    assert not caseload.store_findings(db, case.id, findings("something else")), "only once"
    assert not caseload.mark_delivered(db, case.id)
    assert caseload.store_advice(db, case.id, advice(0))
    assert not caseload.store_advice(db, case.id, advice(0, "Something else.")), "only once"
    assert _messages(db) == [("case", case.id)]
    assert caseload.mark_delivered(db, case.id)
    told = caseload.get(db, case.id)
    assert told.status is CaseStatus.DELIVERED
    assert (told.findings, told.advice, told.attempts) == (findings(), advice(0), 0)


def test_advice_for_an_older_history_is_refused(db: CaseDatabase, case: Case) -> None:
    caseload.store_findings(db, case.id, findings())
    noted = caseload.note_history(db, case.id, History(danger=frozenset({DangerSign.FEVER})))
    assert noted.history_revision == 1
    assert not caseload.store_advice(db, case.id, advice(0))
    assert _messages(db) == []
    assert caseload.store_advice(db, case.id, advice(1))


def test_a_later_answer_is_advised_and_told_again(db: CaseDatabase, clock: Clock, case: Case) -> None:
    caseload.store_findings(db, case.id, findings())
    caseload.store_advice(db, case.id, advice(0))
    caseload.mark_delivered(db, case.id)
    outbox.sent(db, outbox.due(db, 1, "test")[0].id, 7)
    clock.advance(minutes=5)
    assert caseload.unfinished(db, SOON) == []
    noted = caseload.note_history(db, case.id, History(age=70, grew=True))
    assert noted.history == History(age=70, grew=True)
    clock.advance(minutes=5)
    assert [case_id for case_id, _ in caseload.unfinished(db, SOON)] == [case.id]
    assert caseload.store_advice(db, case.id, advice(1))
    assert _messages(db) == [("case", case.id)]
    assert caseload.get(db, case.id).status is CaseStatus.ADVISED


def test_findings_that_missed_a_late_photo_are_refused(db: CaseDatabase, case: Case) -> None:
    later = caseload.add_photo(db, case.id, b"late")
    assert len(later.photo_ids) == 2
    assert not caseload.store_findings(db, case.id, findings(), photo_ids=case.photo_ids)
    assert caseload.store_findings(db, case.id, findings(), photo_ids=later.photo_ids)


def test_a_photo_after_the_answer_starts_over(db: CaseDatabase, case: Case) -> None:
    caseload.store_findings(db, case.id, findings())
    caseload.store_advice(db, case.id, advice(0))
    caseload.mark_delivered(db, case.id)
    again = caseload.add_photo(db, case.id, b"late")
    assert (again.status, again.history_revision) == (CaseStatus.RECEIVED, 1)
    assert caseload.store_findings(db, case.id, findings("two views"))
    assert caseload.store_advice(db, case.id, advice(1))


def test_a_closed_case_takes_no_photo_and_is_not_current(db: CaseDatabase, patient: Patient, case: Case) -> None:
    newer = caseload.open_case(db, patient.id, [PHOTO])
    current = caseload.current_case(db, patient.id)
    assert current is not None and current.id == newer.id
    caseload.close(db, newer.id)
    current = caseload.current_case(db, patient.id)
    assert current is not None and current.id == case.id
    with pytest.raises(CaseClosed):
        caseload.add_photo(db, newer.id, PHOTO)
    assert [each.id for each in caseload.cases_of(db, patient.id)] == [case.id, newer.id]
    caseload.close(db, case.id)
    assert caseload.current_case(db, patient.id) is None


def test_giving_up_is_told_once_and_never_over_an_answer(db: CaseDatabase, patient: Patient, case: Case) -> None:
    assert caseload.fail(db, case.id)
    assert not caseload.fail(db, case.id)
    assert _messages(db) == [("case", case.id)]
    assert not caseload.store_findings(db, case.id, findings()), "an apology was sent already"
    answered = caseload.open_case(db, patient.id, [], "hello")
    caseload.store_advice(db, answered.id, advice(0))
    assert not caseload.fail(db, answered.id)
    assert caseload.get(db, answered.id).status is CaseStatus.ADVISED


def test_queue_places_count_those_who_wait(db: CaseDatabase, patient: Patient, case: Case) -> None:
    second = caseload.open_case(db, patient.id, [PHOTO])
    third = caseload.open_case(db, patient.id, [PHOTO])
    assert [caseload.queue_place(db, each.id) for each in (case, second, third)] == [1, 2, 3]
    caseload.store_findings(db, case.id, findings())
    assert [caseload.queue_place(db, each.id) for each in (case, second, third)] == [0, 1, 2]


def test_a_press_that_comes_again_changes_nothing(db: CaseDatabase, case: Case) -> None:
    noted = caseload.note_history(db, case.id, History(age=30), press="press:1")
    assert caseload.note_history(db, case.id, History(age=31), press="press:1") == noted
    assert caseload.was_pressed(db, case.id, "press:1")
    assert caseload.note_history(db, case.id, History(age=31), press="press:2").history_revision == 2
    caseload.set_status_message(db, case.id, 7, press="press:3")
    caseload.set_status_message(db, case.id, 8)
    assert caseload.was_pressed(db, case.id, "press:3")
    assert not caseload.was_pressed(db, case.id, "press:2")


def test_lost_work_is_found_but_not_work_under_way(db: CaseDatabase, clock: Clock, case: Case) -> None:
    assert caseload.unfinished(db, SOON) == []
    clock.advance(seconds=61)
    with lease(db, f"case:{case.id}", "worker", seconds=120):
        assert caseload.unfinished(db, SOON) == []
        clock.advance(seconds=121)
        assert [case_id for case_id, _ in caseload.unfinished(db, SOON)] == [case.id], "its worker died"
    caseload.count_attempt(db, case.id)
    assert caseload.unfinished(db, SOON) == [], "it was just tried"
    clock.advance(seconds=61)
    caseload.store_findings(db, case.id, findings())
    clock.advance(seconds=61)
    assert [status for _, status in caseload.unfinished(db, SOON)] == [CaseStatus.EXAMINED]
    caseload.store_advice(db, case.id, advice(0))
    clock.advance(seconds=61)
    assert caseload.unfinished(db, SOON) == []


def test_the_status_message_is_remembered(db: CaseDatabase, case: Case) -> None:
    caseload.set_status_message(db, case.id, 2**40)
    assert caseload.get(db, case.id).status_message_id == 2**40
