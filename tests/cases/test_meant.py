"""Words that come weeks later find the case they are about.

Run: ``pytest tests/cases/test_meant.py``
"""

from datetime import UTC, date, datetime, timedelta

import pytest

from cases.meant import meant, meant_earlier
from cases.record import Advice, Case, CaseStatus, History, Statement, Triage
from conditions import TriageLevel

START = datetime(2026, 5, 1, tzinfo=UTC)


def _advice(text: str) -> Advice:
    return Advice(
        triage=Triage(level=TriageLevel.SELF_CARE, reasons=()),
        now="",
        seen="",
        possibilities=(),
        statements=(Statement(text=text, citations=()),),
        citations=(),
        watch_for=(),
        see_by=date(2026, 6, 1),
        see_whom="",
        limits="",
        revision=0,
    )


def _case(name: str, words: str, said: str, weeks: int, status: CaseStatus = CaseStatus.DELIVERED) -> Case:
    return Case(
        id=name * 32,
        patient_id=1,
        chat_id=1,
        status=status,
        history=History(),
        history_revision=0,
        words=words,
        photo_ids=(),
        findings=None,
        advice=_advice(said),
        status_message_id=None,
        attempts=0,
        created=START + timedelta(weeks=weeks),
    )


RING = _case("a", "an itchy ring on my leg", "Use antifungal cream on the ring.", 0, CaseStatus.CLOSED)
MOLE = _case("b", "a dark mole on my back", "Have the mole looked at.", 5)


def test_the_cream_belongs_to_the_case_where_a_cream_was_advised() -> None:
    assert meant("the cream did not help", [RING, MOLE], MOLE).id == RING.id


def test_a_cream_that_was_advised_against_is_not_the_one_that_failed() -> None:
    warned = MOLE.model_copy(update={"advice": _advice("Do not use steroid cream or paste on a possible melanoma.")})
    assert meant("the cream did not help", [RING, warned], warned).id == RING.id


def test_the_mole_belongs_to_the_newest() -> None:
    assert meant("the mole has grown", [RING, MOLE], MOLE).id == MOLE.id


def test_words_that_fit_nothing_stay_with_the_current_case() -> None:
    assert meant("hello again", [RING, MOLE], MOLE).id == MOLE.id
    assert meant("is it dangerous?", [RING, MOLE], MOLE).id == MOLE.id


def test_whoever_says_that_it_is_the_same_one_speaks_of_the_current_case() -> None:
    before = RING.model_copy(update={"advice": _advice("A mole that stays the same can be left alone. One in five.")})
    assert meant("It is the same one as on 4 March 2026", [before, MOLE], MOLE).id == MOLE.id


def test_a_case_without_an_answer_is_never_chosen_over_the_current() -> None:
    waiting = _case("c", "cream cream cream", "", 1, CaseStatus.RECEIVED).model_copy(update={"advice": None})
    assert meant("the cream did not help", [waiting, MOLE], MOLE).id == MOLE.id


@pytest.mark.parametrize(
    "words",
    [
        "the cream did not help",
        "The antifungal cream has made it worse, it still itches",
        "you told me to use a cream, for how long?",
        "the itchy ring did not go",
        "the ring is back",
    ],
)
def test_where_no_case_is_open_words_that_go_on_find_their_case(words: str) -> None:
    found = meant_earlier(words, [RING, MOLE])
    assert found is not None and found.id == RING.id


@pytest.mark.parametrize(
    "words",
    [
        "I have an itchy ring on my arm",
        "an itchy ring on my leg",
        "a new itchy ring, the cream did not help",
        "the itchy ring on my face did not go",
        "the cream did not help my dandruff",
        "the cream did not help my son",
        "the tablets did not help",
        "it is worse",
        "is it contagious?",
        "new problem: the cream did not help",
    ],
)
def test_where_no_case_is_open_a_new_complaint_or_a_riddle_belongs_to_none(words: str) -> None:
    assert meant_earlier(words, [RING, MOLE]) is None


def test_where_two_cases_or_a_failed_one_fit_as_well_none_is_chosen() -> None:
    eczema = _case("c", "dry skin", "Use moisturising cream.", 8, CaseStatus.CLOSED)
    assert meant_earlier("the cream did not help", [RING, MOLE, eczema]) is None
    failed = _case("d", "the cream stings", "", 9, CaseStatus.FAILED).model_copy(update={"advice": None})
    assert meant_earlier("the cream did not help", [RING, MOLE, failed]) is None
    other = failed.model_copy(update={"words": "brown freckles"})
    found = meant_earlier("the cream did not help", [RING, MOLE, other])
    assert found is not None and found.id == RING.id
