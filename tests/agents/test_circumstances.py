"""What is told beside an illness changes nothing about it, however it sounds: a phone that died, a baby who crawls.

Run: ``pytest tests/agents/test_circumstances.py``
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.evaluation.triage_texts import ALARMS
from agents.triage import triage_words
from agents.triage.circumstances import without_circumstances
from conditions import TriageLevel


@pytest.mark.parametrize(
    "text",
    [
        "phone battery died so the photo is blurry, my lip burns from chilli",
        "I threw the salicylic acid away because it stung my face",
        "locked out of the house and got sunburnt waiting",
        "locked in the bathroom for some peace from the kids",
        "locked in the bathroom hiding from my twins, two minutes of peace. massage oil for babies?",
        "my baby has been crawling on the carpet and has a rash on his knees",
        "30 weeks pregnant, baby kicking loads, itchy stretch marks",
        "sunburnt chest feels tight",
        "sunburnt chest feels tight, breathing fine",
        "drool rash round his chin, 9 months. Barrier cream?",
        "panic over, black spot was felt pen",
        "No panic, the purple spots were blackberry juice, washed off",
    ],
)
def test_what_only_stands_beside_a_rash_calls_nobody(text: str) -> None:
    assert triage_words(text).level not in ALARMS


@pytest.mark.parametrize(
    "text",
    [
        "phone battery died so i write from his, shaking with fever and burning pee",
        "my phone battery died, purple rash on my son and he wont wake up",
        "i threw the acid at my face",
        "my husband locked me out, im locked out and its freezing",
        "locked in the bathroom for peace from the kids, want to die",
        "my 9 month old was crawling on the kitchen floor and swallowed a battery",
        "33 weeks baby moving well, dark wee and itching all over",
        "28 weeks baby kicking fine, burning pain when I pee and shaking with fever",
        "24 weeks, baby moving well, husband pushed me down",
        "sunburnt, chest feels tight",
        "sunburnt chest feels tight and breathing is funny",
        "sunburnt chest feels tight when I climb the stairs",
        "drool rash and now he is drooling and cant swallow",
        "some spots were felt pen and washed off but the others stay under the glass",
    ],
)
def test_danger_told_with_it_still_calls_an_ambulance(text: str) -> None:
    assert triage_words(text).level is TriageLevel.EMERGENCY


@given(st.text(max_size=400))
def test_any_text_is_taken(text: str) -> None:
    assert isinstance(without_circumstances(text), str)
