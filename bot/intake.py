"""From the bytes a patient sent to a photo that may be kept: checked, upright, without metadata, re-encoded.

Accepts JPEG, PNG, WebP and HEIC up to 20 MB (Telegram's limit for bots). Whatever else the file holds (place,
camera, thumbnails, comments, anything appended) is gone after re-encoding.
"""

import io
import struct
import warnings

import numpy as np
import pillow_heif
from PIL import Image, ImageOps, UnidentifiedImageError

from bot.errors import PhotoRefused, RefusalReason
from bot.quality import fault

MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 52_000_000
"""A phone's largest photos (8160 x 6144); more is a decompression bomb or would fill the memory."""
KEPT_SIDE = 2048
"""Pixels of the longer side of the photo that is kept."""
_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
_GIF = (b"GIF87a", b"GIF89a")
_DEEP_MODES = ("I;16", "I;16L", "I;16B", "I")
"""16 bits a pixel, one channel; Pillow cuts off what lies above 255 when it converts them."""
_BLACK, _WHITE = 16, 250
"""Luminance below and above which a pixel may belong to a black or a white frame."""
_FRAMED = 0.995
"""Share of such pixels in a row or column that is frame."""

pillow_heif.register_heif_opener()


def _decoded(data: bytes) -> Image.Image:
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise PhotoRefused(RefusalReason.TOO_MANY_PIXELS)
            if opened.format in ("PNG", "WEBP") and getattr(opened, "is_animated", False):
                raise PhotoRefused(RefusalReason.ANIMATED)
            opened.draft(
                "RGB", (KEPT_SIDE, KEPT_SIDE)
            )  # a JPEG is decoded smaller at once, any other format ignores it
            opened.getexif()  # read now: what is taken away is not written anew, at which crooked metadata would fail
            opened.info.pop("exif", None)
            upright = ImageOps.exif_transpose(opened)
            upright.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.LANCZOS)
            return unframed(_opaque(upright))


def _opaque(picture: Image.Image) -> Image.Image:
    if picture.mode in _DEEP_MODES:
        return Image.fromarray((np.asarray(picture).clip(0, 65535) / 257).astype("uint8")).convert("RGB")
    if picture.has_transparency_data:
        layered = picture.convert("RGBA")
        ground = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(ground, layered).convert("RGB")
    return picture.convert("RGB")


def unframed(picture: Image.Image) -> Image.Image:
    """The RGB `picture` without the plain black or white bars around it (a screenshot of a gallery, a scan).

    A frame would make a photo look darker or brighter than it is, and says something to the model that the skin
    does not. What is nothing but frame stays as it is.
    """
    pixels = np.asarray(picture.convert("L"))
    frame = (pixels < _BLACK) | (pixels > _WHITE)
    rows, columns = np.flatnonzero(frame.mean(axis=1) < _FRAMED), np.flatnonzero(frame.mean(axis=0) < _FRAMED)
    if not rows.size or not columns.size:
        return picture
    box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    return picture if box == (0, 0, *picture.size) else picture.crop(box)


def take_in(data: bytes) -> bytes:
    """The photo in `data` as JPEG of at most 2048 px, upright and bare of metadata.

    Raises:
        PhotoRefused: it is not a photo, or not one that is good enough; `reason` says which.
    """
    if len(data) > MAX_BYTES:
        raise PhotoRefused(RefusalReason.TOO_HEAVY)
    if data.startswith(_GIF):
        raise PhotoRefused(RefusalReason.ANIMATED)
    try:
        picture = _decoded(data)
    except UnidentifiedImageError:
        raise PhotoRefused(RefusalReason.NOT_A_PHOTO) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PhotoRefused(RefusalReason.TOO_MANY_PIXELS) from None
    except (OSError, ValueError, SyntaxError, RuntimeError, EOFError, OverflowError, MemoryError, struct.error):
        # Pillow's and libheif's decoders raise any of these at cut or crooked files.
        raise PhotoRefused(RefusalReason.BROKEN) from None
    if reason := fault(picture):
        raise PhotoRefused(reason)
    out = io.BytesIO()
    bare = Image.new("RGB", picture.size)
    bare.paste(picture)
    bare.save(out, "JPEG", quality=90, optimize=True)
    return out.getvalue()
