"""Drawn pictures: skin with a spot, and what is no good as a photo."""

import io
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

SKIN = (205, 160, 130)
DARK_SKIN = (62, 40, 30)


def skin(size: tuple[int, int] = (640, 480), colour: tuple[int, int, int] = SKIN, blur: float = 0) -> Image.Image:
    noise = np.random.default_rng(1).normal(0, 6, (size[1], size[0], 1))
    picture = Image.fromarray(np.clip(np.array(colour) + noise, 0, 255).astype("uint8"))
    width, height = size
    spot = (width * 2 // 5, height * 2 // 5, width * 3 // 5, height * 3 // 5)
    ImageDraw.Draw(picture).ellipse(spot, fill=tuple(value // 2 for value in colour))
    return picture.filter(ImageFilter.GaussianBlur(blur)) if blur else picture


def framed(picture: Image.Image, ground: str, width: int = 120) -> Image.Image:
    """With plain bars around it."""
    return ImageOps.expand(picture, width, ground)


def screenshot(size: tuple[int, int] = (540, 960), *, dark: bool = False) -> Image.Image:
    """A chat of text: lines of words in bubbles on a plain ground."""
    ground, bubble, ink = ((18, 18, 20), (40, 40, 44), "white") if dark else ((255, 255, 255), (235, 238, 240), "black")
    picture = Image.new("RGB", size, ground)
    draw = ImageDraw.Draw(picture)
    for top in range(60, size[1] - 120, 130):
        draw.rounded_rectangle((30, top, size[0] - 90, top + 100), 14, fill=bubble)
        for line in range(3):
            words = "the rash began on monday and it itches at night"
            draw.text((44, top + 10 + 28 * line), words, fill=ink, font=ImageFont.load_default(17))
    return picture


def xray(size: tuple[int, int] = (600, 700)) -> Image.Image:
    """Bright bones on black, in greys."""
    picture = Image.new("L", size, 12)
    draw = ImageDraw.Draw(picture)
    for left in range(120, size[0] - 120, 90):
        draw.rounded_rectangle((left, 80, left + 34, size[1] - 80), 16, fill=190)
    noise = Image.effect_noise(size, 18)
    return Image.blend(picture.filter(ImageFilter.GaussianBlur(3)), noise, 0.15).convert("RGB")


def face(size: tuple[int, int] = (480, 640)) -> Image.Image:
    """A face with red cheeks, as in rosacea."""
    picture = skin(size)
    draw = ImageDraw.Draw(picture)
    for x in (150, 330):
        draw.ellipse((x - 30, 210, x + 30, 240), fill="white", outline=(60, 40, 30))
        draw.ellipse((x - 12, 213, x + 12, 237), fill=(60, 40, 30))
        draw.ellipse((x - 50, 330, x + 50, 420), fill=(215, 110, 100))
    draw.arc((160, 400, 320, 520), 20, 160, fill=(150, 60, 60), width=8)
    return picture


def encoded(picture: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


PHOTO = encoded(skin())
