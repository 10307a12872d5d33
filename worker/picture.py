"""A stored photo made small enough for the model's endpoint (TGI refuses requests over 2 MB)."""

import io

from PIL import Image, UnidentifiedImageError

from worker.errors import PhotoUnreadable

LONGEST_SIDE = 1024
"""Pixels. The towers look at 224 to 672 pixels; more only costs time."""
MAX_BYTES = 1_400_000
"""Base64 adds a third: 1.4 MB stay under 2 MB with the prompt around them."""
_QUALITIES = (90, 80, 65, 45)


def jpeg_for_model(photo: bytes) -> bytes:
    """`photo` (any format Pillow reads) as RGB JPEG, at most 1024 px on the longest side and 1.4 MB.

    Raises:
        PhotoUnreadable: the bytes are not a photo.
    """
    try:
        with Image.open(io.BytesIO(photo)) as opened:
            picture = opened.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise PhotoUnreadable(f"A stored photo of {len(photo)} bytes cannot be decoded: have it sent again.") from error
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    for quality in _QUALITIES:
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=quality)
        if out.tell() <= MAX_BYTES:
            break
    return out.getvalue()
