"""Whether the same case gets the same answer: sampled repeats with other wording, and other views of the photo.

Sources: Zhou et al. 2024 (ten repeats agree in 93.73 %; Fig. S2: rotation, crop, blur, compression, light); the
decoding is the authors' demo's: sampled at temperature 1 from the likeliest tokens that make up 0.9.
"""

import io
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageEnhance, ImageFilter

from conditions import CHOICE_QUESTION
from model.evaluation.intervals import Floats

REPEATS = 10
NUCLEUS = 0.9

PARAPHRASES: tuple[str, ...] = (
    CHOICE_QUESTION,
    "How was this picture taken and which of them is it?",
    "Which one is it, and how was this picture taken?",
    "How was the picture taken, and which one do you think it is?",
    "Please tell how this picture was taken, and which one it is.",
)
"""The choice question in other words; only the first was trained."""


def _recompressed(image: Image.Image) -> Image.Image:
    content = io.BytesIO()
    image.save(content, "JPEG", quality=30)
    return Image.open(content).convert("RGB")


def _cropped(image: Image.Image) -> Image.Image:
    left, top = image.width // 20, image.height // 20
    return image.crop((left, top, image.width - left, image.height - top))


VIEWS: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "rotated": lambda image: image.rotate(90, expand=True),
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "cropped": _cropped,
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(image.width / 200)),
    "compressed": _recompressed,
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.75),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.25),
}
"""Changes that leave a lesion what it is."""


def sampled(probabilities: Floats, repeats: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """(N, repeats) choices drawn from (N, 11) probabilities, the unlikely tail beyond NUCLEUS left out."""
    order = np.argsort(-probabilities, axis=1)
    ranked = np.take_along_axis(probabilities, order, axis=1)
    kept = ranked * (np.cumsum(ranked, axis=1) - ranked < NUCLEUS)
    edges = np.cumsum(kept / kept.sum(1, keepdims=True), axis=1)
    drawn = (rng.random((len(ranked), repeats))[:, :, None] > edges[:, None, :]).sum(2)
    return np.take_along_axis(order, np.minimum(drawn, ranked.shape[1] - 1), axis=1)


def agreement(answers: npt.NDArray[np.int64]) -> Floats:
    """(N,) of (N, repeats) answers: the share that gives the most frequent one."""
    return np.array([np.bincount(row).max() / len(row) for row in answers])
