"""The second reading of words only raises, and is measured on texts it was not trained on.

Run: ``pytest tests/agents/test_likeness.py``
"""

from pathlib import Path

import pytest
import yaml

from agents.evaluation.triage_texts import HELD_OUT, figures
from agents.triage import likeness, triage_words
from conditions import TriageLevel
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
    assert found["exact"] >= 0.9


def test_no_held_out_text_is_trained_on() -> None:
    held = {text for texts in yaml.safe_load(HELD_OUT.read_text(encoding="utf-8")).values() for text in texts}
    trained = {text for text, _ in ALL}
    assert len(held & trained) <= 0.12 * len(held)  # a few plain texts were written twice: "dry elbows", "thank you"


def test_it_only_raises(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    texts = [text for text, _ in ALL[::7]]
    with_it = [triage_words(text).level.urgency for text in texts]
    monkeypatch.setattr(likeness, "WEIGHTS", tmp_path / "none.json")
    likeness.likeness.cache_clear()
    try:
        without = [triage_words(text).level.urgency for text in texts]
    finally:
        likeness.likeness.cache_clear()
    assert all(raised >= plain for raised, plain in zip(with_it, without, strict=True))


def test_an_empty_text_resembles_nothing() -> None:
    assert triage_words("").level is TriageLevel.SELF_CARE
