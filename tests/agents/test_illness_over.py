"""Who tells of an illness long over needs no ambulance; who is ill again or still does.

Run: ``pytest tests/agents/test_illness_over.py``
"""

import pytest

from agents.evaluation.triage_texts import ALARMS
from agents.triage import triage_words
from conditions import TriageLevel


@pytest.mark.parametrize(
    "text",
    [
        "In April our toddler got clusters of punched out sores all over the eczema with a fever. Four days on a drip. "
        "He's well now. How do we prevent a second time?",
        "Our newborn came home on Tuesday after a week in for staphylococcal scalded skin syndrome. He looks "
        "great now. Will it leave scars?",
        "After lamotrigine my brother got sore eyes, a fever, his mouth came up in ulcers and his skin blistered and "
        "peeled off. He spent a month on the burns unit and he's home and mending now. Was it the tablet?",
    ],
)
def test_an_illness_long_over_calls_nobody(text: str) -> None:
    assert triage_words(text).level not in ALARMS


@pytest.mark.parametrize(
    "text",
    [
        "he was discharged from hospital yesterday and is confused now with a red hot leg",
        "we came home from hospital after sepsis. she is ok but very drowsy and mottled today",
        "he started lamotrigine three weeks ago and came out in blisters, his mouth got sore. He is fine in himself",
        "should I take her to hospital? she had hives and couldn't breathe after nuts, she is fine now",
        "he had peanuts, his lips swelled up and he wheezed, he is fine now",
        "He came home from hospital last week and was well again. Then at lunch he went grey and floppy and stopped "
        "breathing",
        "He had a rash in March and is fine now. The baby has purple spots which stay under a glass",
        "dad spent two weeks in hospital. he is well but his leg is red and spreading and he is shivering",
    ],
)
def test_one_that_is_not_over_does(text: str) -> None:
    assert triage_words(text).level is TriageLevel.EMERGENCY
