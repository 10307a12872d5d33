"""What a patient told in an earlier case holds in a later one, with the day on which it was told.

Run: ``pytest tests/agents/test_carried.py``
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from agents.adviser import Adviser
from agents.triage.carried import Told, all_told
from cases.record import Case, History, OtherCase, Said
from conditions import TriageLevel
from tests.agents.conftest import MakeAdviser
from tests.agents.library import WordSearch, starter_passages
from tests.agents.samples import RINGWORM, TODAY, case, turns

NAMED = ("nuts", "latex", "nickel")
MAY = datetime(2026, 5, 3, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def other(
    *texts: str,
    at: datetime = MAY,
    history: History = History(),  # noqa: B008 (frozen)
    case_id: str = "b",
) -> OtherCase:
    said = tuple(Said(text=text, at=at + timedelta(hours=hour)) for hour, text in enumerate(texts))
    return OtherCase(id=case_id * 32, history=history, said=said, created=at)


def known(
    *others: OtherCase,
    said: Sequence[str] = ("a dry patch",),
    history: History = History(),  # noqa: B008 (frozen)
    today: date = TODAY,
) -> Told:
    return all_told([Said(text=text, at=NOW) for text in said], history, others, today)


def carried(*others: OtherCase, said: Sequence[str] = ("a dry patch",), today: date = TODAY) -> set[str]:
    return {each.fact.words for each in known(*others, said=said, today=today).carried}


@pytest.fixture
def starter(make_adviser: MakeAdviser) -> Adviser:
    return make_adviser(search=WordSearch(starter_passages()))


def in_words(words: str) -> Case:
    return case(None, words=words, photo_ids=())


# ---------------------------------------------------------------- what patients see


def test_the_first_answer_of_a_later_case_names_no_medicine_of_an_allergy_told_before(starter: Adviser) -> None:
    of = in_words("ringworm on my arm, which cream can I use?")
    free = starter.advise(of, TODAY)
    assert any("clotrimazole" in each.text.casefold() for each in free.statements)
    bound = starter.advise(of, TODAY, (), [other("an itchy eye, I'm allergic to clotrimazole")])
    assert bound.statements
    assert not any("clotrimazole" in each.text.casefold() for each in bound.statements)
    assert "On 3 May 2026 you told me that you are allergic to clotrimazole." in bound.text
    assert "/memory" in bound.limits and "/memory" not in free.limits


def test_a_reply_bears_in_mind_what_was_told_before_and_says_when(starter: Adviser) -> None:
    before = [other("I am pregnant and allergic to terbinafine")]
    said = turns("The clotrimazole cream did not help", "I see.", "How is it treated?")
    reply = starter.reply(RINGWORM, said, TODAY, before)
    assert (
        "I bear in mind what you told me: clotrimazole cream did not help. On 3 May 2026 you told me that" in reply.text
    )
    assert "you are pregnant" in reply.text and "you are allergic to terbinafine" in reply.text
    assert not any("terbinafine" in each.text.casefold() for each in reply.statements)
    alone = starter.reply(RINGWORM, turns("How is it treated?"), TODAY, before)
    assert "I bear in mind what you told me before. On 3 May 2026" in alone.text


def test_weak_immunity_told_before_makes_a_rash_with_fever_as_urgent_as_told_now(adviser: Adviser) -> None:
    of = case(None, History.model_validate({"spot_or_rash": "rash", "danger": ["fever"]}), "red spots", photo_ids=())
    assert adviser.advise(of, TODAY).triage.level is not TriageLevel.EMERGENCY
    urgent = adviser.advise(of, TODAY, (), [other("I had a kidney transplant")])
    assert urgent.triage.level is TriageLevel.EMERGENCY
    assert "3 May" not in urgent.text, "whoever must call for help reads nothing else"


def test_asked_what_it_remembers_it_says_what_was_told_before(adviser: Adviser) -> None:
    reply = adviser.reply(RINGWORM, turns("what do you know about me?"), TODAY, [other("I am breastfeeding")])
    assert "On 3 May 2026 you told me that you are breastfeeding." in reply.text and "/memory" in reply.text


# ---------------------------------------------------------------- what is carried over


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("I am allergic to penicillin", {"allergic to penicillin"}),
        ("my daughter is 4 and I am allergic to latex", {"allergic to latex"}),
        ("I am allergic to latex, my son is not", {"allergic to latex"}),
        ("I'm a mum of two, allergic to nuts", {"allergic to nuts"}),
        ("Pregnant, 20 weeks, and itchy", {"pregnant"}),
        ("I'm 31 and breastfeeding my baby", {"breastfeeding"}),
        ("I have HIV", {"weakened immunity"}),
        ("I'm a 34 year old woman allergic to penicillin", {"allergic to penicillin"}),
        ("my son has eczema; I am allergic to nuts; latex; nickel", {f"allergic to {each}" for each in NAMED}),
        ("My son, whom I look after, is allergic to nuts", set()),
        ("I had this rash during my pregnancy 3 years ago", set()),
        ("I am 31. The clotrimazole cream did not help", set()),
        ("my wife is pregnant", set()),
        ("My wife has a rash. Pregnant, 30 weeks.", set()),
        ("my wife says: I am pregnant", set()),
        ("She is breastfeeding", set()),
        ("My son is allergic to nuts", set()),
        ("Is that safe for someone allergic to penicillin?", set()),
        ("My husband is on chemotherapy", set()),
        ("Is it safe on methotrexate?", set()),
        ("Can I use it if I am pregnant? Or if I am breastfeeding?", set()),
    ],
)
def test_only_what_patients_say_of_themselves_is_carried_over(text: str, facts: set[str]) -> None:
    assert carried(other(text)) == facts


def test_a_pregnancy_is_carried_for_forty_weeks_and_an_allergy_always() -> None:
    told = other("I am pregnant, allergic to latex and have HIV", "I'm breastfeeding too")
    last = MAY.date() + timedelta(weeks=40)
    assert carried(told, today=last) == {"pregnant", "breastfeeding", "allergic to latex", "weakened immunity"}
    assert carried(told, today=last + timedelta(days=1)) == {"allergic to latex", "weakened immunity"}


@pytest.mark.parametrize(
    ("told", "taken_back"),
    [
        ("I am pregnant", "I am not pregnant any more"),
        ("I am pregnant", "I gave birth last week"),
        ("I am breastfeeding", "I have stopped breastfeeding"),
        ("I am on methotrexate", "I'm not on methotrexate any more"),
        ("I am allergic to penicillin", "I am not allergic to it"),
        ("I am allergic to penicillin", "They tested me: I'm no longer allergic to penicillin"),
        ("I am allergic to penicillin", "I don't have a penicillin allergy"),
    ],
)
def test_the_newest_statement_wins_in_whichever_case_it_stands(told: str, taken_back: str) -> None:
    later = MAY + timedelta(days=5)
    assert carried(other(told))
    assert not carried(other(told), said=["a dry patch", taken_back])
    assert not carried(other(told), other(taken_back, at=later, case_id="c"))
    assert carried(other(taken_back), other(told, at=later, case_id="c"))


@pytest.mark.parametrize(
    "words",
    [
        "My son is not allergic to penicillin",
        "What if I am not allergic to penicillin?",
        "I have no allergies",
        "I am not allergic to latex",
        "The watch strap itches. I'm not allergic to it",
        "Are you sure I am not allergic to penicillin?",
        "I'm not allergic to penicillin, am I?",
    ],
)
def test_an_allergy_is_not_taken_back_by_less_than_that(words: str) -> None:
    assert carried(other("I am allergic to penicillin"), said=[words]) == {"allergic to penicillin"}


def test_of_several_allergies_it_takes_back_the_one_that_is_named() -> None:
    told = other("I am allergic to penicillin and latex")
    assert carried(told, said=["I am not allergic to it"]) == {"allergic to penicillin", "allergic to latex"}
    assert carried(told, said=["About the latex: I am not allergic to it"]) == {"allergic to penicillin"}


def test_what_a_later_case_takes_back_holds_in_no_earlier_one_either() -> None:
    later = other("I am not pregnant any more", at=NOW + timedelta(days=1))
    assert {fact.words for fact in known(said=["I am pregnant"]).here} == {"pregnant"}
    assert known(later, said=["I am pregnant"]).facts == ()


def test_a_fact_called_wrong_is_carried_no_further_and_can_be_right_again() -> None:
    told, wrong = other("I am pregnant"), History(wrong=frozenset({"pregnant"}))
    assert not carried(other("I am pregnant", history=wrong))
    assert not carried(told, other("a wart", at=MAY + timedelta(days=5), history=wrong, case_id="c"))
    assert carried(other("a wart", at=MAY - timedelta(days=5), history=wrong, case_id="c"), told), "told since"
    here = known(told, history=wrong)
    assert not here.facts and [fact.words for fact in here.wrong] == ["pregnant"]


def test_who_pressed_that_they_are_neither_is_not_told_that_they_are_pregnant() -> None:
    neither = History(pregnant=False, immunosuppressed=False)
    told = other("I am pregnant and allergic to latex")
    assert {each.fact.words for each in known(told, history=neither).carried} == {"allergic to latex"}
    assert carried(told, other("a wart", at=MAY + timedelta(days=5), history=neither, case_id="c")) == {
        "allergic to latex"
    }


def test_a_sons_allergy_is_not_taken_back_by_what_whoever_writes_says_of_themselves_elsewhere() -> None:
    later = other("I am not allergic to penicillin", at=NOW + timedelta(days=1))
    told = known(later, said=["My son has a rash. He is allergic to penicillin"])
    assert [fact.words for fact in told.here] == ["allergic to penicillin"]


def test_what_is_called_wrong_of_a_child_stays_right_of_whoever_writes() -> None:
    wrong, later = History(wrong=frozenset({"allergy:penicillin"})), MAY + timedelta(days=5)
    told = other("I am allergic to penicillin")
    assert carried(told, other("My son has a rash", at=later, history=wrong, case_id="c"))
    assert carried(told, other("a rash", at=later, history=wrong.merged(History(age=4)), case_id="c"))
    assert not carried(told, other("a rash", at=later, history=wrong, case_id="c"))


def test_who_speaks_of_the_baby_that_is_due_is_still_pregnant() -> None:
    assert carried(other("I am pregnant"), said=["Itchy all over, my baby is due in June"]) == {"pregnant"}


@pytest.mark.parametrize(
    "words",
    ["My son is 4 and has a rash", "my husband has a red ring on his leg", "My 14 year old daughter has spots"],
)
def test_a_case_of_somebody_else_is_not_one_of_a_pregnancy(words: str) -> None:
    assert carried(other("I am pregnant and allergic to latex"), said=[words]) == {"allergic to latex"}


def test_what_is_told_in_the_case_itself_is_told_there() -> None:
    both = known(other("I am pregnant"), said=["I am pregnant"])
    assert [fact.words for fact in both.here] == ["pregnant"] and both.carried == ()
