"""The figures of choices that were made, each with its interval: right, malignant or not, calibrated, abstained.

Thresholds are the deployed ones: a kind is not named below `SURENESS` (the worker's), and a skin cancer is named as not
excluded from `SERIOUS` on (the agent's).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from conditions import CANNOT_TELL, CHOICES, HEALTHY_SKIN, MALIGNANT, NOT_SKIN
from model.evaluation.intervals import (
    Bootstrap,
    Figure,
    Floats,
    Indices,
    auc,
    calibration_slope,
    expected_calibration_error,
    mean,
)

SURENESS = 0.35
SERIOUS = 0.04

MALIGNANT_AT = [CHOICES.index(slug) for slug in CHOICES if slug in MALIGNANT]
NO_KIND_AT = [CHOICES.index(slug) for slug in (NOT_SKIN, HEALTHY_SKIN, CANNOT_TELL)]
COVERAGES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)


@dataclass(frozen=True)
class Judged:
    """`probabilities` (N, 11) and the true choice (N,), with the patient or lesion of each picture (N,)."""

    probabilities: Floats
    truth: Indices
    groups: npt.NDArray[np.str_]

    @property
    def told(self) -> Indices:
        """The likeliest choice (N,)."""
        told: Indices = self.probabilities.argmax(1)
        return told

    @property
    def right(self) -> Floats:
        """1 where the likeliest choice is the true one (N,)."""
        right: Floats = (self.told == self.truth).astype(np.float64)
        return right

    @property
    def malignant(self) -> npt.NDArray[np.bool_]:
        """Whether the true kind is malignant (N,)."""
        return np.isin(self.truth, MALIGNANT_AT)

    @property
    def risk(self) -> Floats:
        """The probability of the malignant kinds together (N,)."""
        risk: Floats = self.probabilities[:, MALIGNANT_AT].sum(1)
        return risk

    @property
    def abstained(self) -> npt.NDArray[np.bool_]:
        """Where no kind would be named: none is likeliest, or the likeliest is too unlikely (N,)."""
        abstained: npt.NDArray[np.bool_] = np.isin(self.told, NO_KIND_AT) | (self.probabilities.max(1) < SURENESS)
        return abstained


def choice_figures(judged: Judged) -> dict[str, object]:
    """Every figure that needs nothing but the choices; a figure is a `Figure`, or a dictionary of them."""
    boot = Bootstrap(judged.groups)
    probabilities, truth, right = judged.probabilities, judged.truth, judged.right
    kinds = np.unique(truth)
    top3 = (np.argsort(-probabilities, axis=1)[:, :3] == truth[:, None]).any(1)
    brier = ((probabilities - np.eye(len(CHOICES))[truth]) ** 2).sum(1)
    malignant, risk, abstained = judged.malignant, judged.risk, judged.abstained
    named = np.asarray((probabilities[:, MALIGNANT_AT] >= SERIOUS).any(1), dtype=np.float64)

    def recall_of(kind: int) -> Callable[[Indices], float]:
        return lambda at: mean(right[at][truth[at] == kind])

    return {
        "accuracy": boot.mean(right),
        "balanced_accuracy": boot.figure(lambda at: balanced(right[at], truth[at], kinds)),
        "top3": boot.mean(top3),
        "recall": {CHOICES[kind]: boot.figure(recall_of(kind)) for kind in kinds},
        "auc_malignant_vs_benign": boot.figure(lambda at: auc(risk[at], malignant[at])),
        "auc_malignant_without_actinic_keratosis": _auc_without(boot, judged, "actinic-keratosis"),
        "cancer_named": {
            "sensitivity": boot.figure(lambda at: mean(named[at][malignant[at]])),
            "specificity": boot.figure(lambda at: mean(1.0 - named[at][~malignant[at]])),
        },
        "brier": boot.mean(brier),
        "ece": boot.figure(lambda at: expected_calibration_error(probabilities.max(1)[at], right[at])),
        "calibration_slope": boot.figure(lambda at: calibration_slope(risk[at], malignant[at])),
        "abstained": boot.mean(abstained),
        "accuracy_where_answered": boot.figure(lambda at: mean(right[at][~abstained[at]])),
        "accuracy_at_coverage": _coverage(boot, judged),
    }


def balanced(right: Floats, truth: Indices, kinds: Indices) -> float:
    """The mean of the recalls of the kinds that are there."""
    recalls = [right[truth == kind].mean() for kind in kinds if (truth == kind).any()]
    return float(np.mean(recalls)) if recalls else float("nan")


def by_group(judged: Judged, labels: npt.NDArray[np.str_], least: int = 10) -> dict[str, dict[str, object]]:
    """How many, accuracy and the malignant AUC for each label; labels with fewer than `least` pictures only counted."""
    told: dict[str, dict[str, object]] = {}
    for label in sorted(set(labels.tolist())):
        at = labels == label
        told[label] = {"n": int(at.sum())}
        if at.sum() >= least:
            part = Judged(judged.probabilities[at], judged.truth[at], judged.groups[at])
            boot = Bootstrap(part.groups)
            told[label] |= {"accuracy": boot.mean(part.right), "auc_malignant_vs_benign": _auc_without(boot, part)}
    return told


def difference(one: Judged, other: Judged) -> Figure:
    """Balanced accuracy of `one` less `other`'s on the same pictures, by a paired bootstrap."""
    boot, kinds = Bootstrap(one.groups), np.unique(one.truth)
    return boot.figure(
        lambda at: balanced(one.right[at], one.truth[at], kinds) - balanced(other.right[at], other.truth[at], kinds)
    )


def _auc_without(boot: Bootstrap, judged: Judged, kind: str | None = None) -> Figure:
    malignant, risk = judged.malignant, judged.risk
    keep = judged.truth != (CHOICES.index(kind) if kind else -1)
    return boot.figure(lambda at: auc(risk[at][keep[at]], malignant[at][keep[at]]))


def _coverage(boot: Bootstrap, judged: Judged) -> dict[str, Figure]:
    """Accuracy on the surest share of the pictures: what answering less often would bring."""
    sureness, right = judged.probabilities.max(1), judged.right

    def surest(share: float) -> Callable[[Indices], float]:
        return lambda at: mean(right[at][np.argsort(-sureness[at], kind="stable")[: max(1, round(share * len(at)))]])

    return {f"{share:.1f}": boot.figure(surest(share)) for share in COVERAGES}
