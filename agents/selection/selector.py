"""Scores sentences by how well they answer a question; the weights are learned by `agents.selection.training`.

With the vectors of the embedding model that comes with the library a score is the sum of three parts: what `pairs`
sees of both and how near their vectors are; which section answers such a question; and a product of question and
sentence, both projected. The best of them are compared once more by the search's reranker, which reads every word in
its context (`agents.selection.reranking`). With another embedding model, whose vectors the weights do not know, words
alone choose.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import ClassVar

import numpy as np

from agents.search import RERANKED, Array, GuidelineSearch, vectors_of
from agents.selection.pairs import Asked, Placed, features, headings, kinds

WEIGHTS = Path(__file__).with_name("weights.npz")
_SPREAD = 2.0
"""How much further apart both together lie; an answer is cut off where a sentence lies far behind the best one."""
_KEPT = 12_000
"""Sentences whose vectors are kept: 18 MB. The starter library has 6,400."""


@dataclass(frozen=True)
class ByWords:
    """`linear` (F + 1,) over features and a constant; `sections` (intents, headings)."""

    linear: Array
    sections: Array

    def scores(self, asked: Asked, placed: Sequence[Placed]) -> Array:
        """(N,): the higher, the better the sentence answers."""
        told: Array = _with_one(features(asked, placed)) @ self.linear
        return told + headings(placed) @ (kinds(asked) @ self.sections)


@dataclass(frozen=True)
class ByVectors:
    """`linear` (F + 5,) over features, nearness and a constant; `sections` (2 D, headings); `question` (2 D, R);

    `sentence` (D + 1, R).
    """

    linear: Array
    sections: Array
    question: Array
    sentence: Array

    @property
    def width(self) -> int:
        """Numbers in a vector."""
        return len(self.sentence) - 1

    def scores(self, asked: Asked, placed: Sequence[Placed], told: Array, vectors: Array) -> Array:
        """(N,) from the vectors `told` (2, D), of the question and of its asking clauses, and `vectors` (N, D)."""
        both = told.reshape(-1)
        near = nearness(told, vectors)
        score: Array = _with_one(np.concatenate([features(asked, placed), near], axis=1)) @ self.linear
        score = score + headings(placed) @ (both @ self.sections)
        return score + (_with_one(vectors) @ self.sentence) @ (both @ self.question)


def nearness(told: Array, vectors: Array) -> Array:
    """(N, 4): the cosines to question and asking clauses, and how far each is behind the best."""
    cosines: Array = vectors @ told.T
    return np.concatenate([cosines, cosines - cosines.max(axis=0, keepdims=True)], axis=1)


class AnswerSelector:
    """Scores the sentences that a search found. Raises what the search raises when it computes vectors.

    The vectors of published sentences are kept for the whole process, since only one model's are ever used: to compare
    a library with its copy asks for every sentence twice.
    """

    _vectors: ClassVar[OrderedDict[str, Array]] = OrderedDict()
    _lock: ClassVar[Lock] = Lock()

    def __init__(self, search: GuidelineSearch) -> None:
        self._search = search

    def scores(self, asked: Asked, placed: Sequence[Placed]) -> Array:
        """(N,) log-odds of a kind, to be compared within one question."""
        words, vectors = _weights()
        told = vectors_of(self._search, [asked.text, asked.asking], vectors.width)
        if told is None:
            return words.scores(asked, placed)
        known = self._known([each.text for each in placed])
        return self._reranked(asked, placed, vectors.scores(asked, placed, told, known))

    def _reranked(self, asked: Asked, placed: Sequence[Placed], scores: Array) -> Array:
        """(N,): with what the reranker adds to those that score best; the others get the least of it."""
        best = np.argsort(-scores)[:RERANKED]
        added = self._search.reranked(asked.text, [placed[at].in_context for at in best])
        if added is None:
            return scores
        more = np.full_like(scores, min(added))
        more[best] = added
        both: Array = (scores + more) / _SPREAD
        return both

    def _known(self, texts: Sequence[str]) -> Array:
        """Vectors (N, D) of published sentences, each computed once as long as it is kept. Nothing a patient wrote."""
        with self._lock:
            found = {text: self._vectors[text] for text in texts if text in self._vectors}
        lacking = [text for text in dict.fromkeys(texts) if text not in found]
        if lacking:
            computed = self._search.vectors(lacking) or []
            found |= {t: np.array(vector, dtype=np.float32) for t, vector in zip(lacking, computed, strict=True)}
        with self._lock:
            for text in texts:
                self._vectors[text] = found[text]
                self._vectors.move_to_end(text)
            while len(self._vectors) > _KEPT:
                self._vectors.popitem(last=False)
        return np.stack([found[text] for text in texts])


def _with_one(rows: Array) -> Array:
    return np.concatenate([rows, np.ones((len(rows), 1), dtype=np.float32)], axis=1)


@lru_cache(maxsize=1)
def _weights() -> tuple[ByWords, ByVectors]:
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        read = {name: stored[name].astype(np.float32) for name in stored.files}
    by: dict[str, dict[str, Array]] = {"words": {}, "vectors": {}}
    for name, tensor in read.items():
        kind, _, part = name.partition(".")
        by[kind][part] = tensor
    return ByWords(**by["words"]), ByVectors(**by["vectors"])
