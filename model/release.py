"""From a training run to a weights folder: calibrated on the validation split, halved to fp16, with the plain head.

Run: `skingpt release --data DATA --run RUN --out FOLDER`, or `--weights FOLDER` instead of `--run` for weights that
were released before. `--side` lets the tower read larger pictures than it was trained with, `--looks` says how often
the network looks at each; the temperature is fitted on what is read so.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from model.choosing import BATCH, choose, fitted_temperature, scale_choices
from model.network import SkinGPT, load_skingpt, look
from model.pictures import PictureSet, read_pictures
from model.training.lessons import facts_text
from model.training.views import as_seen
from model.training.vision import load_heads, load_plain_head
from model.vision_tower import PLAIN_HEAD, PlainHead, set_side


@dataclass(frozen=True)
class Trained:
    """A trained mini and the plain head on the same tower."""

    skingpt: SkinGPT
    head: PlainHead


def of_run(run: Path) -> Trained:
    """What a finished run left.

    Raises:
        WeightsError: a training step has not been run in `run`.
    """
    return Trained(load_skingpt(run / "step-2"), load_plain_head(run))


def of_weights(weights: Path) -> Trained:
    """What was released before, its temperature in it: a new one multiplies.

    Raises:
        WeightsError: the folder is missing or incomplete.
    """
    return Trained(load_skingpt(weights), load_heads(weights))


def release(
    trained: Trained, data: Path, out: Path, *, side: int | None = None, looks: int | None = None
) -> dict[str, float]:
    """Writes the weights folder `out`; gives the temperature and what it was fitted on.

    The temperature is fitted on whole validation pictures (no pasted cut-outs), each counting alike. `side` and `looks`
    stay as they were trained or released where they are not named.

    Raises:
        WeightsError: `side` cannot be cut into patches.
    """
    skingpt = trained.skingpt
    read_at(skingpt, side, looks)
    val = _whole_lesions(data, skingpt.network.config.vision_config.image_size)
    chosen = choose(skingpt, _looks_at(skingpt, val), [facts_text(facts) for facts in val.facts])
    temperature = fitted_temperature(chosen.choices, torch.from_numpy(val.choice))
    scale_choices(skingpt, temperature)
    skingpt.network.half().save_pretrained(out)
    skingpt.processor.save_pretrained(out)
    tensors = trained.head.state_dict().items()
    save_file({name: t.half().contiguous() for name, t in tensors if not name.startswith("tower.")}, out / PLAIN_HEAD)
    figures = {"temperature": temperature, "fitted_on": float(len(val))}
    (out / "calibration.json").write_text(json.dumps(figures, indent=1))
    return figures


def read_at(skingpt: SkinGPT, side: int | None, looks: int | None) -> None:
    """Has the network read pictures of `side` pixels, in `looks` looks; what is None stays as it is.

    Raises:
        WeightsError: `side` cannot be cut into patches.
    """
    if side is not None:
        set_side(skingpt.network.vision_model, side)
        skingpt.network.config.vision_config.image_size = side
        skingpt.processor.image_processor.size = {"height": side, "width": side}
    if looks is not None:
        skingpt.network.config.looks = looks


def _whole_lesions(data: Path, side: int) -> PictureSet:
    val = read_pictures(data, "val", side)
    return val.only((val.choice >= 0) & ~val.made & [bool(group) for group in val.groups])


@torch.inference_mode()
def _looks_at(skingpt: SkinGPT, pictures: PictureSet) -> Tensor:
    """What the Q-Former reads of each picture (N, looks * (patches + 1), width), float16 as in the evaluation."""
    side = pictures.pixels.shape[1]
    parts = torch.split(torch.from_numpy(pictures.pixels), BATCH)
    return torch.cat([look(skingpt.network, as_seen(part, side)).half() for part in parts])
