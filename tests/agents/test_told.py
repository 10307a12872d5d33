"""Facts told once are kept: they come from the patient's words and buttons, and the patient can call them wrong.

Run: ``pytest tests/agents/test_told.py``
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from agents.adviser import Adviser
from agents.remedies import names_allergen
from agents.triage.carried import Told, all_told
from agents.triage.told import Fact, history_told, told_again
from cases.record import History, Said
from tests.agents.conftest import MakeAdviser
from tests.agents.library import WordSearch, starter_passages
from tests.agents.samples import RINGWORM, TODAY, turns


def _told(texts: Sequence[str], history: History) -> Told:
    return all_told([Said(text=text, at=datetime(2026, 6, 1, tzinfo=UTC)) for text in texts], history, (), TODAY)


def facts_told(texts: Sequence[str], history: History) -> tuple[Fact, ...]:
    return _told(texts, history).facts


def facts_called_wrong(texts: Sequence[str], history: History) -> tuple[Fact, ...]:
    return _told(texts, history).wrong


def _words(*texts: str, history: History | None = None) -> set[str]:
    return {fact.words for fact in facts_told(texts, history or History())}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I am 31 and pregnant", {"age 31", "pregnant"}),
        ("I am 31, pregnant and allergic to latex", {"age 31", "pregnant", "allergic to latex"}),
        ("I'm allergic to penicillin and latex.", {"allergic to penicillin", "allergic to latex"}),
        ("the clotrimazole cream did not help", {"clotrimazole cream did not help"}),
        ("Steroid cream doesn't work", {"steroid cream did not help"}),
        ("The antibiotics did not work", {"antibiotics did not help"}),
        ("What is there after the antiperspirant fails?", {"antiperspirant did not help"}),
        ("I am not pregnant", set()),
        ("I am not allergic to anything", set()),
        ("my neighbour is pregnant", set()),
        ("I have a penicillin allergy", {"allergic to penicillin"}),
        ("He has a severe allergy to nuts and eggs.", {"allergic to nuts", "allergic to eggs"}),
        ("I think it is the soap, I'm allergic to the sulfa tablets", {"allergic to sulfa"}),
        ("Am I allergic to it? What helps?", set()),
        ("Could my son be allergic to the cream?", set()),
        ("can I take flucloxacillin if I am allergic to penicillin?", {"allergic to penicillin"}),
        ("It did not help I'm allergic to penicillin", {"allergic to penicillin"}),
        ("I am 58, my daughter is 12, I have a new mole", {"age 58"}),
        ("My baby is 6 months old. I'm 34 and my nipples are sore and red", {"age 34"}),
        ("I have no penicillin allergy", set()),
        ("I don't think I'm allergic to penicillin", set()),
        ("I've never been allergic to penicillin", set()),
        ("How can I find out if I am allergic to penicillin?", set()),
        ("I'm 34. I have a 3 month old. She has a rash on her bottom", {"age 0"}),
        ("The athlete's foot cream did not help", {"athlete's foot cream did not help"}),
        ("My neighbour is 80 years old and has scabies", set()),
        ("My son is 4. I am 35.", {"age 4"}),
        ("I have a rash. It is 3 weeks old.", set()),
        ("I am 180 pounds", set()),
        ("I am 31 and breastfeeding", {"age 31", "breastfeeding"}),
        ("I am not breastfeeding", set()),
        ("Which cream is safe while breastfeeding?", set()),
        ("I have outgrown my penicillin allergy", set()),
        ("I am allergic to latex and have a rash", {"allergic to latex"}),
        ("I'm allergic to latex, rash on my arm, garlic did not help", {"allergic to latex"}),
        ("allergic to latex and pregnant", {"allergic to latex", "pregnant"}),
        ("allergic to nuts but not latex or nickel", {"allergic to nuts"}),
        ("I had an allergic reaction to penicillin", {"allergic to penicillin"}),
        ("I have never had an allergic reaction to penicillin", set()),
        ("I have asthma and a penicillin allergy", {"allergic to penicillin"}),
        ("I have penicillin and latex allergies", {"allergic to penicillin", "allergic to latex"}),
        ("I'm penicillin allergic", {"allergic to penicillin"}),
        ("I have no allergies except penicillin", {"allergic to penicillin"}),
        ("I am not allergic to anything except penicillin", {"allergic to penicillin"}),
        ("allergic to penicillin-based antibiotics", {"allergic to penicillin"}),
        ("Allergies: none", set()),
        ("hello", set()),
    ],
)
def test_facts_are_read_from_words(text: str, words: set[str]) -> None:
    assert _words(text) == words


@pytest.mark.parametrize(
    "text",
    [
        "I am allergic to penicillin, latex and nickel",
        "I'm allergic to penicillin, latex, or nickel",
        "allergic to penicillin, latex; nickel",
        "allergic to penicillin/latex & nickel",
        "allergic to penicillin and latex and also to nickel since childhood",
        "Allergies: penicillin, latex gloves, nickel. A dry patch",
        "allergic to:\n- penicillin\n- latex\n- nickel\n\nIt itches",
    ],
)
def test_a_list_of_allergies_is_read_to_its_end(text: str) -> None:
    assert _words(text) == {"allergic to penicillin", "allergic to latex", "allergic to nickel"}
    assert _words(text, "I am not allergic to penicillin, latex or nickel") == set()


def test_an_allergy_told_of_many_holds_of_one() -> None:
    told = facts_told(["I am allergic to antihistamines and to plasters"], History())
    assert names_allergen("Take an antihistamine tablet.", told) and names_allergen("Cover it with a plaster.", told)
    assert not names_allergen("Use a moisturiser.", told)


def test_what_whoever_writes_says_of_themselves_takes_nothing_back_of_somebody_else() -> None:
    son, wife = "My son has a rash. He is allergic to penicillin", "My wife is pregnant and has a rash"
    assert _words(son, "I am not allergic to penicillin") == {"allergic to penicillin"}
    assert _words(wife, "I am not pregnant, she is") == {"pregnant"}


@pytest.mark.parametrize(
    "later",
    [
        "I had my baby girl vaccinated",
        "When it began I was not pregnant yet",
        "I had a miscarriage before",
        "In my last pregnancy I had a miscarriage",
        "I gave birth to my first in hospital",
        "My daughter's pregnancy test was negative",
    ],
)
def test_a_pregnancy_is_not_taken_back_by_an_earlier_or_another(later: str) -> None:
    assert "pregnant" in _words("I am pregnant", later)
    assert _words("I am pregnant", "I had my baby last week") == set()
    assert _words("I am pregnant", "I was not pregnant after all") == set()


def test_weak_immunity_ends_with_a_medicine_only_if_nothing_else_weakens_it() -> None:
    stopped = "I'm not on methotrexate any more"
    assert _words("I take methotrexate", stopped) == set()
    for told in ("I have HIV and take methotrexate", "I take methotrexate and prednisolone"):
        assert _words(told, stopped) == {"weakened immunity"}
    assert _words("I had a kidney transplant", "I take methotrexate", stopped) == {"weakened immunity"}


def test_the_newest_age_wins_and_buttons_win_over_words() -> None:
    assert _words("I am 31", "sorry, I am 32") == {"age 32"}
    assert _words("I am 31", history=History(age=50)) == {"age about 50"}


def test_who_says_that_they_are_not_pregnant_after_all_takes_it_back() -> None:
    assert _words("I am pregnant", "sorry, I am not pregnant") == set()
    assert _words("I am not pregnant", "oh, I am pregnant") == {"pregnant"}
    assert _words("I am pregnant", "My strep test came back negative") == {"pregnant"}
    assert _words("I am on chemotherapy", "I stopped my moisturiser") == {"weakened immunity"}
    assert _words("I am pregnant", "Is doxycycline not safe in pregnancy?") == {"pregnant"}
    assert _words("I am pregnant", "My sister is not pregnant but has it too") == {"pregnant"}


def test_an_age_that_nobody_has_is_no_fact_to_set_right() -> None:
    assert told_again("I am 180", History(wrong=frozenset({"age"}))) is None


def test_a_fact_called_wrong_is_not_relied_on() -> None:
    history = History(age=20, pregnant=True, wrong=frozenset({"pregnant", "age"}))
    facts = facts_told(["I am pregnant"], history)
    assert facts == ()
    known = history_told(facts, history)
    assert known.pregnant is None and known.age is None


def test_a_fact_called_wrong_can_be_right_again() -> None:
    history = History(age=20, wrong=frozenset({"pregnant", "age"}))
    assert {fact.name for fact in facts_called_wrong(["I am pregnant"], history)} == {"pregnant", "age"}
    by_button = history.merged(History(right=frozenset({"pregnant"})))
    assert {fact.words for fact in facts_told(["I am pregnant"], by_button)} == {"pregnant"} and not by_button.right
    later = told_again("sorry, I am 41", history)
    assert later is not None
    assert _words("I am 41", history=history.merged(later)) == {"age 41"}
    assert told_again("Is it contagious?", history) is None and told_again("I am not pregnant", history) is None


def test_facts_stay_bounded() -> None:
    told = [f"I am allergic to thing{chr(97 + at)}" for at in range(26)]
    assert len(facts_told(told, History())) <= 12


def test_a_pregnancy_is_kept_however_long_the_list_of_allergies_is() -> None:
    allergens = ", ".join(f"thing{chr(97 + at)}" for at in range(15))
    assert "pregnant" in _words(f"I am pregnant. I am allergic to {allergens} and latex")


def test_an_allergy_is_kept_however_much_was_tried() -> None:
    tried = [f"the {name} cream did not help" for name in "aa bb cc dd ee ff gg hh ii jj kk ll mm nn".split()]
    assert "allergic to penicillin" in _words("I am allergic to penicillin", *tried)


def test_facts_of_the_first_turn_are_used_in_the_fiftieth(adviser: Adviser) -> None:
    said = ["I am pregnant and allergic to terbinafine. The clotrimazole cream did not help.", "I see."]
    for at in range(48):
        said += [f"is it contagious, part {at}?", "Ringworm is contagious."]
    reply = adviser.reply(RINGWORM, turns(*said, "How is it treated?"), TODAY)
    assert "pregnant" in reply.text and "clotrimazole cream did not help" in reply.text
    assert not any("terbinafine" in each.text.casefold() for each in reply.statements)


@pytest.mark.parametrize("question", ["How is it treated?", "The clotrimazole cream did not help."])
def test_what_was_tried_in_vain_is_not_advised_again(make_adviser: MakeAdviser, question: str) -> None:
    adviser = make_adviser(search=WordSearch(starter_passages()))
    before = adviser.reply(RINGWORM, turns("How is it treated?"), TODAY)
    assert any("clotrimazole" in each.text.casefold() for each in before.statements)
    after = adviser.reply(RINGWORM, turns("The clotrimazole cream did not help", "I see.", question), TODAY)
    assert after.statements
    assert not any("clotrimazole" in each.text.casefold() for each in after.statements)


def test_it_says_what_it_remembers(adviser: Adviser) -> None:
    reply = adviser.reply(RINGWORM, turns("I am pregnant", "Noted.", "what do you know about me?"), TODAY)
    assert "pregnant" in reply.text and "/memory" in reply.text
