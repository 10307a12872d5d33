"""Triage of the vision model's findings: they can raise the urgency, and a lone photo never reassures.

The thresholds are set for sensitivity: a melanoma missed costs more than a false alarm.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agents.triage.rules import reason
from agents.triage.verdict import verdict
from cases.record import Triage
from conditions import CANNOT_TELL, CHOICES, HEALTHY_SKIN, KINDS, NOT_SKIN, Domain


@dataclass(frozen=True)
class FindingThresholds:
    """Probabilities (0 to 1) that raise the urgency; `urgent_malignant` is for melanoma and SCC together.

    The first two were set on the validation splits (`benchmarks/thresholds.py`): `melanoma` is the highest candidate
    that 95 % of the melanomas reach there, on phone photos and in dermoscopy; a lower second gains little.
    """

    melanoma: float = 0.03
    urgent_malignant: float = 0.08
    bcc: float = 0.15
    actinic_keratosis: float = 0.30


def _checked(probabilities: Mapping[str, float]) -> dict[str, float]:
    unknown = set(probabilities) - set(CHOICES)
    if unknown:
        raise ValueError(f"The findings name {sorted(unknown)}, which conditions.CHOICES does not hold.")
    wrong = sorted(name for name, p in probabilities.items() if not (math.isfinite(p) and 0 <= p <= 1))
    if wrong:
        raise ValueError(f"The probabilities of {wrong} are not numbers from 0 to 1: ask the model again.")
    return {choice: float(probabilities.get(choice, 0.0)) for choice in CHOICES}


def _rule_ids(p: Mapping[str, float], domain: Domain | None, thresholds: FindingThresholds) -> Iterator[str]:
    if p["melanoma"] >= thresholds.melanoma:
        yield "finding-melanoma"
    elif p["melanoma"] + p["squamous-cell-carcinoma"] >= thresholds.urgent_malignant:
        yield "finding-malignant"
    if p["basal-cell-carcinoma"] >= thresholds.bcc:
        yield "finding-bcc"
    if p["actinic-keratosis"] >= thresholds.actinic_keratosis:
        yield "finding-actinic-keratosis"
    likeliest = max(CHOICES, key=lambda choice: p[choice])
    seen = KINDS[domain] if domain is not None else CHOICES
    if likeliest == CANNOT_TELL or (likeliest not in seen and likeliest not in (NOT_SKIN, HEALTHY_SKIN)):
        yield "finding-cannot-tell"
    elif likeliest != NOT_SKIN:
        yield "finding-photo-alone"


def triage_findings(probabilities: Mapping[str, float], domain: Domain | None, thresholds: FindingThresholds) -> Triage:
    """How soon, by the photo alone: this week, or routine. Self-care without reasons only where no skin was seen.

    `probabilities` are over `conditions.CHOICES`; a choice left out counts as 0. A kind that the model never saw in
    `domain` is read as "cannot tell". ValueError: an unknown choice, or a probability that is not a number from 0 to 1.
    """
    checked = _checked(probabilities)
    if not any(checked.values()):
        return verdict(())
    return verdict(reason(rule_id) for rule_id in _rule_ids(checked, domain, thresholds))
