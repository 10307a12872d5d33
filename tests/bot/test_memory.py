"""/memory: shown, corrected and erased by the patient; later words find the case they are about.

Run: ``pytest tests/bot/test_memory.py``
"""

import pytest
from sqlalchemy import update

from bot import texts
from cases import caseload, consent, conversation
from cases.errors import ErasureUnfinished
from cases.record import Case, Role
from cases.tables import CaseRow, TurnRow
from local.playground.patient import Patient, buttons
from tests.bot.conftest import House
from tests.bot.test_chat import advise, one_case, saying, text_of, until


def press_when_there(patient: Patient, label: str) -> None:
    """Press a button that an edit brings."""
    until(lambda: any(each.get("text") == label for sent in patient.messages() for each in buttons(sent)))
    patient.press(label)


def answered_before(house: House, patient: Patient, words: str) -> Case:
    """A case that was opened by these words, answered, and left by /new."""
    patient.say(words)
    case = one_case(house, patient)
    advise(house, case)
    patient.say("/new")
    patient.wait_for(saying("A new question"))
    return case


def test_memory_shows_facts_and_a_wrong_one_is_dropped(shared_house: House, agreed: Patient) -> None:
    agreed.say("I am 31 and pregnant and have a dry patch on my arm")
    case = one_case(shared_house, agreed)
    agreed.say("/memory")
    shown = agreed.wait_for(saying("What I remember"))
    assert "pregnant" in text_of(shown) and "age 31" in text_of(shown)
    agreed.press("✗ pregnant")
    until(lambda: "pregnant" in caseload.get(shared_house.db, case.id).history.wrong)


def test_a_fact_called_wrong_is_right_again_by_button_or_by_words(shared_house: House, agreed: Patient) -> None:
    agreed.say("I am 31 and pregnant and have a dry patch on my arm")
    case = one_case(shared_house, agreed)
    advise(shared_house, case)

    def wrong() -> frozenset[str]:
        return caseload.get(shared_house.db, case.id).history.wrong

    agreed.say("/memory")
    agreed.wait_for(saying("What I remember"))
    agreed.press("✗ pregnant")
    until(lambda: wrong() == {"pregnant"})
    press_when_there(agreed, "↺ pregnant – is right after all")
    until(lambda: not wrong())
    press_when_there(agreed, "✗ age 31")
    until(lambda: wrong() == {"age"})
    agreed.say("I wrote it wrong: I am 41")
    until(lambda: not wrong())
    assert caseload.get(shared_house.db, case.id).history.age == 41


def test_memory_shows_the_other_questions_too(shared_house: House, agreed: Patient) -> None:
    agreed.say("I am 31 and have an itchy ring on my leg")
    advise(shared_house, one_case(shared_house, agreed))
    agreed.say("/new")
    agreed.wait_for(saying("A new question"))
    agreed.say("brown freckles on my shoulder, I am pregnant")
    until(lambda: len(shared_house.cases_of(agreed.chat_id)) == 2)
    agreed.say("/memory")
    page = agreed.wait_for(saying("What I remember"))
    shown = text_of(page)
    assert "freckles" in shown and "pregnant" in shown and "age 31" not in shown
    label = next(each["text"] for each in buttons(page) if "itchy ring" in each["text"])
    agreed.press(label)
    agreed.wait_for(saying("age 31"))


def test_memory_erases_the_case_when_asked(shared_house: House, agreed: Patient) -> None:
    agreed.say("a dry patch on my elbow")
    one_case(shared_house, agreed)
    agreed.say("/memory")
    agreed.wait_for(saying("What I remember"))
    agreed.press(texts.MEMORY_ERASE)
    agreed.wait_for(saying("Erased:"))
    assert shared_house.cases_of(agreed.chat_id) == []


def test_a_case_whose_files_are_cleaned_later_is_erased_all_the_same(
    shared_house: House, agreed: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_: object) -> None:
        raise ErasureUnfinished("another process reads")

    agreed.say("a dry patch on my elbow")
    case = one_case(shared_house, agreed)
    agreed.say("/memory")
    agreed.wait_for(saying("What I remember"))
    monkeypatch.setattr("bot.handlers.memory.clean_files", busy)
    agreed.press(texts.MEMORY_ERASE)
    agreed.wait_for(saying("Erased:"))
    assert ("forget", case.id) in shared_house.queued


def test_after_consent_was_withdrawn_facts_stay_as_they_are_and_can_still_be_erased(
    shared_house: House, agreed: Patient
) -> None:
    agreed.say("I am 31 and pregnant and have a dry patch on my arm")
    case = one_case(shared_house, agreed)
    agreed.say("/memory")
    shown = agreed.wait_for(saying("What I remember"))
    consent.withdraw(shared_house.db, case.patient_id, consent.Purpose.CARE)
    agreed.press("✗ pregnant")
    agreed.wait_for(saying("Is that all right with you?"), after=shown["message_id"])
    assert not caseload.get(shared_house.db, case.id).history.wrong
    agreed.press(texts.MEMORY_ERASE)
    agreed.wait_for(saying("Erased:"))


def test_without_a_case_nothing_is_remembered(shared_house: House, agreed: Patient) -> None:
    agreed.say("/memory")
    assert agreed.wait_for(saying("I remember nothing"))


def test_later_words_go_to_the_case_they_are_about(shared_house: House, agreed: Patient) -> None:
    first = answered_before(shared_house, agreed, "an itchy ring on my leg that needs a cream")
    agreed.say("brown freckles on my shoulder")
    until(lambda: len(shared_house.cases_of(agreed.chat_id)) == 2)
    advise(shared_house, shared_house.cases_of(agreed.chat_id)[-1])
    agreed.say("the itchy ring did not go")
    agreed.wait_for(saying("your earlier question"))
    until(lambda: any("did not go" in turn.text for turn in conversation.turns(shared_house.db, first.id)))


def test_memory_shows_what_earlier_questions_told_and_lets_it_be_called_wrong(
    shared_house: House, agreed: Patient
) -> None:
    first = answered_before(
        shared_house,
        agreed,
        "I am 31, pregnant and allergic to penicillin. My wife is allergic to nuts. A dry patch on my arm",
    )
    agreed.say("brown freckles on my shoulder")
    until(lambda: len(shared_house.cases_of(agreed.chat_id)) == 2)
    agreed.say("/memory")
    page = agreed.wait_for(saying("Told me in other questions"))
    day = f"(told on {first.created.day} {first.created:%B %Y})"
    assert f"you are pregnant {day}" in text_of(page) and f"you are allergic to penicillin {day}" in text_of(page)
    assert "nuts" not in text_of(page) and "age 31" not in text_of(page)
    agreed.press("✗ allergic to penicillin")
    until(lambda: shared_house.cases_of(agreed.chat_id)[-1].history.wrong == {"allergy:penicillin"})
    press_when_there(agreed, "↺ allergic to penicillin – is right after all")
    until(lambda: not shared_house.cases_of(agreed.chat_id)[-1].history.wrong)
    agreed.say("I am not pregnant any more")
    until(
        lambda: any("any more" in "".join(_said(shared_house, case)) for case in shared_house.cases_of(agreed.chat_id))
    )
    after = agreed.say("/memory")
    page = agreed.wait_for(saying("Told me in other questions"), after=after["message_id"])
    assert "pregnant" not in text_of(page).split("no longer so")[0] and "penicillin" in text_of(page)


def test_what_is_erased_is_carried_no_further(shared_house: House, agreed: Patient) -> None:
    agreed.say("I am allergic to penicillin and have a dry patch on my arm")
    one_case(shared_house, agreed)
    agreed.say("/memory")
    agreed.wait_for(saying("allergic to penicillin"))
    agreed.press(texts.MEMORY_ERASE)
    agreed.wait_for(saying("Erased:"))
    agreed.say("brown freckles on my shoulder")
    one_case(shared_house, agreed)
    after = agreed.say("/memory")
    page = agreed.wait_for(saying("What I remember"), after=after["message_id"])
    assert "penicillin" not in text_of(page)


def test_a_damaged_question_keeps_nobody_from_the_others_or_from_a_new_one(
    shared_house: House, agreed: Patient
) -> None:
    def damage(case: Case) -> None:
        with shared_house.db.write() as session:
            session.execute(update(CaseRow).where(CaseRow.id == case.id).values(words=b"damaged"))

    agreed.say("I am allergic to penicillin. An itchy ring on my leg")
    old = one_case(shared_house, agreed)
    advise(shared_house, old)
    agreed.say("/new")
    agreed.say("brown freckles on my shoulder")
    until(lambda: len(shared_house.cases_of(agreed.chat_id)) == 2)
    damage(old)
    newest = shared_house.cases_of(agreed.chat_id)[-1]
    lost = conversation.say(shared_house.db, newest.id, "I am allergic to latex")
    with shared_house.db.write() as session:
        session.execute(update(TurnRow).where(TurnRow.id == lost.id).values(sealed=b"damaged"))
    agreed.say("/memory")
    agreed.wait_for(saying("What I remember", "freckles", "you are allergic to penicillin"))
    damage(newest)
    agreed.say("a wart on my thumb")
    until(lambda: [each.words for each in shared_house.cases_of(agreed.chat_id)] == ["a wart on my thumb"])


def _said(house: House, case: Case) -> list[str]:
    return [turn.text for turn in conversation.turns(house.db, case.id) if turn.role is Role.PATIENT]


def test_after_new_words_that_go_on_find_their_case_and_a_new_complaint_opens_one(
    shared_house: House, agreed: Patient
) -> None:
    first = answered_before(shared_house, agreed, "an itchy ring on my leg that needs a cream")
    agreed.say("the cream did not help")
    agreed.wait_for(saying("your earlier question", "Is it something new?"))
    until(lambda: "the cream did not help" in _said(shared_house, first))
    until(lambda: any(name == "reply" for name, _ in shared_house.queued))
    assert len(shared_house.cases_of(agreed.chat_id)) == 1
    agreed.say("new problem: the cream did not help my itchy leg")
    until(lambda: len(shared_house.cases_of(agreed.chat_id)) == 2)
    agreed.say("/new")
    agreed.say("I have an itchy ring on my leg")
    until(lambda: len(shared_house.cases_of(agreed.chat_id)) == 3)


def test_after_a_failed_case_words_that_go_on_find_the_one_before_it(shared_house: House, agreed: Patient) -> None:
    agreed.say("an itchy ring on my leg that needs a cream")
    first = one_case(shared_house, agreed)
    advise(shared_house, first)
    agreed.say("/new")
    agreed.say("brown freckles on my shoulder")
    until(lambda: len(shared_house.cases_of(agreed.chat_id)) == 2)
    assert caseload.fail(shared_house.db, shared_house.cases_of(agreed.chat_id)[-1].id)
    agreed.say("the cream did not help")
    agreed.wait_for(saying("your earlier question"))
    until(lambda: "the cream did not help" in _said(shared_house, first))
    agreed.say("brown freckles on my shoulder")
    until(lambda: len(shared_house.cases_of(agreed.chat_id)) == 3)
