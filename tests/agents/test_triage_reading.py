"""How a text is read: negation, the past, other people, questions, spelling, ages.

Run: pytest tests/agents/test_triage_reading.py
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import agents.triage as triage_package
from agents.triage.phrases import compile_phrases
from agents.triage.reading import read, term_names, terms
from agents.triage.rules import rules
from agents.triage.spelling import mend, slips

letters = st.text(st.sampled_from("abcdef"), max_size=8)


@pytest.mark.parametrize(
    "text",
    [
        "no fever",
        "without any fever",
        "no itch, fever or pain",
        "no fever, swelling or trouble breathing",
        "he doesn't have a fever",
        "he does not have a fever",
        "I don't think he has a fever",
        "fever: no",
        "Fever? No.",
        "she never had a fever with it",
        "not itchy nor feverish",
        "no pain and no fever",
        "the temperature is normal",
        "her temperature was back to normal",
    ],
)
def test_a_denied_fever_is_no_fever(text: str) -> None:
    assert "fever" not in read(text).anyone_now


@pytest.mark.parametrize(
    "text",
    [
        "no rash but a fever",
        "no rash, my son has a fever",
        "not itchy, he has a fever",
        "it is not getting better and I have a fever",
        "I'm not sure what this is, I have a fever",
        "no relief from the cream, now fever",
        "no cough however a fever",
        "not only a rash, also a fever",
        "I have a fever and my breathing is not normal",
        "fevr since last night",
        "he's burning up",
        "temp 39.1",
        "temperature is 102.5 f",
        "last year I had hives, today I have a fever",
        "my neighbour has hives and I have a fever",
        "my baby has a fever",
        "my mum has a fever",
    ],
)
def test_a_fever_is_found(text: str) -> None:
    assert "fever" in read(text).affirmed


@pytest.mark.parametrize(
    "text",
    [
        "last year I had hives",
        "I had hives when I was a child",
        "I used to get hives",
        "years ago I had hives",
        "my neighbour had hives",
        "can nuts cause hives?",
        "what are the signs of hives",
        "what should I do if I get hives?",
        "my dog has hives",
    ],
)
def test_the_past_other_people_and_questions_are_not_the_patient_now(text: str) -> None:
    assert "hives" not in read(text).affirmed


def test_somebody_else_who_is_ill_now_is_told_apart() -> None:
    reading = read("my neighbour is wheezing")
    assert "trouble_breathing" in reading.anyone_now
    assert "trouble_breathing" not in reading.affirmed


def test_blanching_is_told_from_not_blanching() -> None:
    assert "nonblanching" in read("the spots don't fade when I press a glass on them").affirmed
    assert "nonblanching" not in read("the spots fade when I press a glass on them").affirmed
    assert "blanches" in read("the spots fade when I press a glass on them").affirmed


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("swolen", "swollen"),
        ("brething", "breathing"),
        ("throte", "throat"),
        ("purpel", "purple"),
        ("blsiter", "blister"),
        ("infectoin", "infection"),
        ("shiverring", "shivering"),
    ],
)
def test_misspelt_danger_words_are_mended(wrong: str, right: str) -> None:
    assert mend(wrong) == right


@pytest.mark.parametrize("word", ["never", "lever", "treat", "bread", "scalp", "people", "feeling", "nearly", "single"])
def test_ordinary_words_are_left_alone(word: str) -> None:
    assert mend(word) == word


@given(letters, letters)
def test_slips_are_a_distance(left: str, right: str) -> None:
    assert slips(left, right) == slips(right, left)
    assert (slips(left, right) == 0) == (left == right)
    assert slips(left, right) <= max(len(left), len(right))


@pytest.mark.parametrize(
    ("text", "present"),
    [
        ("my 3 week old", True),
        ("he is 10 weeks old", True),
        ("she's 9 weeks", True),
        ("newborn", True),
        ("two month old baby", True),
        ("cetirizine one a day is not enough", False),
        ("8wk old", True),
        ("a 3 week old rash", False),
        ("my 4 month old", False),
        ("when I was 3 weeks old", False),
        ("the rash is 3 weeks old", False),
    ],
)
def test_an_age_under_three_months_is_the_persons(text: str, present: bool) -> None:
    assert ("under_3_months" in read(text).affirmed) is present


def test_the_phrase_language() -> None:
    pattern = compile_phrases(["<big> .. mole", "(red|hot) & leg*", "very? sore"], {"big": ["large", "quite big"]})
    found = ["large dark mole ", "quite big mole ", "leg is hot ", "red left legs ", "sore ", "very sore "]
    missed = ["large but mole ", "large a b c d mole ", "leg not hot ", "enlarge mole "]
    assert all(pattern.search(line) for line in found)
    assert not any(pattern.search(line) for line in missed)


def test_broken_phrases_are_refused() -> None:
    with pytest.raises(ValueError, match="brackets"):
        compile_phrases(["(red|hot leg"], {})
    with pytest.raises(ValueError, match="empty"):
        compile_phrases(["red?"], {})
    with pytest.raises(KeyError):
        compile_phrases(["<nothing>"], {})


def test_every_term_has_a_pattern() -> None:
    assert set(terms()) <= term_names()
    assert all(term.pattern.pattern for term in terms().values())


def test_every_term_and_every_rule_is_used() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in Path(triage_package.__file__).parent.glob("*.py"))
    in_rules = {term for rule, _ in rules().values() for group in (*rule.groups, rule.unless) for term in group}
    assert [name for name in terms() if name not in in_rules and f'"{name}"' not in sources] == []
    assert [name for name, (rule, _) in rules().items() if not rule.groups and f'"{name}"' not in sources] == []
