"""How good the answers are on pictures the training never saw, with bootstrap intervals, the plain head beside.

Run: `skingpt evaluate --data PATH --split test [--photo-only] [--json]`; PATH holds `metadata.csv` in the form of
PAD-UFES-20 or HAM10000.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from conditions import CHOICES, MALIGNANT
from model.choosing import choose
from model.datasets.read import read_data
from model.datasets.record import SkinRecord
from model.errors import DataSetError
from model.network import SkinGPT
from model.pictures import DOMAINS
from model.training.lessons import facts_text
from model.training.vision import load_heads

RESAMPLES = 1000
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Figure:
    """A measured value with its 95 % bootstrap interval, resampled by patient or lesion."""

    value: float
    low: float
    high: float


def read_records(data: Path, split: str) -> list[SkinRecord]:
    """The whole pictures (no cut-outs) of one split whose kind the model can answer with, whatever form `data` has.

    Raises:
        DataSetError: the folder is of no known form, or no picture of that split can be used.
    """
    reading = read_data(data)
    records = [record for record in reading.of(split) if not record.cutout and record.choice is not None]
    if not records:
        splits = ", ".join(sorted({record.split or "none" for record in reading.records})) or "none"
        raise DataSetError(f"{data} has no usable picture with split {split!r}; its splits: {splits}")
    return records


@torch.inference_mode()
def tower_outputs(skingpt: SkinGPT, records: Sequence[SkinRecord]) -> Tensor:
    """(N, patches + 1, width) of the pictures as the server would read them."""
    outputs = []
    for start in tqdm(range(0, len(records), 32), desc="reading pictures"):
        images = []
        for record in records[start : start + 32]:
            with Image.open(record.path) as image:
                images.append(image.convert("RGB"))
        outputs.append(skingpt.network.vision_model(skingpt.processor.pixels(images)).last_hidden_state)
    return torch.cat(outputs)


def evaluate(
    skingpt: SkinGPT, weights: Path, records: Sequence[SkinRecord], *, with_history: bool
) -> dict[str, object]:
    """Figures of the language model's choice and, under `plain_head`, of the head on the same tower."""
    features = tower_outputs(skingpt, records)
    facts = [facts_text(record.facts) if with_history else "" for record in records]
    chosen = choose(skingpt, features, facts)
    truth = np.array([CHOICES.index(record.choice or "") for record in records])
    groups = np.array([record.group for record in records])
    head = load_heads(weights)
    with torch.inference_mode():
        plain = head.heads(features)[0].softmax(-1).double().numpy()
    figures = choice_figures(chosen.choices.double().exp().numpy(), truth, groups)
    right = chosen.domains.argmax(1).numpy() == np.array([DOMAINS.index(record.domain) for record in records])
    return {
        "n": len(records),
        "with_history": with_history,
        **figures,
        "domain_accuracy": _interval(right.astype(float), groups, lambda at: float(right[at].mean())),
        "plain_head": choice_figures(plain, truth, groups),
    }


def choice_figures(
    probabilities: Floats, truth: npt.NDArray[np.int64], groups: npt.NDArray[np.str_]
) -> dict[str, object]:
    """Accuracy, balanced accuracy, top-3, recall by kind, Brier score, ECE and malignant-or-not AUC."""
    told = probabilities.argmax(1)
    right = (told == truth).astype(float)
    top3 = (np.argsort(-probabilities, axis=1)[:, :3] == truth[:, None]).any(1).astype(float)
    brier = ((probabilities - np.eye(len(CHOICES))[truth]) ** 2).sum(1)
    malignant = np.isin(truth, [CHOICES.index(slug) for slug in MALIGNANT if slug in CHOICES])
    risk = probabilities[:, [CHOICES.index(slug) for slug in MALIGNANT if slug in CHOICES]].sum(1)
    kinds = np.unique(truth)

    def balanced(at: npt.NDArray[np.int64]) -> float:
        return float(np.mean([right[at][truth[at] == k].mean() for k in kinds if (truth[at] == k).any()]))

    def recall_of(kind: np.int64) -> Callable[[npt.NDArray[np.int64]], float]:
        return lambda at: _mean(right[at][truth[at] == kind])

    return {
        "accuracy": _interval(right, groups, lambda at: float(right[at].mean())),
        "balanced_accuracy": _interval(right, groups, balanced),
        "top3": _interval(top3, groups, lambda at: float(top3[at].mean())),
        "recall": {CHOICES[k]: _interval(right, groups, recall_of(k)) for k in kinds},
        "auc_malignant_vs_benign": _interval(right, groups, lambda at: _auc(risk[at], malignant[at])),
        "brier": _interval(brier, groups, lambda at: float(brier[at].mean())),
        "ece": _interval(right, groups, lambda at: _ece(probabilities.max(1)[at], right[at])),
    }


def _interval(values: Floats, groups: npt.NDArray[np.str_], figure: Callable[[npt.NDArray[np.int64]], float]) -> Figure:
    rng = np.random.default_rng(0)
    _, which = np.unique(groups, return_inverse=True)
    members = np.split(np.argsort(which, kind="stable"), np.cumsum(np.bincount(which))[:-1])
    drawn = [
        figure(np.concatenate([members[i] for i in rng.integers(len(members), size=len(members))]))
        for _ in range(RESAMPLES)
    ]
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return Figure(round(figure(np.arange(len(values))), 4), round(float(low), 4), round(float(high), 4))


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _auc(scores: Floats, positive: npt.NDArray[np.bool_]) -> float:
    if positive.all() or not positive.any():
        return float("nan")
    _, ranks, counts = np.unique(scores, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[ranks]
    hits = positive.sum()
    return float((rank[positive].sum() - hits * (hits + 1) / 2) / (hits * (~positive).sum()))


def _ece(sureness: Floats, right: Floats, bins: int = 10) -> float:
    at = np.minimum((sureness * bins).astype(int), bins - 1)
    gaps = [
        abs(right[at == b].mean() - sureness[at == b].mean()) * (at == b).mean() for b in range(bins) if (at == b).any()
    ]
    return float(sum(gaps))
