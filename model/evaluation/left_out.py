"""Kinds never taught: whether the head is less sure of a kind that was left out when it was fitted.

Run: `skingpt evaluate left-out --data PATH`. A linear head is fitted anew on the released tower's outputs of the
training split, once for every kind without it; then its doubt (1 - the highest probability) should part the test
pictures of that kind from those it knows. The tower itself has seen the kind, so a kind that nobody ever taught will do
worse than these figures say.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from model.errors import DataSetError
from model.evaluation.evaluate import Cases, read_cases, read_records
from model.evaluation.intervals import Bootstrap, Figure, auc
from model.network import SkinGPT
from model.regression import lowest
from model.vision_tower import pooled

PENALTY = 1e-3


def left_out_aucs(skingpt: SkinGPT, data: Path, split: str) -> dict[str, object]:
    """For every kind: AUC of doubt, the kind left out against the kinds that were taught, and the mean of all.

    Raises:
        DataSetError: the data set has no training split, or fewer than three kinds.
    """
    taught, judged = (read_cases(skingpt, read_records(data, name)[0]) for name in ("train", split))
    kinds = sorted({record.choice or "" for record in taught.records})
    if len(kinds) < 3:
        raise DataSetError(f"{data} teaches {len(kinds)} kinds: leaving one out needs three")
    figures = {kind: doubt_auc(taught, judged, kind) for kind in kinds}
    told = [figure.value for figure in figures.values() if not np.isnan(figure.value)]
    return {"n": len(judged.records), "mean": float(np.mean(told)), "left_out": figures}


def doubt_auc(taught: Cases, judged: Cases, left_out: str) -> Figure:
    """How well the doubt of a head that was never taught `left_out` parts that kind from the others."""
    labels = np.array([record.choice for record in taught.records])
    kept = labels != left_out
    names, truth = np.unique(labels[kept], return_inverse=True)
    seen = _read(taught)
    middle, spread = seen.mean(0), seen.std(0).clamp(min=1e-6)
    head = _fitted((seen[torch.from_numpy(kept)] - middle) / spread, torch.from_numpy(truth), len(names))
    sureness = (((_read(judged) - middle) / spread) @ head[:-1] + head[-1]).softmax(1).amax(1)
    doubt = 1 - sureness.double().numpy()
    strange = np.array([record.choice == left_out for record in judged.records])
    return Bootstrap(np.array([record.group for record in judged.records])).figure(
        lambda at: auc(doubt[at], strange[at])
    )


def _read(cases: Cases) -> Tensor:
    """What a linear head reads of the tower's outputs, float (N, 2 * width)."""
    return torch.cat([pooled(part.float(), cases.looks) for part in torch.split(cases.features, 512)])


def _fitted(features: Tensor, truth: Tensor, kinds: int) -> Tensor:
    """(width + 1, kinds): a multinomial logistic regression, the last row its constants; each kind counts alike."""
    weights = 1 / torch.bincount(truth, minlength=kinds).float()

    def loss(head: Tensor) -> Tensor:
        value = cross_entropy(features @ head[:-1] + head[-1], truth, weight=weights)
        return value + PENALTY * head[:-1].square().sum()

    return lowest(loss, (features.shape[1] + 1, kinds), most=100)
