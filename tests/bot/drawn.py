"""Drawn pictures: skin with a spot, and what is no good as a photo."""

import io
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SKIN = (205, 160, 130)
DARK_SKIN = (62, 40, 30)


def skin(size: tuple[int, int] = (640, 480), colour: tuple[int, int, int] = SKIN, blur: float = 0) -> Image.Image:
    noise = np.random.default_rng(1).normal(0, 6, (size[1], size[0], 1))
    picture = Image.fromarray(np.clip(np.array(colour) + noise, 0, 255).astype("uint8"))
    width, height = size
    spot = (width * 2 // 5, height * 2 // 5, width * 3 // 5, height * 3 // 5)
    ImageDraw.Draw(picture).ellipse(spot, fill=tuple(value // 2 for value in colour))
    return picture.filter(ImageFilter.GaussianBlur(blur)) if blur else picture


def encoded(picture: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


PHOTO = encoded(skin())
