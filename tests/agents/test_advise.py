"""The whole answer to a case: urgency, possibilities, cited statements, safety net.

Run: ``pytest tests/agents/test_advise.py``
"""

from datetime import timedelta

import pytest

from agents.adviser import Adviser
from agents.sentences import sentences
from agents.settings import AgentSettings
from agents.statements import MOST_STATEMENTS
from cases.record import Advice, Case, DangerSign, History
from conditions import TriageLevel
from tests.agents.conftest import MakeAdviser
from tests.agents.library import PASSAGES, WordSearch, starter_passages
from tests.agents.samples import MOLE, MOLE_PERHAPS_MELANOMA, RINGWORM, TODAY, Looking, case, findings, turns

LIBRARY = {sentence for passage in PASSAGES for sentence in sentences(passage.text)}
CASES = {
    "mole": MOLE,
    "mole, perhaps melanoma": MOLE_PERHAPS_MELANOMA,
    "melanoma": case(findings({"melanoma": 0.8})),
    "ringworm by words": RINGWORM,
    "not skin": case(findings({"not-skin": 0.95})),
    "healthy skin": case(findings({"healthy-skin": 0.95})),
    "cannot tell": case(findings({"cannot-tell": 0.95})),
    "abstained": case(findings({"melanocytic-naevus": 0.5, "melanoma": 0.2}, abstained=True)),
    "rash without words": case(findings({"cannot-tell": 0.9}), History(spot_or_rash="rash")),
    "words only": case(None, words="Is ringworm contagious?", photo_ids=()),
    "emergency": case(MOLE.findings, words="I can't breathe and my lips are swelling"),
    "danger button": case(MOLE.findings, History(danger=frozenset({DangerSign.BREATHING}))),
    "child": case(MOLE.findings, History(age=6)),
}


@pytest.mark.parametrize("name", CASES)
def test_every_answer_is_whole_cited_and_in_step(adviser: Adviser, name: str) -> None:
    of = CASES[name]
    advice = adviser.advise(of, TODAY)
    assert advice.revision == of.history_revision
    assert advice.now and advice.limits and advice.see_whom
    assert "no person is watching" in advice.limits
    assert len(advice.statements) <= MOST_STATEMENTS
    numbers = [citation.n for citation in advice.citations]
    assert numbers == list(range(1, len(numbers) + 1))
    passages = {citation.n: citation.passage for citation in advice.citations}
    for statement in advice.statements:
        assert statement.text in LIBRARY and statement.citations
        assert all(statement.text in passages[n] for n in statement.citations)
    texts = [statement.text for statement in advice.statements]
    assert len(set(texts)) == len(texts)
    assert not any("%" in each.words or any(char.isdigit() for char in each.words) for each in advice.possibilities)
    days = {TriageLevel.EMERGENCY: 0, TriageLevel.SAME_DAY: 0, TriageLevel.THIS_WEEK: 7}.get(advice.triage.level, 28)
    assert advice.see_by == TODAY + timedelta(days=days)


def test_the_most_serious_possibility_is_named_and_advised_on_first(adviser: Adviser) -> None:
    advice = adviser.advise(MOLE_PERHAPS_MELANOMA, TODAY)
    assert advice.triage.level is TriageLevel.THIS_WEEK
    assert [each.slug for each in advice.possibilities] == ["melanocytic-naevus", "seborrhoeic-keratosis", "melanoma"]
    assert "cannot be ruled out" in advice.possibilities[2].words and "this week" in advice.possibilities[2].words
    assert advice.citations[0].slug == "melanoma"
    assert {citation.slug for citation in advice.citations} == {"melanoma", "melanocytic-naevus"}


def test_melanoma_is_named_even_as_the_fourth(adviser: Adviser) -> None:
    likely = {"melanocytic-naevus": 0.4, "seborrhoeic-keratosis": 0.25, "actinic-keratosis": 0.2, "melanoma": 0.07}
    advice = adviser.advise(case(findings(likely)), TODAY)
    assert len(advice.possibilities) == 3 and advice.possibilities[-1].slug == "melanoma"
    assert advice.triage.level.urgency >= TriageLevel.ROUTINE.urgency


@pytest.mark.parametrize("name", ["mole, perhaps melanoma", "melanoma", "abstained"])
def test_a_suspicious_spot_is_never_told_to_wait_or_reassured(adviser: Adviser, name: str) -> None:
    advice = adviser.advise(CASES[name], TODAY)
    assert "Has a doctor already seen this spot?" in advice.now
    assert "four weeks" not in advice.text and "look again" not in advice.text
    said = " ".join(statement.text for statement in advice.statements)
    assert "left alone" not in said and "routine appointment" not in said and "not cancer" not in said
    assert "harmless for life" not in said


def test_an_emergency_starts_with_the_call_and_says_little_else(adviser: Adviser) -> None:
    for name in ("emergency", "danger button"):
        advice = adviser.advise(CASES[name], TODAY)
        assert advice.triage.level is TriageLevel.EMERGENCY
        assert advice.now.startswith("Call 112") and advice.text.startswith(advice.now)
        assert not advice.statements and not advice.watch_for and advice.see_by == TODAY


def test_the_emergency_number_of_the_place_is_used_and_no_other(agent_settings: AgentSettings) -> None:
    settings = agent_settings.model_copy(update={"emergency_number": "911"})
    adviser = Adviser(WordSearch(), None, None, Looking(), settings)
    for of in CASES.values():
        text = adviser.advise(of, TODAY).text
        assert "911" in text and "999" not in text and "112" not in text


def test_findings_never_lower_what_words_raise(adviser: Adviser) -> None:
    of = case(findings({"healthy-skin": 0.97}), words="my mole has changed colour, it grows and it bleeds")
    advice = adviser.advise(of, TODAY)
    assert advice.triage.level.urgency >= TriageLevel.THIS_WEEK.urgency
    assert advice.see_by <= TODAY + timedelta(days=7)


def test_only_what_describes_is_shown_of_the_models_words(adviser: Adviser) -> None:
    assert adviser.advise(MOLE, TODAY).seen == "In the photo: A brown spot with an uneven border and two colours."
    told = (
        "This is eczema. Use hydrocortisone 1%. No need to worry. Put honey on the red spot. "
        "It measures 6 mm on a flat surface."
    )
    recited = case(findings({"melanocytic-naevus": 0.97}, description=told))
    assert adviser.advise(recited, TODAY).seen == "In the photo: It measures 6 mm on a flat surface."


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("not skin", "do not think this photo shows skin"),
        ("healthy skin", "could not find a spot"),
        ("cannot tell", "cannot tell what this is"),
        ("abstained", "cannot tell what this is"),
        ("ringworm by words", "rests only on your words"),
        ("rash without words", "please tell me in a few words"),
    ],
)
def test_what_the_photo_cannot_answer_is_said_kindly(adviser: Adviser, name: str, words: str) -> None:
    advice = adviser.advise(CASES[name], TODAY)
    assert words in advice.seen
    assert "uneven border" not in advice.text


def test_an_abstained_model_still_cannot_hide_a_melanoma(adviser: Adviser) -> None:
    advice = adviser.advise(CASES["abstained"], TODAY)
    assert [each.slug for each in advice.possibilities] == ["melanoma"]
    assert advice.triage.level is TriageLevel.THIS_WEEK


def test_a_rash_is_led_by_words(adviser: Adviser) -> None:
    advice = adviser.advise(RINGWORM, TODAY)
    assert [each.slug for each in advice.possibilities] == ["tinea-corporis"]
    assert "fits some of your words" in advice.possibilities[0].words
    assert {citation.slug for citation in advice.citations} == {"tinea-corporis"}
    assert any("clotrimazole" in statement.text for statement in advice.statements)


@pytest.mark.parametrize(
    "words", ["Is ringworm contagious?", "is ringworm contagious", "My son asks: is ringworm contagious"]
)
def test_a_question_that_opened_the_case_is_answered(adviser: Adviser, words: str) -> None:
    advice = adviser.advise(case(None, words=words, photo_ids=()), TODAY)
    assert advice.statements[0].text.startswith("Ringworm is contagious")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("I have ringworm on my arm. Would it go to school with my son?", "Children with ringworm can go to school"),
        ("I have a mole on my arm. Do those fade?", "Some moles fade over many years"),
    ],
)
def test_a_question_of_no_known_kind_or_about_a_child_is_answered_as_well(
    adviser: Adviser, words: str, told: str
) -> None:
    advice = adviser.advise(case(None, words=words, photo_ids=()), TODAY)
    assert any(told in each.text for each in advice.statements[:3])


def test_a_question_that_leaves_open_what_it_asks_is_told_what_to_do(adviser: Adviser) -> None:
    advice = adviser.advise(case(None, words="itchy ring on my arm, I think ringworm, any ideas?", photo_ids=()), TODAY)
    assert any("clotrimazole" in each.text for each in advice.statements)


def test_what_holds_for_children_is_said_of_children_only(adviser: Adviser) -> None:
    def tells_of_children(advice: Advice) -> bool:
        return "A child's mole" in " ".join(each.text for each in advice.statements)

    assert tells_of_children(adviser.advise(CASES["child"], TODAY))
    assert not tells_of_children(adviser.advise(MOLE, TODAY))


@pytest.mark.parametrize(
    "words",
    [
        "How is scabies treated?",
        "what can I put on scabies",
        "Tell me how to treat scabies. My baby has it, how is scabies treated? Thanks",
    ],
)
def test_what_holds_for_babies_is_told_to_whoever_pressed_that_it_is_one(make_adviser: MakeAdviser, words: str) -> None:
    adviser = make_adviser(search=WordSearch(starter_passages()))

    def told(age: int) -> str:
        advice = adviser.advise(case(None, History(age=age), words, photo_ids=()), TODAY)
        return " ".join(each.text for each in advice.statements)

    assert "A baby under two months with possible scabies needs a doctor" in told(0)
    assert "in pregnancy and breastfeeding" not in told(0)
    if "baby" not in words:
        assert "baby" not in told(40)


def test_a_follow_up_about_care_is_answered_for_the_baby_as_well(make_adviser: MakeAdviser) -> None:
    adviser = make_adviser(search=WordSearch(starter_passages()))
    of = case(None, History(age=0), "scabies", photo_ids=())
    asked = "Is scabies treated with a cream?"
    for said in (turns(asked), turns("I am breastfeeding", "I see.", asked)):
        told = adviser.reply(of, said, TODAY)
        assert any("A baby under two months" in each.text for each in told.statements)


def test_signs_to_watch_for_are_quoted_and_more_urgent_than_the_case(adviser: Adviser) -> None:
    signs = adviser.advise(MOLE, TODAY).watch_for
    assert "Contact a doctor this week if a mole bleeds, oozes, itches or hurts." in signs[0] and signs[0].endswith("]")
    assert not any("can be left alone" in sign for sign in signs)
    urgent = adviser.advise(CASES["melanoma"], TODAY).watch_for
    assert urgent and not any("this week" in sign for sign in urgent)
    assert not any("surgery wound" in sign for sign in urgent)  # nobody has been operated on


def test_limits_are_told_where_they_matter(adviser: Adviser) -> None:
    def limits(of: Case) -> str:
        return adviser.advise(of, TODAY).limits

    assert "cannot rule out skin cancer" in limits(MOLE) and "brown and black skin" in limits(MOLE)
    assert "brown and black skin" not in limits(CASES["words only"])


@pytest.mark.parametrize(
    "words", ["ring shaped itchy rash on my leg, is it contagious?", "I have hives", "red patches all over my back"]
)
def test_what_the_patient_calls_a_rash_is_one_though_the_model_names_a_spot(adviser: Adviser, words: str) -> None:
    advice = adviser.advise(case(findings({"actinic-keratosis": 0.9}), words=words), TODAY)
    assert "actinic-keratosis" not in {each.slug for each in advice.possibilities}
    assert "rash" in advice.seen


@pytest.mark.parametrize("words", ["this is not a rash, it is one mole", "a brown spot on my arm"])
def test_one_spot_stays_a_spot(adviser: Adviser, words: str) -> None:
    advice = adviser.advise(case(findings({"actinic-keratosis": 0.9}), words=words), TODAY)
    assert "actinic-keratosis" in {each.slug for each in advice.possibilities}


def test_an_emergency_by_words_sends_nobody_to_a_pharmacist(adviser: Adviser) -> None:
    advice = adviser.advise(case(None, words="I have hives and I cannot breathe", photo_ids=()), TODAY)
    assert "pharmacist" not in advice.text
