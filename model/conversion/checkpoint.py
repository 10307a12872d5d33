"""Reads PyTorch checkpoints of other projects, tensors only: nothing in them is executed."""

import pickle
from collections.abc import Collection, Mapping
from pathlib import Path

import torch
from torch import Tensor

from model.errors import WeightsError

MOST_NAMES = 8


def read_checkpoint(file: Path) -> dict[str, Tensor]:
    """The tensors of `file`, of its entry `model` where it has one.

    Raises:
        WeightsError: the file is missing, no checkpoint, or holds anything but tensors and plain values.
    """
    if not file.is_file():
        raise WeightsError(f"{file} is missing")
    try:
        told = torch.load(file, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise WeightsError(f"{file} cannot be read safely as a checkpoint ({type(error).__name__})") from error
    told = told.get("model", told) if isinstance(told, Mapping) else told
    if not isinstance(told, Mapping) or not all(isinstance(value, Tensor) for value in told.values()):
        raise WeightsError(f"{file} is no checkpoint: it should hold tensors by name, or those under `model`")
    return dict(told)


def refuse(
    where: str, *, missing: Collection[str] = (), unexpected: Collection[str] = (), shapes: Collection[str] = ()
) -> None:
    """Raises WeightsError that names what is missing, unexpected or of another shape; nothing where all fits."""
    kinds = {"missing": missing, "unexpected": unexpected, "of another shape": shapes}
    parts = [f"{kind}: {_some(sorted(names))}" for kind, names in kinds.items() if names]
    if parts:
        raise WeightsError(f"{where} does not hold what this network needs; {'; '.join(parts)}")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more
