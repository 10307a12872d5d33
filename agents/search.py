"""What this room needs of the guideline library: the search, as `knowledge.search.Search` has it."""

from collections.abc import Collection, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from knowledge.record import Passage

Array = NDArray[np.float32]

RERANKED = 16
"""Sentences that are compared once more: in 0.986 of questions one that answers is among the first 16."""


class GuidelineSearch(Protocol):
    """Searches the published guidelines."""

    def search(
        self,
        text: str,
        k: int = 5,
        slugs: Collection[str] | None = None,
        sections: Collection[str] | None = None,
    ) -> list[Passage]:
        """At most `k` passages, best first, of the guidelines in `slugs` and the sections in `sections` where given.

        All hold where the patients are and are in their language, if the operator said so.
        """

    def vectors(self, texts: Sequence[str]) -> list[list[float]] | None:
        """The texts' vectors by the embedding model that comes with the library; None where another one is set."""

    def reranked(self, question: str, sentences: Sequence[str]) -> list[float] | None:
        """How well each of at most RERANKED sentences answers, compared within one question; None where unknown."""


def vectors_of(search: GuidelineSearch, texts: Sequence[str], width: int) -> Array | None:
    """(N, width) of the texts; None where the search has none, or others than weights of that width were learned from.

    Raises what the search raises when it computes vectors.
    """
    told = search.vectors(texts)
    return np.array(told, dtype=np.float32) if told and len(told[0]) == width else None
