"""The possibilities by words alone: conditions whose guidelines fit, weighed by the patient's words and answers.

The start is the search, and how often a condition is met; each answer then multiplies a condition's weight by the share
of its patients who answer so (Bayes' rule, `presentations.py`). The next question is the one whose answer is expected
to tell most: the largest fall of entropy (Shannon's information gain).
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agents.history_taking.features import NOT_SURE, Feature, features
from agents.history_taking.presentations import presentations
from agents.recognition.recogniser import SEARCHED, likeliest_first
from agents.search import GuidelineSearch
from agents.selection.pairs import overlap

MOST_QUESTIONS = 5
SETTLED = 0.9
"""A weight from which nothing more is asked."""
_TELLING = 4
"""Words from which the search knows what is described; of fewer it knows little, and how common a thing is counts."""
_LEAST_GAIN = 0.03
_NO = "no"
_DENIED = re.compile(
    r"\b(?:no|not|without|never|nobody|none)\b[^,.;!?]*?(?=[,.;!?]|\bbut\b|$)"
    r"|\b(?:is|are|do|does|did|has|have)n['’]?t(?! (?:know|go|gone|help|helped|sleep|slept|work|worked|want|seem)\b)\b"
    r"[^,.;!?]*?(?=[,.;!?]|\b(?:but|and|because|what|why|if|how)\b|$)"
)
"""What a patient says is not there shows nothing of the kind."""


@dataclass(frozen=True, slots=True)
class _Trust:
    """Powers of a candidate's rank in the search, of how often it is met, and of what the words tell of features."""

    rank: float
    seen: float
    words: float


_DESCRIBED, _VAGUE = _Trust(rank=2, seen=0.3, words=0.3), _Trust(rank=0.5, seen=1, words=0.5)
"""Chosen on the second writer's questions and patients; the rank of a full description on all labelled questions, since
search and recognition have read it already.
"""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Weights (together 1) of the conditions, by slug."""

    weights: Mapping[str, float]

    def after(self, answers: Mapping[str, str], power: float = 1.0) -> "Candidates":
        """The weights once these answers (feature → option) are known; an unsure one changes nothing."""
        weighed = dict(self.weights)
        for feature, option in answers.items():
            for slug in weighed:
                shown = presentations()[slug].shown.get(feature, {})
                weighed[slug] *= shown.get(option, 1.0) ** power if option != NOT_SURE else 1.0
        return Candidates(_together_one(weighed))

    @property
    def ranked(self) -> tuple[tuple[str, float], ...]:
        """Slugs and weights, the heaviest first."""
        return tuple(sorted(self.weights.items(), key=lambda pair: -pair[1]))


def candidates(words: str, search: GuidelineSearch, telling: Sequence[str], *, of_skin: bool = False) -> Candidates:
    """The conditions whose guidelines the words fit.

    None where no passage has one of the `telling` stems, unless it is known that the words are `of_skin`: the search
    finds something near whatever is said.
    """
    passages = [passage for passage in search.search(words, k=SEARCHED) if passage.slug in presentations()]
    heard = not telling or any(overlap(telling, f"{passage.title} {passage.text}") >= 1 for passage in passages)
    slugs = likeliest_first(words, passages, search) if heard or of_skin else ()
    trust = _DESCRIBED if len(telling) >= _TELLING else _VAGUE
    weights = {
        slug: place**-trust.rank * presentations()[slug].seen ** trust.seen for place, slug in enumerate(slugs, 1)
    }
    return Candidates(_together_one(weights)).after(told(words), trust.words)


def told(words: str) -> dict[str, str]:
    """The answers that the patient's words give already: for each feature the option most of them show."""
    plain = words.casefold()
    affirmed = _DENIED.sub(" ", plain)
    answers: dict[str, str] = {}
    for feature in features().values():
        hits = {option.id: option.hits(plain if option.id == _NO else affirmed) for option in feature.options}
        best = max(hits, key=lambda option: hits[option])
        if hits[best]:
            answers[feature.id] = best
    return answers


def sites(words: str) -> frozenset[str]:
    """All the places of the body that the words name, as answers to where it is."""
    plain = words.casefold()
    return frozenset(option.id for option in features()["site"].options if option.hits(plain))


def next_feature(known: Candidates, answered: Sequence[str], asked: int) -> Feature | None:
    """The question that separates the remaining candidates best; None: they are settled, or enough was asked."""
    ranked = known.ranked
    if asked >= MOST_QUESTIONS or len(ranked) < 2 or ranked[0][1] >= SETTLED:
        return None
    gains = {each.id: _gain(known, each) for each in features().values() if each.id not in answered}
    best = max(gains, key=lambda feature: gains[feature], default=None)
    return features()[best] if best is not None and gains[best] >= _LEAST_GAIN else None


def _together_one(weights: Mapping[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {slug: weight / total for slug, weight in weights.items()} if total else {}


def _gain(known: Candidates, feature: Feature) -> float:
    """Expected fall of entropy, in bits, when the feature is answered."""
    left = 0.0
    for option in feature.options:
        chance = sum(
            weight * presentations()[slug].shown[feature.id][option.id] for slug, weight in known.weights.items()
        )
        left += chance * _entropy(known.after({feature.id: option.id}).weights.values())
    return _entropy(known.weights.values()) - left


def _entropy(weights: Iterable[float]) -> float:
    return -sum(weight * math.log2(weight) for weight in weights if weight > 0)
