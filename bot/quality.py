"""Whether a photo is good enough to look at: light, focus, and whether it can be skin at all.

The limits are lenient: a refused photo costs the patient more than a weak one costs the model, which can
still say that it cannot tell. They were set so that no more than one in two hundred real skin photos
(PAD-UFES-20, HAM10000) is refused.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bot.errors import RefusalReason

MIN_SIDE = 150
"""Pixels of the shorter side: below, the model's 224 px would be mostly invented."""
_LOOKED_AT = 512
"""Pixels of the longer side at which light and focus are measured."""
MIN_LIGHT = 18.0
"""Mean luminance (0 to 255); far below what very dark skin gives in usable light."""
MAX_LIGHT = 246.0
MIN_CONTRAST = 2.0
"""Standard deviation of the luminance; below, the picture is one flat colour."""
MIN_FOCUS = 2.0
"""Variance of the Laplacian of the luminance at 512 px."""
MIN_SKIN = 0.01
"""Share of pixels with a colour that skin of any tone can have."""
MIN_CHROMA = 6.0
"""The 95th percentile of the distance between a pixel's largest and smallest channel (0 to 255)."""
MIN_PLAIN_IN_TEXT, MAX_SKIN_IN_TEXT, MIN_FOCUS_OF_TEXT = 0.25, 0.1, 100.0
"""A picture of text is plain for the most part, without skin, and full of sharp edges."""
_PLAIN_SPREAD, _PLAIN_CHROMA = 2.0, 20.0


def _small(picture: Image.Image) -> Image.Image:
    small = picture.copy()
    small.thumbnail((_LOOKED_AT, _LOOKED_AT))
    return small


def _luminance(picture: Image.Image) -> NDArray[np.float64]:
    return np.asarray(_small(picture).convert("L"), dtype=np.float64)


def focus(luminance: NDArray[np.float64]) -> float:
    """Variance of the 4-neighbour Laplacian: small where no edge is sharp (Pech-Pacheco et al., ICPR 2000)."""
    centre = luminance[1:-1, 1:-1]
    neighbours = luminance[:-2, 1:-1] + luminance[2:, 1:-1] + luminance[1:-1, :-2] + luminance[1:-1, 2:]
    return float((neighbours - 4 * centre).var())


def skin_share(picture: Image.Image) -> float:
    """Share (0 to 1) of pixels that are warm: red above green and blue, as in skin of every tone in white
    light.
    """
    small = picture.resize((64, 64), Image.Resampling.BOX)
    red, green, blue = np.moveaxis(np.asarray(small.convert("RGB"), dtype=np.float64), -1, 0)
    warm = (red > green * 1.03) & (red > blue * 1.03) & (red > 20)
    return float(warm.mean())


def is_grey(picture: Image.Image) -> bool:
    """Whether the picture has no colour at all: an X-ray, a scan, a copy. Skin of every tone has some."""
    red, green, blue = (np.asarray(band, dtype=np.int16) for band in _small(picture).split())
    chroma = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    return float(np.percentile(chroma, 95)) < MIN_CHROMA


def plain_share(picture: Image.Image) -> float:
    """Share (0 to 1) of 8 x 8 blocks that are one plain grey, white or black, as paper and screens are.

    The grain of a camera, and the colour of skin, make a block of a photo neither plain nor grey.
    """
    pixels = np.asarray(_small(picture), dtype=np.float64)
    height, width = pixels.shape[0] // 8, pixels.shape[1] // 8
    blocks = pixels[: height * 8, : width * 8].reshape(height, 8, width, 8, 3)
    spread, colour = blocks.std(axis=(1, 3)).max(axis=-1), blocks.mean(axis=(1, 3))
    return float(((spread < _PLAIN_SPREAD) & (np.ptp(colour, axis=-1) < _PLAIN_CHROMA)).mean())


def is_text(picture: Image.Image) -> bool:
    """Whether the picture is text on a plain ground, a letter or a screen, with no skin in it."""
    if skin_share(picture) >= MAX_SKIN_IN_TEXT or plain_share(picture) <= MIN_PLAIN_IN_TEXT:
        return False
    return focus(_luminance(picture)) > MIN_FOCUS_OF_TEXT


def fault(picture: Image.Image) -> RefusalReason | None:
    """The first reason not to use an upright RGB `picture`; None: it will do."""
    if min(picture.size) < MIN_SIDE:
        return RefusalReason.TOO_SMALL
    if is_text(picture):
        return RefusalReason.SCREENSHOT
    luminance = _luminance(picture)
    light = float(luminance.mean())
    if light < MIN_LIGHT:
        return RefusalReason.TOO_DARK
    if light > MAX_LIGHT:
        return RefusalReason.TOO_BRIGHT
    if float(luminance.std()) < MIN_CONTRAST:
        return RefusalReason.BLANK
    if is_grey(picture):
        return RefusalReason.GREY
    if skin_share(picture) < MIN_SKIN:
        return RefusalReason.NOT_SKIN
    if focus(luminance) < MIN_FOCUS:
        return RefusalReason.BLURRED
    return None
