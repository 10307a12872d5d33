"""Puts the conditions that a search found in the order of how likely a description means them.

The search knows how guidelines speak, and the weights, which `agents.recognition.training` learns, how patients do: a
logistic regression over the question's vector gives every condition a share. What both say is multiplied.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from agents.search import Array, GuidelineSearch, vectors_of
from knowledge.record import Passage

WEIGHTS = Path(__file__).with_name("weights.npz")
SEARCHED = 40
"""Passages that a search should bring, so that the condition meant is among them."""
_LEAST_SHARE, _LEAST_SCORE = 1e-4, 1e-2
"""What a condition keeps that either holds for impossible: each is wrong at times."""


@dataclass(frozen=True)
class Recogniser:
    """`weights` (D + 1, slugs), the constant last."""

    slugs: tuple[str, ...]
    weights: Array

    @property
    def width(self) -> int:
        """Numbers in a vector."""
        return len(self.weights) - 1

    def shares(self, vector: Array) -> dict[str, float]:
        """How likely (together 1) each condition is what the text with this vector (D,) is about."""
        logits = np.append(vector, np.float32(1)) @ self.weights
        likely = np.exp(logits - logits.max())
        return dict(zip(self.slugs, (likely / likely.sum()).tolist(), strict=True))


def likeliest_first(question: str, found: Sequence[Passage], search: GuidelineSearch) -> tuple[str, ...]:
    """The slugs of the passages `found`, the one that the question most likely means first.

    The likeliest by the weights is among them even if the search missed it, so long as the library has it. The order is
    the search's where a house's own document comes first, which the weights cannot know, and with another embedding
    model than the one they were learned with. Raises what the search raises.
    """
    slugs = tuple(dict.fromkeys(passage.slug for passage in found))
    if len(slugs) < 2 or found[0].key != found[0].slug:
        return slugs
    recogniser = load_recogniser()
    told = vectors_of(search, [question], recogniser.width)
    if told is None:
        return slugs
    scored, shares = scores(found), recogniser.shares(told[0])
    missed = max(shares, key=lambda slug: shares[slug])
    if missed not in scored and search.search(question, k=1, slugs=[missed]):
        scored[missed] = 0.0
    return in_order(scored, shares)


def scores(found: Sequence[Passage]) -> dict[str, float]:
    """The best score of each condition's passages."""
    best: dict[str, float] = {}
    for passage in found:
        best[passage.slug] = max(passage.score, best.get(passage.slug, 0.0))
    return best


def in_order(scored: Mapping[str, float], shares: Mapping[str, float]) -> tuple[str, ...]:
    """The slugs by the product of the search's score and the share."""

    def weight(slug: str) -> float:
        return math.log(max(scored[slug], _LEAST_SCORE)) + math.log(shares.get(slug, 0.0) + _LEAST_SHARE)

    return tuple(sorted(scored, key=weight, reverse=True))


@lru_cache(maxsize=1)
def load_recogniser() -> Recogniser:
    """The learned weights."""
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        return Recogniser(tuple(stored["slugs"].tolist()), stored["weights"].astype(np.float32))
