"""Every picture is opened upright, opaque and with eight bits a channel, or refused with one error."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from model.errors import PictureError
from model.image_files import open_picture
from tests.model.conftest import broken_png, drawn_lesion

PHOTO = drawn_lesion((120, 72, 45)).crop((0, 20, 120, 80))


def saved(image: Image.Image, form: str, **options: object) -> io.BytesIO:
    content = io.BytesIO()
    image.save(content, form, **options)
    content.seek(0)
    return content


@pytest.mark.parametrize("upright_already", [False, True])
def test_a_plain_photo_is_what_it_was_bit_for_bit(upright_already: bool) -> None:
    exif = Image.Exif()
    if upright_already:
        exif[ExifTags.Base.Orientation] = 1
    content = saved(PHOTO, "JPEG", exif=exif)
    assert open_picture(content).tobytes() == Image.open(content).convert("RGB").tobytes()


def test_a_photo_held_sideways_is_turned() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    turned = open_picture(saved(PHOTO.transpose(Image.Transpose.ROTATE_90), "PNG", exif=exif))
    assert turned.size == PHOTO.size
    assert turned.tobytes() == PHOTO.tobytes()


def test_what_shines_through_becomes_skin_rather_than_black() -> None:
    layered = PHOTO.convert("RGBA")
    layered.paste((0, 0, 0, 0), (0, 0, 30, 60))
    opened = np.asarray(open_picture(saved(layered, "PNG")))
    assert (opened[:, 30:] == np.asarray(PHOTO)[:, 30:]).all(), "what is opaque stays"
    assert abs(opened[:, :30].mean((0, 1)) - np.asarray(PHOTO)[:, 30:].mean((0, 1))).max() < 1


def test_a_layer_that_is_opaque_all_over_changes_nothing() -> None:
    assert open_picture(saved(PHOTO.convert("RGBA"), "PNG")).tobytes() == PHOTO.tobytes()


def test_sixteen_bits_are_scaled_to_eight() -> None:
    grey = np.asarray(PHOTO.convert("L"))
    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    assert np.asarray(open_picture(saved(deep, "PNG")).convert("L")).tolist() == grey.tolist()


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP"])
def test_a_file_cut_anywhere_is_a_picture_or_told_as_none(form: str) -> None:
    whole = saved(PHOTO.resize((24, 16)), form).getvalue()
    for end in range(len(whole)):
        try:
            assert open_picture(io.BytesIO(whole[:end])).mode == "RGB"
        except PictureError as error:
            assert str(error)


def test_a_picture_that_breaks_off_in_the_name_of_a_chunk_is_told() -> None:
    with pytest.raises(PictureError, match="SyntaxError"):
        open_picture(io.BytesIO(broken_png()))


def test_a_decompression_bomb_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(PictureError, match="DecompressionBombError"):
        open_picture(saved(PHOTO, "JPEG"))


def test_too_many_pixels_and_no_file_are_told(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="more than 100 pixels"):
        open_picture(saved(PHOTO, "JPEG"), most_pixels=100)
    with pytest.raises(PictureError, match="FileNotFoundError"):
        open_picture(tmp_path / "gone.jpg")
