"""How the conditions present (`presentations.yaml`): what those who have one usually answer, and how often it is met.

The shares are the project's own estimates and no clinician has checked them. They order the possibilities and choose
the next question; the urgency never rests on them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from agents.history_taking.features import features

_FILE = Path(__file__).with_name("presentations.yaml")
_SEEN, _OF = "seen", 10
_FLOOR = 0.5
"""Patients in ten who give an answer that none is expected to give: they mistake the button, or are the exception."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """`seen`: from 1 (rare) to 4 (a general practitioner meets it every week). `shown`: feature → option → share."""

    seen: int
    shown: Mapping[str, Mapping[str, float]]


@lru_cache(maxsize=1)
def presentations() -> Mapping[str, Presentation]:
    """Every condition's, by slug.

    Raises:
        KeyError: a condition lacks a feature.
    """
    raw = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return {slug: Presentation(entry[_SEEN], _shown(entry)) for slug, entry in raw.items()}


def _shown(entry: Mapping[str, Mapping[str, int]]) -> Mapping[str, Mapping[str, float]]:
    return {
        name: {
            option.id: (entry[name].get(option.id, 0) + _FLOOR) / (_OF + _FLOOR * len(feature.options))
            for option in feature.options
        }
        for name, feature in features().items()
    }
