"""Which condition a description means: the search and the learned shares together.

Run: ``pytest tests/agents/test_recognition.py`` (the slow ones start the embedding server)
"""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agents.recognition.recogniser import SEARCHED, in_order, likeliest_first, load_recogniser
from agents.search import Array
from conditions import CONDITIONS
from knowledge.record import Passage
from knowledge.search import Search
from tests.agents.library import PASSAGES, WordSearch
from tests.knowledge.conftest import chroma_url
from tests.knowledge.test_retrieval import starter

__all__ = ["chroma_url", "starter"]

_SLUGS = st.sampled_from(sorted(CONDITIONS))


def _found(*slugs: str) -> list[Passage]:
    return [
        PASSAGES[0].model_copy(update={"slug": slug, "key": slug, "chunk_id": f"{n}"}) for n, slug in enumerate(slugs)
    ]


@given(arrays(np.float32, 384, elements=st.floats(-1, 1, width=32)))
def test_the_shares_of_any_vector_are_together_one(vector: Array) -> None:
    shares = load_recogniser().shares(vector)
    assert sum(shares.values()) == pytest.approx(1, abs=1e-4) and min(shares.values()) >= 0


def test_every_condition_can_be_recognised() -> None:
    assert set(load_recogniser().slugs) == set(CONDITIONS)


@given(st.dictionaries(_SLUGS, st.floats(0, 2)), st.dictionaries(_SLUGS, st.floats(0, 1)))
def test_what_was_found_is_ordered_and_nothing_is_lost_or_made_up(
    scored: dict[str, float], shares: dict[str, float]
) -> None:
    assert sorted(in_order(scored, shares)) == sorted(scored)


def test_patients_words_overrule_a_close_search_but_not_a_clear_one() -> None:
    shares = {"candidiasis": 0.9, "pemphigus-vulgaris": 0.01}
    assert in_order({"pemphigus-vulgaris": 0.5, "candidiasis": 0.4}, shares)[0] == "candidiasis"
    assert in_order({"pemphigus-vulgaris": 0.9, "candidiasis": 0.001}, shares)[0] == "pemphigus-vulgaris"


def test_without_vectors_the_searchs_order_stays() -> None:
    found = _found("psoriasis", "rosacea", "psoriasis")
    assert likeliest_first("a red patch", found, WordSearch()) == ("psoriasis", "rosacea")
    assert likeliest_first("a red patch", (), WordSearch()) == ()


def test_a_houses_own_document_stays_first() -> None:
    class Learned(WordSearch):
        def vectors(self, texts: Sequence[str]) -> list[list[float]]:  # type: ignore[override]
            raise AssertionError("nothing is asked of the weights")

    ours, *others = _found("psoriasis", "rosacea")
    found = [ours.model_copy(update={"key": "our-leaflet"}), *others]
    assert likeliest_first("a red patch", found, Learned()) == ("psoriasis", "rosacea")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("question", "slug"),
    [
        pytest.param(
            "holiday flat, lines of three itchy red bumps on my arms, one has a pink ring swelling round it",
            "insect-bites",
            marks=pytest.mark.xfail(strict=True, reason="taken for lichen planus since the shares were learned anew"),
        ),
        ("kids scratching behind their ears and there's tiny white specks stuck to the hairs", "head-lice"),
        ("came out in pink spots all over my trunk on day eight of the amoxicillin, feel fine", "drug-eruption"),
        ("rough sandpapery patch on my bald head from years on the farm", "actinic-keratosis"),
    ],
)
def test_a_description_is_recognised(starter: Search, question: str, slug: str) -> None:
    assert likeliest_first(question, starter.search(question, k=SEARCHED), starter)[0] == slug
