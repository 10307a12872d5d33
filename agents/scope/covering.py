"""Whether the library covers what a question is about; the weights are learned by `agents.scope.training`.

A logistic regression over the question's vector, the signs in its words, and how near it is to two sets of texts:
questions that the library answers, and others with descriptions of conditions that it does not have, so that
chilblains are not taken for the nearest thing it knows. With another embedding model than the one that comes with the
library, words alone decide (`words.outside_by_words`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from agents.scope.words import outside_by_words, says_little, signs
from agents.search import Array, GuidelineSearch, vectors_of
from knowledge.record import Passage

WEIGHTS = Path(__file__).with_name("weights.npz")
QUANTUM = 1 / 254
"""One step of a stored vector's numbers, which lie between -0.5 and 0.5."""
_FEW = 3


@dataclass(frozen=True)
class Covering:
    """`weights` (D + SIGNS + 4 + 1,), the constant last; `here` (N, D), `elsewhere` (M, D): vectors of length 1."""

    weights: Array
    here: Array
    elsewhere: Array

    @property
    def width(self) -> int:
        """Numbers in a vector."""
        return int(self.here.shape[1])

    def odds(self, question: str, vector: Array) -> float:
        """Log-odds that the library answers such a question."""
        near = (*nearness(self.here @ vector), *nearness(self.elsewhere @ vector))
        return float(np.array([*vector, *signs(question), *near, 1.0], dtype=np.float32) @ self.weights)


def nearness(cosines: Array) -> tuple[float, float]:
    """The largest cosine, and the mean of the three largest."""
    largest = np.sort(cosines)[-_FEW:]
    return float(largest[-1]), float(largest.mean())


def outside(question: str, found: Sequence[Passage], search: GuidelineSearch) -> bool:
    """Whether the library cannot answer the question, given the passages `found` for it.

    Where a house's own document comes first, which the weights cannot know, words decide. Raises what the search raises
    when it computes vectors.
    """
    if says_little(question) or (found and found[0].key != found[0].slug):
        return outside_by_words(question, found)
    covering = _covering()
    told = vectors_of(search, [question], covering.width)
    return outside_by_words(question, found) if told is None else covering.odds(question, told[0]) < 0


@lru_cache(maxsize=1)
def _covering() -> Covering:
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        here, elsewhere = (stored[name].astype(np.float32) * QUANTUM for name in ("here", "elsewhere"))
        return Covering(stored["weights"].astype(np.float32), here, elsewhere)
