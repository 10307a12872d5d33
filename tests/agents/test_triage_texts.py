"""Triage reaches its bars on texts that nothing was learned from.

Run: ``pytest tests/agents/test_triage_texts.py``
"""

import pytest
import yaml

from agents.evaluation.triage_texts import HELD_OUT, figures
from tests.agents.test_triage_words import ALL


def test_held_out_texts_reach_the_bars() -> None:
    found = figures()
    assert found["missed"] == 0
    assert found["false_alarms"] <= 0.03
    assert found["exact"] >= 0.75
    assert found["within_one"] >= 0.95


@pytest.mark.parametrize("name", ["triage_second_writer_a.yaml", "triage_second_writer_b.yaml"])
def test_what_a_second_writer_wrote_stays_read(name: str) -> None:
    found = figures(HELD_OUT.with_name(name))
    assert found["texts"] == 130 and found["emergencies"] == 45
    assert found["missed"] == 0
    assert found["false_alarms"] <= 0.03
    assert found["exact"] >= 0.85


def test_no_held_out_text_is_trained_on() -> None:
    held = {text for texts in yaml.safe_load(HELD_OUT.read_text(encoding="utf-8")).values() for text in texts}
    trained = {text for text, _ in ALL}
    assert len(held & trained) <= 0.12 * len(held)  # a few plain texts were written twice: "dry elbows", "thank you"
