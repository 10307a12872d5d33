"""How the conditions present (`presentations.yaml`): what those who have one usually answer, and how often it is met.

Beside what the agent asks (`features.yaml`) they say who has it at which age, and whether it is one spot or a rash.

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
KIND, AGE = "kind", "age"
_BANDS = {"baby": 0, "child": 2, "teenager": 12, "adult": 18, "middle": 40, "older": 65}
"""Years from which an age belongs to a band."""
_ASKED_OF_ALL = {KIND: ("spot", "rash"), AGE: tuple(_BANDS)}
_FLOOR = 0.5
"""Patients in ten who give an answer that none is expected to give: they mistake the button, or are the exception."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """`seen`: from 1 (rare) to 4 (a general practitioner meets it every week). `shown`: feature → option → share.

    KIND and AGE are among what is `shown`.
    """

    seen: int
    shown: Mapping[str, Mapping[str, float]]

    def is_expected(self, feature: str, option: str) -> bool:
        """Whether any of those who have it are expected to give this answer; true of one that says nothing."""
        among = self.shown[feature]
        return option not in among or among[option] > _share(0, len(among))


@lru_cache(maxsize=1)
def presentations() -> Mapping[str, Presentation]:
    """Every condition's, by slug.

    Raises:
        KeyError: a condition lacks a feature.
    """
    raw = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return {slug: Presentation(entry[_SEEN], _shown(entry)) for slug, entry in raw.items()}


def age_band(years: int) -> str:
    """The option of AGE that an age belongs to."""
    return max((band for band, first in _BANDS.items() if first <= years), key=lambda band: _BANDS[band])


def _shown(entry: Mapping[str, Mapping[str, int]]) -> Mapping[str, Mapping[str, float]]:
    asked = {name: tuple(option.id for option in feature.options) for name, feature in features().items()}
    return {
        name: {option: _share(entry[name].get(option, 0), len(options)) for option in options}
        for name, options in {**asked, **_ASKED_OF_ALL}.items()
    }


def _share(in_ten: int, options: int) -> float:
    return (in_ten + _FLOOR) / (_OF + _FLOOR * options)
