"""The possibilities by words alone: conditions whose descriptions fit, weighed by the patient's words and answers.

The start is the search over the sections that describe; each answer then multiplies a condition's weight by how well
its own description shows that answer (Bayes' rule with counts of words, smoothed). The next question is the one whose
answer is expected to tell most: the largest fall of entropy (Shannon's information gain).
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agents.history_taking.features import NOT_SURE, Feature, features
from agents.ranking import overlap
from agents.search import GuidelineSearch
from conditions import CONDITIONS

MOST_QUESTIONS = 5
SETTLED = 0.9
"""A weight from which nothing more is asked."""
_CANDIDATES, _SEARCHED, _PER_CONDITION = 10, 40, 4
_DESCRIBING = frozenset({"Overview", "What it looks like", "On darker skin", "Causes", "Is it contagious"})
_SMOOTHING = 0.8
_LEAST_GAIN = 0.03
_NO = "no"
_DENIED = re.compile(r"\b(?:no|not|without|never|nobody|none)\b[^,.;!?]*?(?=[,.;!?]|\bbut\b|$)")
"""What a patient says is not there shows nothing of the kind."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Weights (together 1) of the conditions, and of each condition the weight of every answer."""

    weights: Mapping[str, float]
    shown: Mapping[str, Mapping[str, Mapping[str, float]]]

    def after(self, answers: Mapping[str, str]) -> "Candidates":
        """The weights once these answers (feature → option) are known; an unsure one changes nothing."""
        weighed = dict(self.weights)
        for feature, option in answers.items():
            for slug in weighed:
                weighed[slug] *= self.shown[slug].get(feature, {}).get(option, 1.0) if option != NOT_SURE else 1.0
        total = sum(weighed.values())
        return Candidates({slug: weight / total for slug, weight in weighed.items()} if total else {}, self.shown)

    @property
    def ranked(self) -> tuple[tuple[str, float], ...]:
        """Slugs and weights, the heaviest first."""
        return tuple(sorted(self.weights.items(), key=lambda pair: -pair[1]))


def candidates(words: str, search: GuidelineSearch, telling: Sequence[str]) -> Candidates:
    """The conditions whose guidelines the words fit; none where no passage has one of the `telling` stems."""
    weight: dict[str, float] = {}
    for passage in search.search(words, k=_SEARCHED):
        if passage.slug in CONDITIONS and (not telling or overlap(telling, f"{passage.title} {passage.text}") >= 1):
            weight.setdefault(passage.slug, 1 / (1 + len(weight)))  # the search's own order is the best that is known
    slugs = sorted(weight, key=lambda slug: -weight[slug])[:_CANDIDATES]
    if not slugs:
        return Candidates({}, {})
    described: dict[str, str] = dict.fromkeys(slugs, "")
    many = len(slugs) * _PER_CONDITION
    for passage in search.search("what it looks like", k=many, slugs=set(slugs), sections=set(_DESCRIBING)):
        if passage.slug in described:
            described[passage.slug] += f" {passage.text.casefold()}"
    weight = {slug: math.sqrt(weight[slug]) for slug in slugs}  # words alone say little of how likely each is
    total = sum(weight.values())
    return Candidates({slug: weight[slug] / total for slug in slugs}, {slug: shown(described[slug]) for slug in slugs})


def shown(description: str) -> dict[str, dict[str, float]]:
    """For each feature how probable each answer is in a condition described so."""
    found: dict[str, dict[str, float]] = {}
    for feature in features().values():
        counts = {option.id: option.hits(description) + _SMOOTHING for option in feature.options}
        total = sum(counts.values())
        found[feature.id] = {option: count / total for option, count in counts.items()}
    return found


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


def in_words(answers: Mapping[str, str]) -> str:
    """The answers as words to search with."""
    labels = {(each.id, option.id): option.label for each in features().values() for option in each.options}
    return " ".join(labels[pair] for pair in answers.items() if pair in labels and pair[1] not in ("no", "none"))


def next_feature(known: Candidates, answered: Sequence[str], asked: int) -> Feature | None:
    """The question that separates the remaining candidates best; None: they are settled, or enough was asked."""
    ranked = known.ranked
    if asked >= MOST_QUESTIONS or len(ranked) < 2 or ranked[0][1] >= SETTLED:
        return None
    gains = {each.id: _gain(known, each) for each in features().values() if each.id not in answered}
    best = max(gains, key=lambda feature: gains[feature], default=None)
    return features()[best] if best is not None and gains[best] >= _LEAST_GAIN else None


def _gain(known: Candidates, feature: Feature) -> float:
    """Expected fall of entropy, in bits, when the feature is answered."""
    left = 0.0
    for option in feature.options:
        chance = sum(weight * known.shown[slug][feature.id][option.id] for slug, weight in known.weights.items())
        left += chance * _entropy(known.after({feature.id: option.id}).weights.values())
    return _entropy(known.weights.values()) - left


def _entropy(weights: Iterable[float]) -> float:
    return -sum(weight * math.log2(weight) for weight in weights if weight > 0)
