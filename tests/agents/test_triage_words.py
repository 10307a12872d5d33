"""The patient's words: every text of `triage_cases.yaml`, what comes near them, and what must hold of any text.

Run: pytest tests/agents/test_triage_words.py
"""

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agents.evaluation.triage_texts import ALARMS, CALM
from agents.triage import triage_words
from agents.triage.rules import rules
from agents.triage.words import by_words
from cases.record import Triage
from conditions import TriageLevel

CASES: dict[TriageLevel, list[str]] = {
    TriageLevel(level): texts
    for level, texts in yaml.safe_load(
        Path(__file__).with_name("triage_cases.yaml").read_text(encoding="utf-8")
    ).items()
}
ALL = [(text, level) for level, texts in CASES.items() for text in texts]
NEAR_MISSES: dict[str, list[str]] = yaml.safe_load(
    Path(__file__).with_name("triage_near_misses.yaml").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def found() -> Mapping[str, Triage]:
    """What is read of every case: once, for all the tests here."""
    return {text: triage_words(text) for text, _ in ALL}


def test_there_are_enough_cases_of_each_kind() -> None:
    counts = {level: len(texts) for level, texts in CASES.items()}
    assert sum(counts.values()) >= 160
    assert counts[TriageLevel.EMERGENCY] >= 60
    assert counts[TriageLevel.SAME_DAY] >= 30
    assert counts[TriageLevel.THIS_WEEK] >= 30
    assert sum(counts[level] for level in CALM) >= 40
    assert len({text for text, _ in ALL}) == len(ALL)


@pytest.mark.parametrize("text", CASES[TriageLevel.EMERGENCY])
def test_every_emergency_is_found(found: Mapping[str, Triage], text: str) -> None:
    assert found[text].level is TriageLevel.EMERGENCY
    assert found[text].reasons[0].level is TriageLevel.EMERGENCY


def test_every_rule_of_words_is_set_off_by_a_text() -> None:
    """A rule that no text sets off may have lost its wording without anybody seeing it."""
    told = {reason.rule for text, _ in ALL for reason in by_words(text).reasons}
    assert [name for name, (rule, _) in rules().items() if rule.groups and name not in told] == []


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in NEAR_MISSES.items() for text in texts])
def test_what_only_comes_near_a_rule_does_not_set_it_off(rule: str, text: str) -> None:
    told = by_words(text)
    assert rule in rules()
    assert rule not in {reason.rule for reason in told.reasons}
    assert told.level not in ALARMS


def test_false_alarms_are_rare(found: Mapping[str, Triage]) -> None:
    calm = [text for level in CALM for text in CASES[level]]
    alarmed = [text for text in calm if found[text].level in ALARMS]
    assert len(alarmed) <= 0.03 * len(calm), alarmed


def test_levels_are_mostly_exact_and_nearly_always_within_one(found: Mapping[str, Triage]) -> None:
    distances = [abs(found[text].level.urgency - level.urgency) for text, level in ALL]
    assert distances.count(0) >= 0.75 * len(ALL)
    assert sum(distance <= 1 for distance in distances) >= 0.95 * len(ALL)


@given(st.text())
def test_no_text_raises(text: str) -> None:
    found = triage_words(text)
    assert found.reasons or found.level is TriageLevel.SELF_CARE


_WORDS = sorted({word for text, _ in ALL for word in text.split()})


@given(
    st.lists(
        st.sampled_from([*_WORDS, ",", ",", ":)", "no", "not", "if", "?", ".", "my neighbour", "last year"]),
        max_size=40,
    )
)
def test_no_jumble_of_patients_words_raises(words: list[str]) -> None:
    triage_words(" ".join(words))


def test_a_text_of_any_length_is_read() -> None:
    assert triage_words("a rash " * 20_000).level in CALM


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("my leg is infected and I am shivering", TriageLevel.EMERGENCY),
        ("my leg is infected and I am not shivering", TriageLevel.THIS_WEEK),
        ("my baby is 3 weeks old and has a temperature of 38.2", TriageLevel.EMERGENCY),
        ("my baby is 3 weeks old and has a temperature of 37.2", None),
        ("my daughter, 8 years, has a temperature of 38.2 and a rash", TriageLevel.SAME_DAY),
        ("I have a 3 week old rash", None),
        ("he has chickenpox, spots crusting, somebody is pregnant at home", TriageLevel.SAME_DAY),
        ("he has chickenpox, spots crusting, nobody pregnant at home", None),
        (
            "rough rash, strawberry tongue, sore throat. antibiotics since yesterday. how long off school",
            TriageLevel.SAME_DAY,
        ),
        ("rash, sore mouth and red eyes, antibiotics since last night, the skin is peeling", TriageLevel.EMERGENCY),
        ("I have floppy bits of skin on my neck", None),
        ("my baby is floppy", TriageLevel.EMERGENCY),
        ("lichen planus left dark marks on my wrists", TriageLevel.ROUTINE),
        ("I have cuts on my wrists", TriageLevel.EMERGENCY),
        ("I survived sepsis two years ago and my skin is dry", TriageLevel.SELF_CARE),
        ("I think this is sepsis", TriageLevel.EMERGENCY),
        ("red ring on my calf since I walked in the forest", TriageLevel.THIS_WEEK),
        ("red ring on my calf since I wore new socks", None),
    ],
)
def test_one_word_or_number_can_turn_the_level(text: str, level: TriageLevel | None) -> None:
    """None: no alarm; which of the three lower levels it is is learned and may change."""
    told = triage_words(text).level
    assert told is level if level else told not in ALARMS
