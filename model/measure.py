"""What can be measured in a picture of one lesion: colours, size in the frame, shape, edge, evenness.

These measured features are all the model learns to say it saw (step 1). They are rough: the lesion is what differs
most from the skin at the picture's rim. A concept that is only likely given the diagnosis is never stated as seen.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

MIN_COLOUR_SHARE = 0.15
"""A colour is named when at least this share of the lesion has it."""

ONE_COLOUR = "one even colour"

SKIN_TINT = np.array([1.2, 0.95, 0.85], dtype=np.float32)
"""Red, green and blue of skin in white light over their mean; dermoscopes and lamps tint it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """`colours` most frequent first, at most three; `size`, `shape`, `edge`, `evenness` in words."""

    colours: tuple[str, ...]
    size: str
    shape: str
    edge: str
    evenness: str


def measure(pixels: npt.NDArray[np.uint8]) -> Measured | None:
    """The features of the lesion in `pixels`, uint8 (S, S, 3); None where nothing stands out from the skin."""
    image = ndimage.gaussian_filter(pixels.astype(np.float32), (1.5, 1.5, 0))
    lesion = _lesion(image)
    if lesion is None:
        return None
    return Measured(
        colours=_colours(_without_cast(pixels, lesion)),
        size=_size(lesion),
        shape="even" if _overlap_with_mirror(lesion) > 0.74 else "uneven",
        edge="sharp" if _edge_contrast(image, lesion) > 0.14 else "soft",
        evenness=ONE_COLOUR if _spread(image[lesion]) < 15 else "mixed in colour",
    )


def _lesion(image: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_] | None:
    side = image.shape[0]
    rim = max(4, side // 12)
    border = np.concatenate([image[:rim].reshape(-1, 3), image[-rim:].reshape(-1, 3), image[:, :rim].reshape(-1, 3)])
    distance = np.linalg.norm(image - np.median(border, axis=0), axis=2)
    threshold = _otsu(distance)
    if threshold < 12:
        return None
    blobs, count = ndimage.label(ndimage.binary_opening(distance > threshold, iterations=2))
    if not count:
        return None
    ys, xs = np.mgrid[0:side, 0:side] / side - 0.5
    nearness = np.exp(-((xs**2 + ys**2) / 0.08))
    weights = ndimage.sum_labels(nearness, blobs, np.arange(1, count + 1))
    lesion = ndimage.binary_fill_holes(blobs == 1 + int(np.argmax(weights)))
    return lesion if lesion is not None and 0.004 < lesion.mean() < 0.9 else None


def _otsu(values: npt.NDArray[np.float32]) -> float:
    counts, edges = np.histogram(values, bins=64)
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * middles)
    between = below * above * (sums / np.maximum(below, 1) - (sums[-1] - sums) / np.maximum(above, 1)) ** 2
    return float(middles[int(np.argmax(between))])


def _without_cast(pixels: npt.NDArray[np.uint8], lesion: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """The lesion's pixels (N, 3) with the tint of the light taken out, as far as the skin around it shows one."""
    skin = np.median(pixels[~lesion].astype(np.float32), axis=0) + 1
    gains = SKIN_TINT / (skin / skin.mean())
    balanced: npt.NDArray[np.uint8] = np.clip(pixels[lesion] * gains**0.8, 0, 255).astype(np.uint8)
    return balanced


def _colours(lesion: npt.NDArray[np.uint8]) -> tuple[str, ...]:
    strip = Image.fromarray(lesion[None])
    hue, saturation, value = (np.asarray(band, dtype=np.float32) for band in strip.convert("HSV").split())
    hue, saturation, value = hue[0] * 360 / 255, saturation[0] / 255, value[0] / 255
    reddish = (hue < 14) | (hue > 335)
    bluish = (hue > 180) & (hue < 280)
    rules = [
        ("black", value < 0.24),
        ("blue-grey", (bluish & (saturation > 0.1)) | ((saturation < 0.16) & (value < 0.6))),
        ("white", (saturation < 0.16) & (value > 0.72)),
        ("reddish brown", reddish & (value > 0.35) & (value < 0.68)),
        ("red", reddish & (saturation > 0.45) & (value >= 0.68)),
        ("pink", reddish & (value > 0.5)),
        ("dark brown", value < 0.45),
        ("yellow", (hue > 38) & (hue < 70) & (saturation > 0.35) & (value > 0.6)),
        ("brown", value < 0.72),
    ]
    left = np.ones(hue.shape, dtype=bool)
    shares = {}
    for name, rule in rules:
        shares[name] = float((rule & left).mean())
        left &= ~rule
    shares["light brown"] = float(left.mean())
    named = sorted((name for name in shares if shares[name] >= MIN_COLOUR_SHARE), key=lambda name: -shares[name])
    return tuple(named[:3]) or ("light brown",)


def _size(lesion: npt.NDArray[np.bool_]) -> str:
    ys, xs = np.nonzero(lesion)
    longest = max(np.ptp(ys), np.ptp(xs)) / lesion.shape[0]
    return "small" if longest < 0.3 else "medium" if longest < 0.65 else "large"


def _overlap_with_mirror(lesion: npt.NDArray[np.bool_]) -> float:
    ys, xs = np.nonzero(lesion)
    box = lesion[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
    overlaps = [(box & other).sum() / (box | other).sum() for other in (box[::-1], box[:, ::-1])]
    return float(min(overlaps))


def _edge_contrast(image: npt.NDArray[np.float32], lesion: npt.NDArray[np.bool_]) -> float:
    inside = lesion & ~ndimage.binary_erosion(lesion, iterations=5)
    outside = ndimage.binary_dilation(lesion, iterations=5) & ~lesion
    if not outside.any():
        return 0.0
    step = np.linalg.norm(image[inside].mean(axis=0) - image[outside].mean(axis=0))
    return float(step / 255)


def _spread(lesion: npt.NDArray[np.float32]) -> float:
    return float(lesion.mean(axis=1).std())
