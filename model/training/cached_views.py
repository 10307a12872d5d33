"""The vision tower's outputs of several views of every picture, kept on disk.

The tower is frozen in the paper's two steps, so no epoch needs to pass a picture through it twice: the first view is
the picture as it is, the others are augmented.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm
from transformers import Blip2VisionModel

from model.pictures import PictureSet
from model.training.views import as_seen, augmented

BATCH = 64


@torch.inference_mode()
def cached_views(tower: Blip2VisionModel, pictures: PictureSet, views: int, file: Path, *, seed: int) -> Tensor:
    """Tower outputs (1 + views, N, patches + 1, width), float16, read from `file` where it is complete."""
    side, width = tower.config.image_size, tower.config.hidden_size
    patches = (side // tower.config.patch_size) ** 2
    shape = (1 + views, len(pictures), patches + 1, width)
    done = file.with_suffix(".done")
    if done.is_file() and done.read_text() == str(shape):
        return torch.from_numpy(np.memmap(file, dtype=np.float16, mode="r+", shape=shape))
    outputs = np.memmap(file, dtype=np.float16, mode="w+", shape=shape)
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.from_numpy(pictures.pixels)
    tower.eval()
    for view in range(shape[0]):
        for start in tqdm(range(0, len(pictures), BATCH), desc=f"view {view + 1}/{shape[0]}", mininterval=20):
            part = pixels[start : start + BATCH]
            seen = as_seen(part, side) if view == 0 else augmented(part, side, generator)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                features = tower(pixel_values=seen).last_hidden_state
            outputs[view, start : start + BATCH] = features.float().numpy().astype(np.float16)
    outputs.flush()
    done.write_text(str(shape))
    return torch.from_numpy(outputs)
