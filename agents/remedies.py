"""Remedies that a patient is not told of: what they are allergic to, with its kind, and what they tried in vain."""

import re
from collections.abc import Sequence
from functools import lru_cache

from agents.intents import asks
from agents.stems import content_stems
from agents.subjects import names_of
from agents.triage.told import ALLERGY, TRIED, Fact, besides_failures
from conditions import CONDITIONS

_KINDS = (
    r"\w*cillins?|co-amoxiclav|augmentin",
    r"sul(?:f|ph)\w*|co-trimoxazole|septrin|bactrim|trimethoprim",
    r"nsaids?|aspirin|ibuprofen|naproxen|diclofenac|anti-inflammator\w+",
    r"\w*cyclines?",
    r"(?:cortico)?steroids?(?: creams?)?|\w*cortisone",
    r"lanolin|wool(?: alcohols?| fat)?",
)
"""Remedies that whoever is allergic to one of them is not told to take (BNF, “Penicillins” and the like)."""
_SHORT = 4
"""Letters of a name that is no part of another."""
_FORMS = frozenset(
    content_stems("cream ointment gel lotion shampoo tablet pill medicine drops spray powder paint treatment soap")
)
"""Words of a remedy's name that do not tell it from others."""


def names_allergen(text: str, told: Sequence[Fact]) -> bool:
    """Whether the text names something the patient is allergic to, or something of its kind."""
    allergens = (fact.name.removeprefix(ALLERGY) for fact in told if fact.name.startswith(ALLERGY))
    return any(_allergen(each).search(text) for each in allergens)


@lru_cache(maxsize=256)
def _allergen(named: str) -> re.Pattern[str]:
    kind = next((each for each in _KINDS if re.fullmatch(each, named, re.IGNORECASE)), None)
    beginning = r"\w*" if len(named) > _SHORT else ""  # "hydrocortisone" is cortisone
    one = named.removesuffix("s") if len(named) > _SHORT else named  # "allergic to retinoids": no "retinoid cream"
    return re.compile(rf"\b(?:{kind or rf'{beginning}{re.escape(one)}(?:e?s)?'})\b", re.IGNORECASE)


def failed(question: str, told: Sequence[Fact]) -> frozenset[str]:
    """The stems that name what was tried in vain; none where just that is asked about.

    What a cream is for does not name it: who found no help in an eczema cream is still told of eczema.
    """
    tried = (fact.name.removeprefix(TRIED) for fact in told if fact.name.startswith(TRIED))
    stems = {stem for each in tried for stem in content_stems(each)} - _FORMS - _of_conditions()
    asked = asks(question) and not stems.isdisjoint(content_stems(besides_failures(question)))
    return frozenset() if asked else frozenset(stems)


@lru_cache(maxsize=1)
def _of_conditions() -> frozenset[str]:
    stems = {stem for slug in CONDITIONS for name in names_of(slug) for stem in content_stems(name)}
    return frozenset(stems - set(content_stems("antibiotic penicillin steroid medicine")))
