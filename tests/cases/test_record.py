"""The records: how two histories become one, and the answer as the patient reads it."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cases.record import Advice, DangerSign, History, Statement, marked
from cases.vault import Vault
from tests.cases.samples import advice, citation

BOOLS = st.none() | st.booleans()
HISTORIES = st.builds(
    History,
    age=st.none() | st.integers(0, 130),
    itch=BOOLS,
    grew=BOOLS,
    spot_or_rash=st.sampled_from([None, "spot", "rash"]),
    danger=st.frozensets(st.sampled_from(DangerSign)),
)
REAL_SIGNS = frozenset(DangerSign) - {DangerSign.NONE}


@given(HISTORIES, HISTORIES)
def test_a_danger_sign_is_never_taken_back(first: History, then: History) -> None:
    assert (first.merged(then)).danger & REAL_SIGNS == (first.danger | then.danger) & REAL_SIGNS


@given(HISTORIES, HISTORIES)
def test_new_answers_win_and_silence_changes_nothing(first: History, then: History) -> None:
    merged = first.merged(then)
    assert merged.age == (first.age if then.age is None else then.age)
    assert merged.itch == (first.itch if then.itch is None else then.itch)
    assert first.merged(History()).model_copy(update={"danger": first.danger}) == first


def test_none_of_these_stands_only_alone() -> None:
    none, eye = History(danger=frozenset({DangerSign.NONE})), History(danger=frozenset({DangerSign.EYE}))
    assert none.merged(none).danger == {DangerSign.NONE}
    assert none.merged(eye).danger == {DangerSign.EYE}
    assert eye.merged(none).danger == {DangerSign.EYE}


def test_the_answer_says_first_what_to_do_now_and_marks_what_is_cited() -> None:
    text = advice(0).text
    assert text.startswith("Have it looked at this week.")
    assert "melanoma: cannot be ruled out" in text
    assert "Keep it out of the sun. [1]" in text
    assert "See a doctor by 8 March 2026." in text
    assert "[1] Melanoma, Self-care. NICE (not reviewed by a clinician)" in text


def test_a_reviewed_source_says_when() -> None:
    reviewed = advice(0).model_copy(update={"citations": (citation(date(2026, 1, 31)),)})
    assert "NICE (reviewed 2026-01-31)" in reviewed.text


def test_a_source_says_by_when_it_is_to_be_reviewed() -> None:
    due = citation().model_copy(update={"review_by": date(2027, 11, 30)})
    text = advice(0).model_copy(update={"citations": (due,)}).text
    assert "NICE (not reviewed by a clinician; review due 2027-11-30)" in text


def test_a_sealed_answer_from_before_review_dates_were_kept_still_opens() -> None:
    old = advice(0).model_dump(mode="json")
    for cited in old["citations"]:
        del cited["review_by"]
    vault = Vault(b"k" * 32)
    opened = vault.open_record(Advice, vault.seal(json.dumps(old).encode(), "advice"), "advice")
    assert opened == advice(0)
    assert not opened.citations[0].is_overdue(date.max)


def test_a_statement_without_sources_has_no_marks() -> None:
    assert marked(Statement(text="I cannot tell.", citations=())) == "I cannot tell."
    assert marked(Statement(text="Wash it.", citations=(1, 3))) == "Wash it. [1][3]"


def test_an_unknown_field_or_a_change_is_refused() -> None:
    with pytest.raises(ValidationError):
        History.model_validate({"agge": 3})
    with pytest.raises(ValidationError):
        History(age=3).age = 4  # type: ignore[misc]
