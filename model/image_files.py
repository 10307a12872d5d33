"""Image files as every part of the room reads them: upright, opaque, eight bits a channel."""

import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, ImageStat

from model.errors import PictureError

_DEEP_MODES = ("I;16", "I;16L", "I;16B", "I")
"""16 bits a pixel, one channel; Pillow cuts off what lies above 255 when it converts them."""


def open_picture(source: Path | BinaryIO, *, side: int | None = None, most_pixels: int | None = None) -> Image.Image:
    """The picture in `source`, RGB; with `side`, a JPEG may be decoded smaller at once, to no less than that a side.

    Raises:
        PictureError: it cannot be read, or has more than `most_pixels`.
    """
    try:
        with Image.open(source) as image:
            if most_pixels is not None and image.width * image.height > most_pixels:
                raise PictureError(f"more than {most_pixels:,} pixels")
            if side is not None:
                image.draft("RGB", (side, side))
            image.getexif()  # read now: what is taken away is not written anew, at which crooked metadata would fail
            image.info.pop("exif", None)
            return _opaque(ImageOps.exif_transpose(image))
    # Pillow's decoders raise any of these at cut or crooked files.
    except (
        OSError,
        SyntaxError,
        TypeError,
        ValueError,
        EOFError,
        OverflowError,
        struct.error,
        Image.DecompressionBombError,
    ) as error:
        raise PictureError(type(error).__name__) from error


def _opaque(picture: Image.Image) -> Image.Image:
    """What shines through is given the mean colour of what can be seen: black or white there would look like a mark."""
    if picture.mode in _DEEP_MODES:
        return Image.fromarray((np.asarray(picture).clip(0, 65535) // 257).astype(np.uint8)).convert("RGB")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layered = picture.convert("RGBA")
    mean = ImageStat.Stat(layered.convert("RGB"), layered.getchannel("A")).mean
    ground = Image.new("RGBA", layered.size, (round(mean[0]), round(mean[1]), round(mean[2]), 255))
    return Image.alpha_composite(ground, layered).convert("RGB")
