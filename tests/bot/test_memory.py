"""/memory: shown, corrected and erased by the patient; later words find the case they are about.

Run: ``pytest tests/bot/test_memory.py``
"""

from bot import texts
from cases import caseload, conversation
from local.playground.patient import Patient
from tests.bot.conftest import House
from tests.bot.test_chat import advise, one_case, saying, text_of, until


def test_memory_shows_facts_and_a_wrong_one_is_dropped(shared_house: House, agreed: Patient) -> None:
    agreed.say("I am 31 and pregnant and have a dry patch on my arm")
    case = one_case(shared_house, agreed)
    agreed.say("/memory")
    shown = agreed.wait_for(saying("What I remember"))
    assert "pregnant" in text_of(shown) and "age 31" in text_of(shown)
    agreed.press("✗ pregnant")
    until(lambda: "pregnant" in caseload.get(shared_house.db, case.id).history.wrong)


def test_memory_erases_the_case_when_asked(shared_house: House, agreed: Patient) -> None:
    agreed.say("a dry patch on my elbow")
    one_case(shared_house, agreed)
    agreed.say("/memory")
    agreed.wait_for(saying("What I remember"))
    agreed.press(texts.MEMORY_ERASE)
    agreed.wait_for(saying("Erased:"))
    assert shared_house.cases_of(agreed.chat_id) == []


def test_without_a_case_nothing_is_remembered(shared_house: House, agreed: Patient) -> None:
    agreed.say("/memory")
    assert agreed.wait_for(saying("I remember nothing"))


def test_later_words_go_to_the_case_they_are_about(shared_house: House, agreed: Patient) -> None:
    agreed.say("an itchy ring on my leg that needs a cream")
    first = one_case(shared_house, agreed)
    advise(shared_house, first)
    agreed.say("/new")
    agreed.wait_for(saying("A new question"))
    agreed.say("brown freckles on my shoulder")
    until(lambda: len(shared_house.cases_of(agreed.chat_id)) == 2)
    advise(shared_house, shared_house.cases_of(agreed.chat_id)[-1])
    agreed.say("the itchy ring did not go")
    agreed.wait_for(saying("your earlier question"))
    until(lambda: any("did not go" in turn.text for turn in conversation.turns(shared_house.db, first.id)))
