"""From the bytes a patient sent to a photo that may be kept: checked, upright, without metadata, re-encoded.

Accepts JPEG, PNG, WebP and HEIC up to 20 MB (Telegram's limit for bots). Whatever else the file holds (place,
camera, thumbnails, comments, anything appended) is gone after re-encoding.
"""

import io
import warnings

import pillow_heif
from PIL import Image, ImageOps, UnidentifiedImageError

from bot.errors import PhotoRefused, RefusalReason
from bot.quality import fault

MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 50_000_000
"""A phone's largest photos; more is a decompression bomb or would fill the memory."""
KEPT_SIDE = 2048
"""Pixels of the longer side of the photo that is kept."""
_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")

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
            upright = ImageOps.exif_transpose(opened)
            upright.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.LANCZOS)
            return _opaque(upright)


def _opaque(picture: Image.Image) -> Image.Image:
    if picture.has_transparency_data:
        layered = picture.convert("RGBA")
        ground = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(ground, layered).convert("RGB")
    return picture.convert("RGB")


def take_in(data: bytes) -> bytes:
    """The photo in `data` as JPEG of at most 2048 px, upright and bare of metadata.

    Raises:
        PhotoRefused: it is not a photo, or not one that is good enough; `reason` says which.
    """
    if len(data) > MAX_BYTES:
        raise PhotoRefused(RefusalReason.TOO_HEAVY)
    try:
        picture = _decoded(data)
    except UnidentifiedImageError:
        raise PhotoRefused(RefusalReason.NOT_A_PHOTO) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PhotoRefused(RefusalReason.TOO_MANY_PIXELS) from None
    except (OSError, ValueError, SyntaxError, RuntimeError, EOFError, OverflowError, MemoryError):
        # Pillow's and libheif's decoders raise any of these at cut or crooked files.
        raise PhotoRefused(RefusalReason.BROKEN) from None
    if reason := fault(picture):
        raise PhotoRefused(reason)
    out = io.BytesIO()
    bare = Image.new("RGB", picture.size)
    bare.paste(picture)
    bare.save(out, "JPEG", quality=90, optimize=True)
    return out.getvalue()
