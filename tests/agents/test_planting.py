"""Wrong sentences made of the library's own are not sent, and true ones mostly are.

Run: ``pytest tests/agents/test_planting.py``
"""

import pytest

from agents.evaluation.sentences_checked import leaks, paraphrases


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_planted_wrong_sentences_do_not_get_through() -> None:
    through, tried = leaks()
    assert tried >= 10_000
    assert len(through) <= 0.001 * tried, through


def test_true_paraphrases_mostly_survive() -> None:
    told = paraphrases()
    assert len(told) >= 30
    assert sum(kept for _, _, kept in told) >= 0.8 * len(told)
