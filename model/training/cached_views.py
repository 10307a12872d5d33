"""The vision tower's outputs of several views of every picture, kept on disk.

The tower is frozen in the paper's two steps, so no epoch passes a picture through it twice: the first views are the
looks that the network will take at the picture, as it is and flipped, the others are augmented. A cache that was cut
off is gone on with; one of another tower, other pictures or another seed is made anew.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from model.network import FLIPS
from model.pictures import PictureSet
from model.presets import Preset
from model.sight import Sight
from model.training.views import as_seen, augmented
from precision import autocast

BATCH = 64
TOLD_EVERY = 10
"""Batches after which the progress is written down."""


@torch.inference_mode()
def cached_views(
    sight: Sight,
    preset: Preset,
    pictures: PictureSet,
    file: Path,
    *,
    seed: int,
    views: int | None = None,
    looks: int = 1,
) -> Tensor:
    """The frozen towers' outputs (looks + views, N, tokens, width), float16, from `file` as far as they are there."""
    views = preset.views if views is None else views
    shape = (looks + views, len(pictures), *sight.seen_shape)
    key = {
        "shape": list(shape),
        "looks": looks,
        "seed": seed,
        "towers": digest(sight.towers),
        "pictures": _digest(pictures),
    }
    progress = file.with_suffix(".progress.json")
    done = _done(progress, key) if file.is_file() else 0
    outputs = np.memmap(file, dtype=np.float16, mode="r+" if done else "w+", shape=shape)
    parts = [(view, start) for view in range(shape[0]) for start in range(0, len(pictures), BATCH)]
    pixels = torch.from_numpy(pictures.pixels)
    sight.network.eval()
    for number, (view, start) in enumerate(tqdm(parts[done:], desc=file.stem, mininterval=20), start=done):
        part = pixels[start : start + BATCH]
        chance = torch.Generator().manual_seed(seed * 1_000_003 + number)
        colours = (preset.mean, preset.deviation)
        if view < looks:
            seen = as_seen(part, sight.side, *colours).flip(FLIPS[view])
        else:
            seen = augmented(part, sight.side, chance, *colours)
        with autocast(sight.network.device.type):
            features = sight.see(seen)
        outputs[view, start : start + BATCH] = features.float().cpu().numpy().astype(np.float16)
        if number % TOLD_EVERY == TOLD_EVERY - 1 or number + 1 == len(parts):
            outputs.flush()
            progress.write_text(json.dumps({"key": key, "done": number + 1}))
    return torch.from_numpy(outputs)


def digest(modules: Sequence[nn.Module]) -> str:
    """SHA-256 of the modules' tensors: weights that differ in anything but the sign of a zero have another.

    Weights released in half precision have negative zeros, which a running mean turns into positive ones.
    """
    sha = hashlib.sha256()
    for module in modules:
        for name, tensor in sorted(module.state_dict().items()):
            sha.update(name.encode())
            sha.update((tensor.float() + 0.0).contiguous().cpu().numpy().tobytes())
    return sha.hexdigest()


def _digest(pictures: PictureSet) -> str:
    return hashlib.sha256(np.ascontiguousarray(pictures.pixels).data).hexdigest()


def _done(progress: Path, key: dict[str, object]) -> int:
    if not progress.is_file():
        return 0
    told = json.loads(progress.read_text())
    return int(told["done"]) if told["key"] == key else 0
