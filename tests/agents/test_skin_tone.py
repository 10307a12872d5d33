"""How dark somebody's skin is makes nothing more urgent, and hides nothing that is.

Run: ``pytest tests/agents/test_skin_tone.py``
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.evaluation.triage_texts import ALARMS
from agents.triage import triage_words
from agents.triage.skin_tone import without_skin_tone
from conditions import TriageLevel


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("does rosacea look different on black skin?", "does rosacea look different on skin?"),
        ("My skin is dark and it itches", "My skin and it itches"),
        ("i am a black woman with acne", "i am a woman with acne"),
        ("eczema in a dark-skinned toddler", "eczema in a skin toddler"),
        ("the skin around it is black", "the skin around it is black"),
        ("my skin is black around the cut", "my skin is black around the cut"),
        ("there is black dead skin on my foot", "there is black dead skin on my foot"),
        ("the skin turned black", "the skin turned black"),
        ("a black mole", "a black mole"),
    ],
)
def test_only_what_a_skin_always_was_is_taken_out(text: str, left: str) -> None:
    assert without_skin_tone(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "does rosacea show up different on black skin, i never look red",
        "my skin is dark and there are pale spots on my chest and back with fine dust scale",
        "i am from ghana, had lichen planus and now dark marks on my legs. will the colour go back to normal?",
        "how does psoriasis differ on black skin and will it leave marks",
    ],
)
def test_a_question_about_dark_skin_is_no_alarm(text: str) -> None:
    assert triage_words(text).level not in ALARMS


@pytest.mark.parametrize(
    "text",
    [
        "I have dark skin. The skin around my cut has turned black and it hurts terribly, I have a fever",
        "black woman, purple spots on my legs that do not fade with a glass and a fever",
        "my skin is brown, my lips are swelling and I cannot breathe",
    ],
)
def test_an_emergency_on_dark_skin_is_one(text: str) -> None:
    assert triage_words(text).level is TriageLevel.EMERGENCY


@given(st.text(max_size=200))
def test_nothing_is_added(text: str) -> None:
    assert len(without_skin_tone(text)) <= len(text)
