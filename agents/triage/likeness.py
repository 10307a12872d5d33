"""A second, independent reading: does the text resemble those of people who had to be seen this soon?

Rules know what was foreseen; this catches a part of the rest, and may only raise the level. It is a logistic
regression for each level ("this urgent or more") over the words and pairs of words that the text tells of the patient
now, and over the terms that the rules read. Its weights are `likeness.json`, trained by `agents.triage.training` on
the texts of `tests/agents/triage_cases.yaml`; without the file nothing is raised.
"""

import itertools
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from agents.triage.reading import Reading
from agents.triage.rules import rules
from conditions import TriageLevel

WEIGHTS = Path(__file__).with_name("likeness.json")
LEVELS = (TriageLevel.EMERGENCY, TriageLevel.SAME_DAY, TriageLevel.THIS_WEEK, TriageLevel.ROUTINE)
_RULES = ("resembles-emergency", "resembles-same-day", "resembles-this-week", "resembles-routine")
_SAY_NOTHING = frozenset(
    "a an the i im ive my me he hes his him she shes her it its we our you your they their this that these is are am "
    "was be been has have had do does did and or so to of in on at for from with as by just very really".split()
)
_AGES = frozenset({"under_3_months", "baby", "child", "adult"})
"""An age alone is no sign of anything."""


@dataclass(frozen=True)
class Likeness:
    """Per level of `LEVELS` a bias and a threshold (log-odds); per feature a weight for each level."""

    bias: tuple[float, ...]
    threshold: tuple[float, ...]
    weights: Mapping[str, tuple[float, ...]]


@lru_cache(maxsize=1)
def likeness() -> Likeness | None:
    """The trained weights, or None where the file is missing."""
    if not WEIGHTS.is_file():
        return None
    data = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return Likeness(tuple(data["bias"]), tuple(data["threshold"]), {k: tuple(v) for k, v in data["weights"].items()})


def features(reading: Reading) -> dict[str, float]:
    """What the model sees of a text: words, pairs of words (length 1 together) and the terms affirmed (each 0.5)."""
    words = set(_words(reading))
    seen = {word: 1 / math.sqrt(len(words)) for word in words}
    return seen | {f"term:{term}": 0.5 for term in reading.affirmed - _AGES}


def _words(reading: Reading) -> Iterator[str]:
    """The words that say something, and the pairs in which at least one does."""
    for tokens in reading.told:
        plain = [token for token in tokens if token != ","]
        yield from (word for word in plain if word not in _SAY_NOTHING)
        yield from (f"{a} {b}" for a, b in itertools.pairwise(plain) if not {a, b} <= _SAY_NOTHING)


def scores(reading: Reading, model: Likeness) -> tuple[float, ...]:
    """The log-odds of each of `LEVELS`."""
    totals = list(model.bias)
    for feature, value in features(reading).items():
        for at, weight in enumerate(model.weights.get(feature, ())):
            totals[at] += value * weight
    return tuple(totals)


def likeness_rules(reading: Reading) -> Iterator[str]:
    """The id of the rule for the most urgent level that the text resembles, if there is one."""
    model = likeness()
    if model is None or not any(reading.told):
        return
    for rule_id, score, threshold in zip(_RULES, scores(reading, model), model.threshold, strict=True):
        if score >= threshold and reading.anyone_now.isdisjoint(rules()[rule_id][0].unless):
            yield rule_id
            return
