"""A figure and how sure it is: bootstrap intervals, resampled by patient or lesion."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

RESAMPLES = 1000


@dataclass(frozen=True)
class Figure:
    """A measured value with its 95 % bootstrap interval; NaN where nothing could be measured."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return "–" if math.isnan(self.value) else f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


class Bootstrap:
    """The same resamples for every figure, so that two figures can be compared pair by pair."""

    def __init__(self, groups: npt.NDArray[np.str_], resamples: int = RESAMPLES, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        _, which = np.unique(groups, return_inverse=True)
        members = np.split(np.argsort(which, kind="stable"), np.cumsum(np.bincount(which))[:-1])
        self._all = np.arange(len(groups))
        self._draws = [
            np.concatenate([members[i] for i in rng.integers(len(members), size=len(members))])
            for _ in range(resamples)
        ]

    def figure(self, measure: Callable[[Indices], float]) -> Figure:
        """`measure` of everything, and of every resample for the interval."""
        value = measure(self._all)
        drawn = np.array([measure(draw) for draw in self._draws])
        drawn = drawn[~np.isnan(drawn)]
        if math.isnan(value) or not len(drawn):
            return Figure(float("nan"), float("nan"), float("nan"))
        low, high = np.percentile(drawn, [2.5, 97.5])
        return Figure(round(value, 4), round(float(low), 4), round(float(high), 4))

    def mean(self, values: npt.ArrayLike) -> Figure:
        """The mean of one value a picture."""
        told = np.asarray(values, dtype=np.float64)
        return self.figure(lambda at: mean(told[at]))


def mean(values: Floats) -> float:
    """The mean; NaN of nothing."""
    return float(values.mean()) if len(values) else float("nan")


def auc(scores: Floats, positive: npt.NDArray[np.bool_]) -> float:
    """The chance that a positive scores above a negative, ties half; NaN where one of the two is missing."""
    hits = int(positive.sum())
    if hits in (0, len(positive)):
        return float("nan")
    _, ranks, counts = np.unique(scores, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[ranks]
    return float((rank[positive].sum() - hits * (hits + 1) / 2) / (hits * (len(positive) - hits)))


def expected_calibration_error(sureness: Floats, right: Floats, bins: int = 10) -> float:
    """How far sureness and being right lie apart, over `bins` equal bins (Guo et al., ICML 2017)."""
    at = np.minimum((sureness * bins).astype(int), bins - 1)
    gaps = [
        abs(right[at == b].mean() - sureness[at == b].mean()) * (at == b).mean() for b in range(bins) if (at == b).any()
    ]
    return float(sum(gaps))


def calibration_slope(risk: Floats, positive: npt.NDArray[np.bool_]) -> float:
    """The slope of a logistic regression of what is so on the log-odds of what was told: 1 is right, below 1 too sure.

    NaN where the two do not overlap, since no slope is steep enough then.

    Source: Van Calster et al., BMC Medicine 17:230 (2019).
    """
    if positive.all() or not positive.any() or risk[positive].min() > risk[~positive].max():
        return float("nan")
    clipped = np.clip(risk, 1e-6, 1 - 1e-6)
    columns = np.stack([np.ones_like(clipped), np.log(clipped / (1 - clipped))], axis=1)
    weights = np.zeros(2)
    for _ in range(50):
        told = 1 / (1 + np.exp(-np.clip(columns @ weights, -30, 30)))
        hessian = (columns * (told * (1 - told))[:, None]).T @ columns + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, columns.T @ (positive - told))
        weights = weights + np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-8:
            break
    return float(weights[1])
