"""Questions that describe a complaint without naming it: what is asked, what it is about, what is outside the library.

Run: ``pytest tests/agents/test_describing.py``
"""

import pytest

from agents.adviser import Adviser
from agents.grounding import NOT_COVERED
from agents.intents import Intent, asking_clauses, intents
from agents.replying import guess, who_can_tell
from agents.scope.words import outside_by_words
from agents.subjects import Subject, named_in
from agents.triage import triage_words
from conditions import EMERGENCIES, TriageLevel
from tests.agents.library import PASSAGES
from tests.agents.samples import TODAY, case, turns

_EMPTY = case(None, words="", photo_ids=())
_DESCRIBES = "a scaly itchy ring with a clear middle on my arm that grows"


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("red itchy square where the plaster was, how long will it stay", Intent.DURATION),
        ("my leg is red and it started from a cut what is it", Intent.WHAT_IS_IT),
        ("Greasy flakes, my scalp is aye itchy. Whit is it?", Intent.WHAT_IS_IT),
        ("when can he go back to nursery, itchy blisters now mostly crusts", Intent.CONTAGION),
        ("painful lump, should I see somebody about it", Intent.HELP),
        ("itchy bumps in spring, what sets them off", Intent.CAUSE),
        ("dry sore hands, how do I stop it coming back", Intent.PREVENTION),
        ("itchy flakes in my brows, which shampoo works", Intent.TREATMENT),
        ("and if freezing does not work what is next?", Intent.TREATMENT),
        ("A painless round ulcer on my arm that does not heal with antibiotics. How did I get this?", Intent.CAUSE),
        ("Round lump with a black dot, smelly stuff comes out. What would make it need a doctor?", Intent.HELP),
    ],
)
def test_what_is_asked_is_heard_and_not_what_is_described(question: str, asks: Intent) -> None:
    assert asks in intents(asking_clauses(question))
    assert Intent.SELF_CARE not in intents(asking_clauses(question)) or asks is Intent.SELF_CARE


def test_what_it_was_mistaken_for_is_not_named_and_a_name_in_capitals_is() -> None:
    assert named_in("A flat scaly patch on my shin. I took it for ringworm or psoriasis, but no cream helps.") == ()
    assert [each.slug for each in named_in("The letter says DRESS after allopurinol. What is it?")] == ["dress"]
    assert named_in("the dress rubs my neck") == ()
    assert named_in("My flatmate says ringworm. How do you tell the difference?") == ()
    assert named_in("My lips swelled up for a day, no hives at all. Can I take such tablets again?") == ()
    assert [each.slug for each in named_in("The GP says psoriasis. Is it catching?")] == ["psoriasis"]


@pytest.mark.parametrize(
    ("word", "slugs"),
    [
        ("molloscum", ["molluscum-contagiosum"]),
        ("anaphilaxis", ["anaphylaxis"]),
        ("singles", []),  # no shingles
        ("cellulite", []),
    ],
)
def test_a_misspelt_name_is_a_name(word: str, slugs: list[str]) -> None:
    assert [each.slug for each in named_in(f"What do I do about {word}?")] == slugs


def test_what_something_is_like_is_not_what_it_is() -> None:
    assert named_in("itchy pink blotches like measles, from the tablets. When do they go?") == ()


def test_ringworm_of_the_scalp_is_a_condition_of_its_own() -> None:
    assert [each.slug for each in named_in("My pupil has ringworm on his scalp. Must he be off?")] == ["tinea-capitis"]
    assert [each.slug for each in named_in("Ringworm on my arm. Can it get into my hair?")] == ["tinea-corporis"]


def test_a_child_who_is_spoken_of_is_not_what_is_asked_about() -> None:
    assert intents("is it contagious to my son?") == (Intent.CONTAGION,)
    assert Intent.FAMILY in intents("can it harm the baby if I am pregnant?")


def test_an_answer_to_a_description_says_what_it_rests_on(adviser: Adviser) -> None:
    reply = adviser.reply(_EMPTY, turns(f"{_DESCRIBES}, can my brother catch it"), TODAY)
    assert reply.text.startswith("Going only by your words, it may be ringworm")
    assert any("Ringworm is contagious" in each.text for each in reply.statements[:2])


def test_a_description_with_an_odd_question_still_gets_what_is_known(adviser: Adviser) -> None:
    reply = adviser.reply(_EMPTY, turns(f"{_DESCRIBES}, gaffer tape ok?"), TODAY)
    assert reply.statements and NOT_COVERED not in reply.text
    assert {citation.slug for citation in reply.citations} == {"tinea-corporis"}


@pytest.mark.parametrize("slug", sorted(EMERGENCIES))
def test_an_emergency_that_is_described_is_never_for_a_pharmacist(slug: str) -> None:
    told = guess((Subject.of(slug),), TriageLevel.SELF_CARE, "999")
    assert "pharmacist" not in told and "call 999 now" in told
    assert "pharmacist" in guess((Subject.of("scabies"),), TriageLevel.SELF_CARE, "999")


@pytest.mark.parametrize(
    "question",
    [
        "granuloma annulare, does it go away",
        "what is Hailey-Hailey disease and is it catching",
        "my son has ichthyosis, which bath oil for the dry scaly skin",
        "Cat has bald patches and scabs, can I use my own steroid cream on her?",
        "private mole removal, how much do they charge",
    ],
)
def test_other_illnesses_and_matters_are_outside_by_words(question: str) -> None:
    assert outside_by_words(question, PASSAGES)


def test_an_illness_that_a_guideline_is_titled_after_is_inside() -> None:
    assert not outside_by_words("what causes melanoma", PASSAGES)
    assert not outside_by_words(f"{_DESCRIBES}, and after the hotel, how to calm it", PASSAGES)


@pytest.mark.parametrize(
    "text",
    [
        "do those hair bugs jump from head to head",
        "rough sandpaper rash and strawberry tongue in my 6 year old",
        "my husband has a lump with a black dot, sometimes cheesy stuff comes out of it",
        "I am 71 with a band of painful burning blisters on one side of my ribs, could my granddaughter catch it",
        "hives most days, throat and tongue never been involved, antihistamine helps",
    ],
)
def test_what_only_sounds_like_an_emergency_is_none(text: str) -> None:
    assert triage_words(text).level is not TriageLevel.EMERGENCY


def test_a_strawberry_tongue_is_seen_today() -> None:
    assert triage_words("rough rash and a strawberry tongue in my son").level is TriageLevel.SAME_DAY


@pytest.mark.parametrize(
    "text",
    ["I want to jump from a bridge", "lips and tongue swelling after strawberries", "infected cut and he is out of it"],
)
def test_what_sounds_like_it_and_is_one_stays_one(text: str) -> None:
    assert triage_words(text).level is TriageLevel.EMERGENCY


def test_an_emergency_among_the_possibilities_sends_to_no_pharmacist() -> None:
    told = who_can_tell(TriageLevel.SELF_CARE, Subject.of("meningococcal-disease"), "999")
    assert told == "if someone has its signs now, call 999 now"
    assert "pharmacist" in who_can_tell(TriageLevel.SELF_CARE, Subject.of("scabies"), "999")
