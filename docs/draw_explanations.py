"""Draws what the model's answers depended on in the drawn examples: `.venv/bin/python docs/draw_explanations.py`.

Needs the extra `research`.
"""

import torch
from PIL import Image

from local.settings import ROOT
from model.evaluation.pictures import new_canvas
from model.explain import Way, looked_at, overlay
from model.network import load_skingpt
from model.settings import ModelSettings

EXAMPLES = ("mole.jpg", "rough-red-spot.jpg", "cup.jpg")
OUT = ROOT / "docs" / "pictures" / "explained.jpg"


def main() -> None:
    """One row an example: the picture, by covering parts of it, by the Q-Former's attention."""
    settings = ModelSettings()
    torch.set_num_threads(settings.threads)
    skingpt = load_skingpt(settings.weights)
    ways: tuple[Way, ...] = ("occlusion", "attention")
    canvas = new_canvas((7.5, 2.6 * len(EXAMPLES)))
    for row, name in zip(canvas.subplots(len(EXAMPLES), 3), EXAMPLES, strict=True):
        with Image.open(ROOT / "examples" / name) as opened:
            image = opened.convert("RGB")
        row[0].imshow(image)
        row[0].set_title(name, fontsize=8)
        for axes, way in zip(row[1:], ways, strict=True):
            told = looked_at(skingpt, image, way)
            axes.imshow(overlay(image, told.heat))
            axes.set_title(f"{way}: {told.choice}", fontsize=8)
        for axes in row:
            axes.set_axis_off()
    canvas.savefig(OUT, dpi=90, pil_kwargs={"quality": 85})


if __name__ == "__main__":
    main()
