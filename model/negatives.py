"""Pictures that are not one clear lesion, made from what the training split holds.

The network must be able to answer `healthy-skin`, `cannot-tell` and `not-skin`; no data set here has such pictures, so
they are made: lesion-free margins of phone photos (healthy skin), the same photos out of focus, under- or overexposed
or far away and eruptions drawn on real skin (cannot tell), drawn screens and fabrics (not skin). Cut-out lesions on
black are pasted on real skin here as well, since a black background would give most of them away as malignant.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

SIDE = 256
"""Pixels along each side of a made picture."""

MAX_MARGIN_SPREAD = 7.0
"""A margin whose smoothed brightness varies more than this (of 255) may hold part of the lesion."""


def skin_margin(photo: Image.Image, rng: Generator) -> Image.Image | None:
    """The most even corner of a phone photo, SIDE x SIDE, or None where every corner is uneven."""
    width, height = photo.size
    part = rng.uniform(0.26, 0.36)
    w, h = int(width * part), int(height * part)
    corners = [(0, 0), (width - w, 0), (0, height - h), (width - w, height - h)]
    crops = [photo.crop((x, y, x + w, y + h)) for x, y in corners]
    spreads = [_spread(crop) for crop in crops]
    best = int(np.argmin(spreads))
    if spreads[best] > MAX_MARGIN_SPREAD:
        return None
    return crops[best].resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def _spread(crop: Image.Image) -> float:
    smooth = crop.convert("L").filter(ImageFilter.GaussianBlur(crop.width / 12))
    return float(np.asarray(smooth, dtype=np.float32).std())


def paste_cutout(cutout: Image.Image, skin: Image.Image, rng: Generator) -> Image.Image:
    """A lesion cut out on black, with soft edges, on a skin picture shifted to the lesion's own tint."""
    pixels = np.asarray(cutout.convert("RGB"), dtype=np.float32)
    inside = pixels.max(axis=2) > 24
    mask = Image.fromarray((inside * 255).astype(np.uint8)).filter(ImageFilter.MedianFilter(5))
    box = mask.getbbox()
    if box is None or inside.mean() < 0.002:
        return skin
    lesion, mask = cutout.convert("RGB").crop(box), mask.crop(box)
    longest = SIDE * rng.uniform(0.3, 0.75)
    scale = longest / max(lesion.size)
    size = (max(8, int(lesion.width * scale)), max(8, int(lesion.height * scale)))
    lesion = lesion.resize(size, Image.Resampling.BICUBIC)
    soft = mask.resize(size).filter(ImageFilter.MinFilter(7)).filter(ImageFilter.GaussianBlur(2.5))
    rim = pixels[inside].mean(axis=0)
    ground = np.asarray(skin, dtype=np.float32)
    tint = 0.5 * (rim - ground.mean(axis=(0, 1)))
    out = Image.fromarray(np.clip(ground + tint + rng.uniform(0, 18), 0, 255).astype(np.uint8))
    x = int((SIDE - size[0]) * rng.uniform(0.25, 0.75))
    y = int((SIDE - size[1]) * rng.uniform(0.25, 0.75))
    out.paste(lesion, (x, y), soft)
    return out


def unreadable(photo: Image.Image, skin: Image.Image, rng: Generator) -> Image.Image:
    """A photo nobody could read: out of focus, too dark, too bright, too coarse or taken from far away."""
    ways: list[Callable[[], Image.Image]] = [
        lambda: photo.filter(ImageFilter.GaussianBlur(photo.width * rng.uniform(0.045, 0.09))),
        lambda: ImageEnhance.Brightness(photo).enhance(rng.uniform(0.05, 0.14)),
        lambda: ImageEnhance.Brightness(photo).enhance(rng.uniform(3.2, 5.0)),
        lambda: photo.resize((int(rng.integers(8, 14)),) * 2).resize((SIDE, SIDE), Image.Resampling.BICUBIC),
        lambda: _far_away(photo, skin, rng),
        lambda: _far_away(photo, skin, rng),
    ]
    return ways[rng.integers(len(ways))]().resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def _far_away(photo: Image.Image, skin: Image.Image, rng: Generator) -> Image.Image:
    side = int(SIDE * rng.uniform(0.06, 0.11))
    small = photo.resize((side, side), Image.Resampling.LANCZOS)
    mask = Image.new("L", (side, side), 0)
    ImageDraw.Draw(mask).ellipse((1, 1, side - 1, side - 1), fill=255)
    out = skin.copy()
    at = (int(rng.uniform(0.1, 0.8) * SIDE), int(rng.uniform(0.1, 0.8) * SIDE))
    out.paste(small, at, mask.filter(ImageFilter.GaussianBlur(1.5)))
    return out


def eruption(skin: Image.Image, rng: Generator) -> Image.Image:
    """Many spots, weals, rings or scaly patches drawn on real skin: a rash, which the network does not know."""
    colour = np.array([rng.uniform(20, 60), rng.uniform(-60, -20), rng.uniform(-55, -15)], dtype=np.float32)
    if rng.random() < 0.25:
        colour = -0.6 * colour
    strength = np.zeros((SIDE, SIDE), dtype=np.float32)
    count = int(rng.integers(7, 60))
    size = rng.uniform(0.015, 0.06) if count > 20 else rng.uniform(0.04, 0.13)
    ring, ys, xs = rng.random() < 0.25, *np.mgrid[0:SIDE, 0:SIDE]
    for _ in range(count):
        cx, cy = rng.uniform(0, SIDE, 2)
        a, b = SIDE * size * rng.uniform(0.5, 1.5, 2)
        turn = rng.uniform(0, math.pi)
        u = ((xs - cx) * math.cos(turn) + (ys - cy) * math.sin(turn)) / a
        v = ((ys - cy) * math.cos(turn) - (xs - cx) * math.sin(turn)) / b
        radius = np.hypot(u, v)
        blob = np.exp(-(((radius - 1) * 3) ** 2)) if ring else 1 / (1 + np.exp(np.clip((radius - 1) * 6, -30, 30)))
        strength = np.maximum(strength, blob * rng.uniform(0.5, 1.0))
    grain = rng.normal(1.0, 0.2, (SIDE, SIDE)).astype(np.float32)
    pixels = np.asarray(skin, dtype=np.float32) + (strength * grain)[..., None] * colour
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def drawn_object(rng: Generator) -> Image.Image:
    """A screen of text, a chart, a woven cloth or a plain surface: what people send by mistake."""
    ways = (_screen, _cloth, _plain)
    return ways[rng.integers(len(ways))](rng)


def _screen(rng: Generator) -> Image.Image:
    dark = rng.random() < 0.4
    paper = tuple(int(c) for c in (rng.uniform(0, 50, 3) if dark else rng.uniform(205, 255, 3)))
    ink = tuple(int(c) for c in (rng.uniform(170, 255, 3) if dark else rng.uniform(0, 90, 3)))
    image = Image.new("RGB", (SIDE, SIDE), paper)
    draw = ImageDraw.Draw(image)
    line = int(rng.integers(7, 22))
    for y in range(line, SIDE, line):
        x = int(rng.integers(4, 24))
        while x < SIDE * rng.uniform(0.4, 1.0):
            word = int(rng.integers(line // 2 + 1, line * 4))
            draw.rectangle((x, y, x + word, y + line // 2 - 1), fill=ink)
            x += word + line // 2
    if rng.random() < 0.5:
        x, y = (int(v) for v in rng.uniform(0, SIDE * 0.6, 2))
        accent = tuple(int(c) for c in rng.uniform(0, 255, 3))
        draw.rounded_rectangle((x, y, x + SIDE // 3, y + SIDE // 5), 8, fill=accent)
    return image


def _cloth(rng: Generator) -> Image.Image:
    ys, xs = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    turn, step = rng.uniform(0, math.pi), rng.uniform(0.08, 1.2)
    along = xs * math.cos(turn) + ys * math.sin(turn)
    across = ys * math.cos(turn) - xs * math.sin(turn)
    weave = np.sin(along * step) * np.sin(across * step * rng.uniform(0.3, 1.2))
    a, b = rng.uniform(0, 255, 3), rng.uniform(0, 255, 3)
    mix = (0.5 + 0.5 * weave)[..., None]
    pixels = a * mix + b * (1 - mix) + rng.normal(0, 8, (SIDE, SIDE, 3))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _plain(rng: Generator) -> Image.Image:
    ys, xs = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) / SIDE
    colour = rng.choice([rng.uniform(0, 255, 3), np.full(3, rng.uniform(0, 255))])
    shade = 1 + 0.5 * (xs * rng.uniform(-1, 1) + ys * rng.uniform(-1, 1))
    pixels = colour * shade[..., None] + rng.normal(0, rng.uniform(1, 10), (SIDE, SIDE, 3))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
