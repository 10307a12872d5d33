"""What is taken as a photo, what is refused and why; nothing but pixels comes through."""

import csv
import io
import random
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps
from PIL.TiffImagePlugin import IFDRational

from bot import texts
from bot.errors import PhotoRefused, RefusalReason
from bot.intake import KEPT_SIDE, MAX_BYTES, take_in
from tests.bot.drawn import DARK_SKIN, PHOTO, encoded, framed, screenshot, skin
from tests.conftest import PICTURES


def opened(photo: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(photo))
    picture.load()
    return picture


def refused(data: bytes) -> RefusalReason:
    with pytest.raises(PhotoRefused) as caught:
        take_in(data)
    return caught.value.reason


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_the_formats_phones_send_become_jpeg(kind: str) -> None:
    photo = opened(take_in(encoded(skin(), kind)))
    assert (photo.format, photo.mode, photo.size) == ("JPEG", "RGB", (640, 480))


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_pixels_is_read_or_refused_for_a_reason(mode: str) -> None:
    picture = Image.new("I;16", (400, 400)) if mode == "I;16" else skin().convert(mode)
    try:
        assert opened(take_in(encoded(picture, "TIFF" if mode == "CMYK" else "PNG"))).mode == "RGB"
    except PhotoRefused as refusal:
        assert refusal.reason in texts.REFUSED


def test_metadata_that_cannot_be_written_anew_is_no_reason_to_refuse() -> None:
    """Found by review: a tag that is LONG in the file and SHORT where Pillow writes it."""
    tags = b"".join(
        struct.pack(">HHII", tag, kind, 1, value)
        for tag, kind, value in ((0x0103, 4, 70_000), (0x0112, 3, 6 << 16))  # compression; orientation: turn it
    )
    exif = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 2) + tags + struct.pack(">I", 0)
    assert opened(take_in(encoded(skin(), exif=exif))).size == (480, 640)


def test_a_photo_lying_on_its_side_is_turned_upright_and_its_metadata_is_gone() -> None:
    lying = skin((640, 480))
    ImageDraw.Draw(lying).rectangle((0, 0, 639, 40), fill=(120, 30, 20))  # the top edge of the scene as stored
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn 90 degrees clockwise
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[2] = (IFDRational(52), IFDRational(31), IFDRational(0))
    sent = encoded(lying, exif=exif, comment=b"SecretComment") + b"SecretTail"
    kept = take_in(sent)
    photo = opened(kept)
    assert photo.size == (480, 640)
    right, left = photo.getpixel((475, 320)), photo.getpixel((5, 320))
    assert isinstance(right, tuple) and isinstance(left, tuple)
    assert right[0] < 150 < left[0], "what was on top is now at the right"
    assert b"Secret" in sent
    assert b"Secret" not in kept
    assert not photo.getexif()
    assert not {"exif", "comment", "icc_profile", "xmp"} & set(photo.info)


def test_a_transparent_picture_gets_a_ground() -> None:
    picture = skin().convert("RGBA")
    picture.putalpha(200)
    assert opened(take_in(encoded(picture, "PNG"))).mode == "RGB"


def test_a_large_photo_is_kept_smaller() -> None:
    photo = opened(take_in(encoded(skin((4000, 3000)))))
    assert max(photo.size) == KEPT_SIDE


def test_very_dark_skin_is_no_dark_photo() -> None:
    assert take_in(encoded(skin(colour=DARK_SKIN)))


def test_what_is_no_good_is_refused_with_the_reason() -> None:
    grey = Image.effect_noise((400, 400), 60).convert("RGB")
    frames = [skin(), skin(blur=3)]
    reasons = {
        RefusalReason.NOT_A_PHOTO: b"%PDF-1.7 hello",
        RefusalReason.TOO_HEAVY: PHOTO + b"\0" * MAX_BYTES,
        RefusalReason.BROKEN: PHOTO[: len(PHOTO) // 2],
        RefusalReason.ANIMATED: encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:]),
        RefusalReason.TOO_SMALL: encoded(skin((200, 100))),
        RefusalReason.TOO_DARK: encoded(skin(colour=(9, 6, 5))),
        RefusalReason.TOO_BRIGHT: encoded(Image.new("RGB", (400, 400), "white")),
        RefusalReason.BLANK: encoded(Image.new("RGB", (400, 400), (200, 150, 120))),
        RefusalReason.BLURRED: encoded(skin(blur=12)),
        RefusalReason.GREY: encoded(grey),
        RefusalReason.SCREENSHOT: encoded(screenshot()),
        RefusalReason.NOT_SKIN: encoded(ImageOps.colorize(grey.convert("L"), "navy", "lightgreen")),
    }
    assert {reason: refused(data) for reason, data in reasons.items()} == {reason: reason for reason in reasons}
    assert set(texts.REFUSED) == set(RefusalReason), "each reason has its advice"


def test_a_gif_moves_even_as_a_file() -> None:
    assert refused(encoded(skin().convert("P"), "GIF")) is RefusalReason.ANIMATED


@pytest.mark.parametrize("ground", ["black", "white"])
def test_a_black_or_white_frame_is_cut_off(ground: str) -> None:
    assert opened(take_in(encoded(framed(skin(), ground)))).size == pytest.approx((640, 480), abs=2)


def test_very_dark_skin_in_a_black_frame_is_no_dark_photo() -> None:
    assert take_in(encoded(framed(skin(colour=DARK_SKIN), "black", 400)))


def test_sixteen_bits_become_eight() -> None:
    deep = Image.fromarray(np.asarray(skin().convert("L"), dtype=np.uint16) * 257)
    assert refused(encoded(deep, "PNG")) is RefusalReason.GREY, "and not too bright"


@pytest.mark.parametrize("dark", [False, True])
def test_a_screenshot_that_shows_skin_is_taken(dark: bool) -> None:
    shot = screenshot(dark=dark)
    shot.paste(skin((400, 300)), (60, 300))
    assert take_in(encoded(shot))


@pytest.mark.parametrize("dark", [False, True])
def test_a_screenshot_of_text_is_known_in_light_and_dark(dark: bool) -> None:
    assert refused(encoded(screenshot(dark=dark), "PNG")) is RefusalReason.SCREENSHOT
    assert refused(encoded(screenshot(dark=dark), "JPEG", quality=70)) is RefusalReason.SCREENSHOT


def test_a_decompression_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = encoded(Image.new("1", (12000, 12000)), "PNG", optimize=True)
    assert len(bomb) < 100_000
    assert refused(bomb) is RefusalReason.TOO_MANY_PIXELS


@given(st.binary(max_size=3000))
def test_random_bytes_never_get_through_or_crash(data: bytes) -> None:
    for head in (b"", PHOTO[:200], b"\x89PNG\r\n\x1a\n", b"RIFF\x00\x00\x00\x00WEBP"):
        with pytest.raises(PhotoRefused):
            take_in(head + data)


@given(st.integers(0, len(PHOTO) - 1), st.binary(min_size=1, max_size=20))
def test_a_damaged_photo_is_a_photo_or_a_refusal(at: int, damage: bytes) -> None:
    data = PHOTO[:at] + damage + PHOTO[at + len(damage) :]
    try:
        assert opened(take_in(data)).format == "JPEG"
    except PhotoRefused as refusal:
        assert refusal.reason in texts.REFUSED


@pytest.mark.data
def test_real_photos_of_skin_are_almost_never_refused() -> None:
    folder = PICTURES / "pad_ufes_20"
    with (folder / "metadata.csv").open(newline="") as table:
        photos = [Path(row["file"]) for row in csv.DictReader(table) if row["kind"] == "photo"]
    chosen = random.Random(5).sample(photos, 60)
    kept = 0
    for photo in chosen:
        try:
            kept += bool(take_in((folder / photo).read_bytes()))
        except PhotoRefused:
            continue
    assert kept >= 59
