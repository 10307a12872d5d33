"""The reranker that comes with the library reads words in their context.

Run: ``pytest tests/knowledge/test_reranker.py``
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge import embedder
from knowledge.embedder import LateInteractionRanker, Turns
from knowledge.reranker import WEIGHTS, Reranker, load_reranker

SENTENCES = (
    "Ringworm, causes: Ringworm is caused by a fungus that lives on skin.",
    "Ringworm, is it contagious: Children with ringworm may go to school once treatment has begun.",
    "Ringworm, treatment: Tablets are needed when ringworm is on the scalp.",
)


@pytest.fixture(scope="module")
def reranker() -> Reranker:
    return load_reranker()


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("where do you even get it from, my lad has a ring on his arm", 0),
        ("does my daughter have to stay off nursery with it?", 1),
        ("is it ever a pill rather than cream", 2),
    ],
)
def test_the_sentence_that_answers_in_other_words_scores_best(reranker: Reranker, question: str, best: int) -> None:
    with torch.inference_mode():
        assert int(reranker([question], SENTENCES)[0].argmax()) == best


def test_a_score_does_not_depend_on_the_sentences_beside_it(reranker: Reranker) -> None:
    with torch.inference_mode():
        alone = reranker(["is it catching?"], SENTENCES[1:2])[0]
        beside = reranker(["is it catching?"], SENTENCES)[0, 1:2]
    assert torch.allclose(alone, beside, atol=1e-3)


@pytest.mark.parametrize("kept", [1, 2, 100])
def test_sentences_that_were_read_before_score_the_same(
    reranker: Reranker, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedder, "KEPT", kept)
    ranker = LateInteractionRanker(reranker, Turns())
    first = ranker.scores("is it catching?", SENTENCES)
    ranker.scores("is it ever a pill?", SENTENCES[1:])
    again = ranker.scores("is it catching?", (*SENTENCES[::-1], SENTENCES[0]))
    assert again == pytest.approx([*first[::-1], first[0]], abs=0.05)


@settings(deadline=None, max_examples=15)
@given(st.text(max_size=900), st.lists(st.text(max_size=400), min_size=1, max_size=4))
def test_any_text_is_scored(reranker: Reranker, question: str, sentences: list[str]) -> None:
    with torch.inference_mode():
        scores = reranker([question], sentences)
    assert scores.shape == (1, len(sentences)) and bool(scores.isfinite().all())


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    with np.load(WEIGHTS, allow_pickle=False) as read:
        np.savez(tmp_path / "other.npz", **{name: read[name] for name in list(read.files)[1:]})
    with pytest.raises(ValueError, match=r"agents\.selection\.reranking"):
        load_reranker(tmp_path / "other.npz")
