"""Photos are scaled, turned and cleaned as Telegram's apps do it."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from local.playground.photos import NotAPhotoError, scaled


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((4000, 3000), [(90, 68), (320, 240), (800, 600), (1280, 960)]),
        ((1280, 720), [(90, 51), (320, 180), (800, 450), (1280, 720)]),
        ((600, 900), [(60, 90), (213, 320), (533, 800), (600, 900)]),
        ((50, 40), [(50, 40)]),
    ],
)
def test_sizes(size: tuple[int, int], expected: list[tuple[int, int]]) -> None:
    photo = scaled(encoded(Image.new("RGB", size, "brown")))
    assert [(each.width, each.height) for each in photo] == expected
    for each in photo:
        with Image.open(io.BytesIO(each.content)) as image:
            assert (image.format, image.size) == ("JPEG", (each.width, each.height))


def test_a_photo_is_turned_upright_and_loses_its_metadata() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by a quarter to the right
    exif[0x010F] = "a camera that knows me"
    content = encoded(Image.new("RGB", (200, 100), "brown"), exif=exif)
    last = scaled(content)[-1]
    assert (last.width, last.height) == (100, 200)
    assert b"a camera that knows me" in content
    assert b"a camera that knows me" not in last.content
    assert not Image.open(io.BytesIO(last.content)).getexif()


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "HEIF", "GIF"])
def test_other_formats_become_jpeg(kind: str) -> None:
    [*_, last] = scaled(encoded(Image.new("RGB", (100, 80), (200, 30, 30)), kind))
    red, green, blue = Image.open(io.BytesIO(last.content)).convert("RGB").getpixel((50, 40))  # type: ignore[misc]
    assert red > 150 > green
    assert blue < 100


def test_transparency_becomes_white() -> None:
    [*_, last] = scaled(encoded(Image.new("RGBA", (100, 100), (0, 0, 0, 0)), "PNG"))
    assert min(Image.open(io.BytesIO(last.content)).convert("L").tobytes()) > 250


@pytest.mark.parametrize(
    "content",
    [b"", b"words", encoded(Image.new("RGB", (2100, 100))), encoded(Image.new("RGB", (300, 300)))[:400]],
    ids=["empty", "words", "a strip", "cut off"],
)
def test_what_is_no_photo_is_refused(content: bytes) -> None:
    with pytest.raises(NotAPhotoError):
        scaled(content)


@settings(max_examples=30)
@given(st.integers(1, 60), st.binary(max_size=40))
def test_damaged_files_are_read_or_refused(position: int, junk: bytes) -> None:
    whole = encoded(Image.new("RGB", (40, 30), "brown"))
    try:
        photo = scaled(whole[:position] + junk + whole[position + len(junk) :])
    except NotAPhotoError:
        return
    assert photo[-1].content.startswith(b"\xff\xd8")
