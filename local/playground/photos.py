"""Photos as Telegram's apps send them: turned upright, without metadata, as JPEGs of several sizes."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

import pillow_heif
from PIL import Image, ImageOps

SIZES = (90, 320, 800, 1280)  # longest side, in pixels
QUALITY = 87
MAX_PIXELS = 100_000_000
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "HEIF", "TIFF")

pillow_heif.register_heif_opener()


class NotAPhotoError(ValueError):
    """The bytes are no image that can be read, or one of impossible dimensions."""


@dataclass(frozen=True)
class ScaledPhoto:
    """One size of a photo: width and height in pixels, and its JPEG bytes."""

    width: int
    height: int
    content: bytes


def scaled(content: bytes, sizes: tuple[int, ...] = SIZES) -> list[ScaledPhoto]:
    """The photo in every size smaller than itself, and at most the largest size; smallest first.

    Raises:
        NotAPhotoError: unreadable, over 100 megapixels, or one side over 20 times the other.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content), formats=_FORMATS)
        width, height = image.size
        if width * height > MAX_PIXELS or max(width, height) > 20 * min(width, height):
            raise NotAPhotoError(f"a photo of {width} by {height} pixels cannot be sent")
        image.draft("RGB", (sizes[-1], sizes[-1]))
        upright = _on_white(ImageOps.exif_transpose(image))
    except NotAPhotoError:
        raise
    except (
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise NotAPhotoError("this file is not a picture that can be read") from error
    longest = max(upright.size)
    wanted = [size for size in sizes if size < longest] or []
    if longest <= sizes[-1]:
        wanted.append(longest)
    return [_scaled_to(upright, size) for size in wanted]


def _on_white(image: Image.Image) -> Image.Image:
    """Without transparency and metadata."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layered = image.convert("RGBA")
        canvas = Image.new("RGB", image.size, "white")
        canvas.paste(layered, mask=layered.getchannel("A"))
        return canvas
    return image.convert("RGB")


def _scaled_to(image: Image.Image, longest: int) -> ScaledPhoto:
    ratio = longest / max(image.size)
    size = (max(1, round(image.width * ratio)), max(1, round(image.height * ratio)))
    smaller = image if size == image.size else image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    buffer = io.BytesIO()
    Image.frombytes("RGB", smaller.size, smaller.tobytes()).save(buffer, "JPEG", quality=QUALITY)
    return ScaledPhoto(*size, buffer.getvalue())
