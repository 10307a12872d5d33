"""The example photos are what the script draws, small, and what they claim to be to the intake."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot.errors import PhotoRefused, RefusalReason
from bot.intake import take_in
from examples import draw

FOLDER = Path(draw.__file__).parent


@pytest.mark.parametrize("name", draw.PICTURES)
def test_the_script_draws_the_committed_picture(name: str) -> None:
    committed = np.asarray(Image.open(FOLDER / name), dtype=np.float64)
    drawn = np.asarray(draw.PICTURES[name](), dtype=np.float64)
    # JPEG loses a little, and another version of its library loses something else.
    assert np.abs(committed - drawn).mean() < 3
    assert (FOLDER / name).stat().st_size < 100_000


@pytest.mark.parametrize("name", ["mole.jpg", "rough-red-spot.jpg", "ring-rash.jpg"])
def test_intake_takes_the_good_photos(name: str) -> None:
    assert take_in((FOLDER / name).read_bytes()).startswith(b"\xff\xd8")


def test_intake_refuses_the_blurred_one() -> None:
    with pytest.raises(PhotoRefused) as refused:
        take_in((FOLDER / "blurred.jpg").read_bytes())
    assert refused.value.reason is RefusalReason.BLURRED


def test_no_picture_of_the_folder_is_anything_but_drawn() -> None:
    assert {path.name for path in FOLDER.glob("*.jpg")} == set(draw.PICTURES)
