"""Augmented views of a batch of pictures: flips, turns, crops, colour, light and a little blur.

Everything runs on whole batches in torch, since there is no CPU build of torchvision beside the torch used here.
"""

import math
from random import Random

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, avg_pool2d, grid_sample, interpolate

Colour = tuple[float, float, float]

HALF: Colour = (0.5, 0.5, 0.5)
"""Mean and deviation of the AugReg ViT's normalisation: (x - 0.5) / 0.5."""


def as_seen(pixels: Tensor, side: int, mean: Colour = HALF, deviation: Colour = HALF) -> Tensor:
    """uint8 (B, S, S, 3) -> normalised float (B, 3, side, side), not augmented."""
    images = pixels.permute(0, 3, 1, 2).float() / 255
    if images.shape[-1] != side:
        images = interpolate(images, (side, side), mode="bicubic", antialias=True).clamp(0, 1)
    return _normalised(images, mean, deviation)


def augmented(
    pixels: Tensor, side: int, generator: torch.Generator, mean: Colour = HALF, deviation: Colour = HALF
) -> Tensor:
    """uint8 (B, S, S, 3) -> normalised float (B, 3, side, side), every picture another view of itself."""
    images = pixels.permute(0, 3, 1, 2).float() / 255
    views = _moved(images, side, generator)
    views = _relit(views, generator)
    return _normalised(_softened(views, generator), mean, deviation)


def blended(views: Tensor, share: float, _: Random) -> tuple[Tensor, float]:
    """Every view (B, 3, S, S) over that of its opposite in the batch: `share` is its own part.

    mixup (Zhang et al. 2018).
    """
    return share * views + (1 - share) * views.flip(0), share


def pasted(views: Tensor, share: float, chance: Random) -> tuple[Tensor, float]:
    """A square of its opposite on every view (B, 3, S, S); how much of its own is left, 0..1, is about `share`.

    CutMix (Yun et al. 2019). The square is cut where it leaves the picture, so the share told back is the true one.
    """
    side = views.shape[-1]
    half = side * math.sqrt(1 - share) / 2
    (top, bottom), (left, right) = (
        (max(0, round(middle - half)), min(side, round(middle + half)))
        for middle in (chance.uniform(0, side), chance.uniform(0, side))
    )
    views = views.clone()
    views[:, :, top:bottom, left:right] = views.flip(0)[:, :, top:bottom, left:right]
    return views, 1 - (bottom - top) * (right - left) / side**2


def _normalised(images: Tensor, mean: Colour, deviation: Colour) -> Tensor:
    return (images - torch.tensor(mean)[:, None, None]) / torch.tensor(deviation)[:, None, None]


def _moved(images: Tensor, side: int, generator: torch.Generator) -> Tensor:
    batch = images.shape[0]

    def uniform(low: float, high: float) -> Tensor:
        return torch.rand(batch, generator=generator) * (high - low) + low

    turn = uniform(-math.pi, math.pi)
    zoom, stretch = uniform(0.62, 1.08), uniform(0.88, 1.14)
    flip = torch.where(torch.rand(batch, generator=generator) < 0.5, -1.0, 1.0)
    cos, sin = turn.cos(), turn.sin()
    rows = torch.stack(
        [
            torch.stack([zoom * cos * flip * stretch, -zoom * sin, uniform(-0.12, 0.12)], 1),
            torch.stack([zoom * sin * flip * stretch, zoom * cos, uniform(-0.12, 0.12)], 1),
        ],
        1,
    )
    grid = affine_grid(rows, [batch, 3, side, side], align_corners=False)
    return grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def _relit(views: Tensor, generator: torch.Generator) -> Tensor:
    batch = views.shape[0]

    def around_one(spread: float, channels: int = 1) -> Tensor:
        return 1 + (torch.rand(batch, channels, 1, 1, generator=generator) * 2 - 1) * spread

    grey = views.mean(1, keepdim=True)
    views = grey + (views - grey) * around_one(0.25)
    middle = views.mean((1, 2, 3), keepdim=True)
    views = middle + (views - middle) * around_one(0.25)
    views = views * around_one(0.18) * around_one(0.07, channels=3)
    return views.clamp(1e-4, 1) ** around_one(0.15)


def _softened(views: Tensor, generator: torch.Generator) -> Tensor:
    soft = avg_pool2d(views, 3, stride=1, padding=1, count_include_pad=False)
    share = torch.rand(views.shape[0], 1, 1, 1, generator=generator)
    chosen = (torch.rand(views.shape[0], 1, 1, 1, generator=generator) < 0.25).float()
    return views + (soft - views) * share * chosen
