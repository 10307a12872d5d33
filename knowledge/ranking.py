"""Puts what the searches found into one order: first which guideline, then which passage of it.

A patient describes what they see and seldom uses a guideline's words, so the names and everyday descriptions in
its front matter weigh most in choosing the guideline. The weights were fitted (multinomial logistic regression) on
the questions of `tests/knowledge/questions.csv` that are marked `tuned`; those marked `held-out` were left aside.
Passages of the chosen guidelines are ordered by reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

NAME, NAMES, NAME_WORDS, CHUNK_WORDS, CHUNK, NAMED = 2.7, 2.0, 1.2, 0.8, 0.2, 0.15
"""What each signal of `Signals` weighs in choosing the guideline."""

STEEPNESS = 4.0
"""How much a weighted sum tells: a guideline behind the best by 0.25 is e times less likely."""

SOFTNESS = 2
"""RRF's constant. The paper's 60 suits lists of thousands; among some tens of passages the first ranks must tell."""

PASSAGE = 0.1
"""What the fused rank of the passage itself adds."""

INTENDED = 0.5
"""Added for the section that answers the question; a second choice gets half."""

DESCRIBING = {"What it looks like": 0.08, "Overview": 0.05}
"""Added when the question only describes."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that may be returned."""

    chunk_id: str
    slug: str
    heading: str
    section: str


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for a guideline.

    `name`, `names` and `chunk` are cosines: of the nearest name, of the three nearest on average, of the
    nearest chunk. `name_words` and `chunk_words` are the best BM25 as a share of the best of all guidelines.
    `named`: the question calls it by name.
    """

    name: float
    names: float
    name_words: float
    chunk_words: float
    chunk: float
    named: bool

    @property
    def weight(self) -> float:
        """The weighted sum."""
        words = NAME_WORDS * self.name_words + CHUNK_WORDS * self.chunk_words
        return NAME * self.name + NAMES * self.names + words + CHUNK * self.chunk + NAMED * self.named


def guideline_scores(signals: Mapping[str, Signals]) -> dict[str, float]:
    """How likely each guideline is beside the best, which gets 1."""
    best = max((each.weight for each in signals.values()), default=0.0)
    return {slug: math.exp(STEEPNESS * (each.weight - best)) for slug, each in signals.items()}


def section_bonuses(intended: Sequence[str], condition_known: bool) -> dict[str, float]:
    """What a section adds, by its label or heading. `condition_known`: named or vouched for by the caller."""
    if intended:
        return {section: INTENDED if place == 0 else INTENDED / 2 for place, section in enumerate(intended)}
    return {} if condition_known else DESCRIBING


def ranked(
    candidates: Iterable[Candidate],
    guidelines: Mapping[str, float],
    by_words: Sequence[str],
    by_meaning: Sequence[str],
    bonuses: Mapping[str, float],
) -> list[tuple[Candidate, float]]:
    """The candidates with their scores, best first; equal ones in the order given.

    `by_words` and `by_meaning` are chunk ids, best first.
    """
    fit = _fused(((1.0, by_words), (1.5, by_meaning)))
    scored = []
    for candidate in candidates:
        guideline = guidelines[candidate.slug]
        bonus = max(bonuses.get(candidate.section, 0.0), bonuses.get(candidate.heading, 0.0))
        # The right section or passage of the wrong guideline is no answer: both shrink with the guideline's fit.
        scored.append((candidate, guideline * (1 + PASSAGE * fit.get(candidate.chunk_id, 0.0) + bonus)))
    return sorted(scored, key=lambda pair: -pair[1])


def spread(order: Sequence[tuple[Candidate, float]], k: int) -> list[tuple[Candidate, float]]:
    """`order` with the best passage of each of the `k` best guidelines first, then all others.

    A description fits several conditions, and the reader must see them, not only the likeliest.
    """
    first: dict[str, tuple[Candidate, float]] = {}
    for pair in order:
        first.setdefault(pair[0].slug, pair)
    leading = list(first.values())[:k]
    ids = {candidate.chunk_id for candidate, _ in leading}
    return leading + [pair for pair in order if pair[0].chunk_id not in ids]


def _fused(lists: Iterable[tuple[float, Sequence[str]]]) -> dict[str, float]:
    """Reciprocal rank fusion, scaled so that first in every list is 1."""
    weighted = [(weight, list(dict.fromkeys(items))) for weight, items in lists]
    total = sum(weight for weight, _ in weighted) / (SOFTNESS + 1)
    scores: dict[str, float] = {}
    for weight, items in weighted:
        for rank, item in enumerate(items, 1):
            scores[item] = scores.get(item, 0.0) + weight / (SOFTNESS + rank) / total
    return scores
