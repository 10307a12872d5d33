"""Puts what the four searches found into one order: first which guideline, then which passage of it.

Each search ranks in its own unit, so ranks are fused, not scores: reciprocal rank fusion (Cormack, Clarke and
Büttcher, SIGIR 2009). A patient describes what they see and seldom uses a guideline's words, so the names and
everyday descriptions in its front matter weigh most in choosing the guideline, and its passages only refine
that.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

SOFTNESS = 2
"""RRF's constant. The paper's 60 suits lists of thousands; among some tens of guidelines the first ranks must tell."""

NEAREST, NAME_WORDS, NAME_MEANING, CHUNK_WORDS, CHUNK_MEANING = 3.0, 1.0, 1.0, 1.0, 1.0
"""What each list weighs in choosing the guideline."""

NAMED = 1.0
"""Added for each of `Found.named`; the fused score is at most 1."""

PASSAGE = 0.15
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
class Found:
    """What the searches found, each list best first: slugs, but chunk ids in the two lists of chunks.

    `nearest` goes by the one name or chunk closest in meaning; `named` are the slugs the question
    calls by name and the nearest beside them; empty when it names none.
    """

    nearest: Sequence[str]
    name_words: Sequence[str]
    name_meaning: Sequence[str]
    chunk_words: Sequence[str]
    chunk_meaning: Sequence[str]
    named: Collection[str]


def guideline_scores(found: Found, slug_of: Mapping[str, str]) -> dict[str, float]:
    """How well each guideline fits: 0 to 1, and more when it is named.

    `slug_of` gives the slug of a chunk id.
    """
    lists = (
        (NEAREST, _once(found.nearest)),
        (NAME_WORDS, _once(found.name_words)),
        (NAME_MEANING, _once(found.name_meaning)),
        (CHUNK_WORDS, _once(slug_of[chunk] for chunk in found.chunk_words if chunk in slug_of)),
        (CHUNK_MEANING, _once(slug_of[chunk] for chunk in found.chunk_meaning if chunk in slug_of)),
    )
    scores = _fused(lists)
    for slug in found.named:
        scores[slug] = scores.get(slug, 0.0) + NAMED
    return scores


def section_bonuses(intended: Sequence[str], condition_known: bool) -> dict[str, float]:
    """What a section adds, by its label or heading. `condition_known`: named or vouched for by the caller."""
    if intended:
        return {section: INTENDED if place == 0 else INTENDED / 2 for place, section in enumerate(intended)}
    return {} if condition_known else DESCRIBING


def ranked(
    candidates: Iterable[Candidate], guidelines: Mapping[str, float], found: Found, bonuses: Mapping[str, float]
) -> list[tuple[Candidate, float]]:
    """The candidates with their scores, best first; equal ones in the order given."""
    fit = _fused(((1.0, _once(found.chunk_words)), (1.5, _once(found.chunk_meaning))))
    best = max(guidelines.values(), default=1.0)
    scored = []
    for candidate in candidates:
        guideline = guidelines[candidate.slug]
        bonus = max(bonuses.get(candidate.section, 0.0), bonuses.get(candidate.heading, 0.0))
        # The right section of the wrong guideline is no answer: the bonus shrinks with the guideline's fit.
        score = guideline + PASSAGE * fit.get(candidate.chunk_id, 0.0) + bonus * guideline / best
        scored.append((candidate, score))
    return sorted(scored, key=lambda pair: -pair[1])


def _once(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))


def _fused(lists: Iterable[tuple[float, Sequence[str]]]) -> dict[str, float]:
    """Reciprocal rank fusion, scaled so that first in every list is 1."""
    weighted = list(lists)
    total = sum(weight for weight, _ in weighted) / (SOFTNESS + 1)
    scores: dict[str, float] = {}
    for weight, items in weighted:
        for rank, item in enumerate(items, 1):
            scores[item] = scores.get(item, 0.0) + weight / (SOFTNESS + rank) / total
    return scores
