"""Draws the example photos: no person's photo is kept in this project.

Run: ``python examples/draw.py [FOLDER]`` (default: beside this file). The same seeds give the same pictures.

Skin is noise at several scales (pores, fine lines, hairs, uneven colour) under a soft light from one side; what
is on it is painted by colour and by height, so that light and shade fit together.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

SIZE = 640
QUALITY = 85

Field = NDArray[np.float64]
"""A picture's plane, SIZE × SIZE, or three of them (SIZE × SIZE × 3), values 0 to 1."""

LIGHT_SKIN = np.array([0.86, 0.68, 0.58])
BROWN_SKIN = np.array([0.62, 0.43, 0.33])


def noise(random: np.random.Generator, cells: int) -> Field:
    """Smooth noise around 0 with features of SIZE / `cells` pixels."""
    coarse = random.standard_normal((cells, cells)).astype(np.float32)
    picture = Image.fromarray(coarse).resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    return np.asarray(picture, dtype=np.float64)


def grid() -> tuple[Field, Field]:
    """Coordinates of the pixels, -1 to 1: across, down."""
    line = np.linspace(-1, 1, SIZE)
    across, down = np.meshgrid(line, line)
    return across, down


def soft_edge(distance: Field, width: float) -> Field:
    """1 inside (distance below 0), 0 outside, with an edge of about `width`."""
    return 1 / (1 + np.exp(np.clip(distance / width, -60, 60)))


def skin(random: np.random.Generator, tone: Field) -> tuple[Field, Field]:
    """Bare skin: its colour and its height."""
    fine = noise(random, 320)
    lines = np.abs(noise(random, 90)) + 0.6 * np.abs(noise(random, 150))
    height = 0.35 * fine - 1.1 * np.exp(-5 * lines) + 0.5 * noise(random, 40)
    blush = 0.022 * noise(random, 5) + 0.014 * noise(random, 14) + 0.008 * noise(random, 60)
    colour = tone + blush[..., None] * np.array([0.6, 1.0, 1.0])
    return colour, height


def shaded(colour: Field, height: Field, random: np.random.Generator) -> Field:
    """The surface under a light from the upper left, with fall-off and the camera's grain."""
    down, across = np.gradient(height)
    across_picture, down_picture = grid()
    light = 1 - 0.055 * (across + down)
    fall_off = 1.04 - 0.10 * ((across_picture + 0.3) ** 2 + (down_picture + 0.3) ** 2)
    lit = colour * (light * fall_off)[..., None]
    return lit + 0.008 * random.standard_normal(lit.shape)


def hairs(picture: Image.Image, random: np.random.Generator, count: int) -> Image.Image:
    """A few fine hairs, drawn large and scaled down so that their edges are soft."""
    layer = Image.new("L", (SIZE * 2, SIZE * 2))
    pen = ImageDraw.Draw(layer)
    for _ in range(count):
        x, y = random.uniform(0, SIZE * 2, 2)
        turn, length = random.normal(0.9, 0.35), random.uniform(90, 200)
        points = [(x, y)]
        for _ in range(12):
            turn += random.normal(0, 0.07)
            x, y = x + np.cos(turn) * length / 12, y + np.sin(turn) * length / 12
            points.append((x, y))
        pen.line(points, fill=int(random.uniform(90, 170)), width=2)
    mask = layer.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
    return Image.composite(Image.new("RGB", picture.size, (84, 58, 44)), picture, mask)


def photo(picture: Field) -> Image.Image:
    """Planes as an RGB picture."""
    return Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8))


def _blend(colour: Field, paint: Field, share: Field) -> Field:
    return colour * (1 - share[..., None]) + paint * share[..., None]


def mole() -> Image.Image:
    """A round, even, brown mole on light skin."""
    random = np.random.default_rng(11)
    across, down = grid()
    colour, height = skin(random, LIGHT_SKIN)
    wobble = 0.012 * noise(random, 9)
    distance = np.hypot(across * 1.08, down) - 0.17 + wobble
    share = soft_edge(distance, 0.012) * (0.86 + 0.06 * noise(random, 50)).clip(0, 1)
    brown = np.array([0.40, 0.25, 0.18]) + 0.03 * noise(random, 30)[..., None]
    dome = 13 * np.exp(-((np.hypot(across * 1.08, down) / 0.12) ** 2))
    return hairs(photo(shaded(_blend(colour, brown, share), height + dome, random)), random, 14)


def rough_red_spot() -> Image.Image:
    """One rough, scaly, red patch with an uneven edge, as sun leaves on a forehead."""
    random = np.random.default_rng(23)
    across, down = grid()
    colour, height = skin(random, LIGHT_SKIN + np.array([0.02, -0.01, -0.02]))
    distance = np.hypot(across * 0.85, down * 1.1) - 0.26 + 0.05 * noise(random, 7) + 0.02 * noise(random, 24)
    share = soft_edge(distance, 0.03)
    colour = _blend(colour, np.array([0.78, 0.42, 0.37]) + 0.03 * noise(random, 40)[..., None], 0.85 * share)
    crust = share * np.clip(noise(random, 70) + 0.7 * noise(random, 34) - 0.25, 0, 1.2)
    scale = np.array([0.93, 0.86, 0.74]) + 0.03 * noise(random, 160)[..., None]
    colour = _blend(colour, scale, np.clip(0.75 * crust, 0, 0.85))
    return photo(shaded(colour, height + 3.2 * crust + 1.2 * share * noise(random, 110), random))


def ring_rash() -> Image.Image:
    """A ring, red and scaly at its rim and clearer inside, with a smaller one beside it, on brown skin."""
    random = np.random.default_rng(37)
    across, down = grid()
    colour, height = skin(random, BROWN_SKIN)
    for x, y, radius in ((-0.12, 0.02, 0.46), (0.62, -0.52, 0.17)):
        wobble = 0.03 * noise(random, 8) + 0.012 * noise(random, 26)
        distance = np.hypot(across - x, down - y) - radius + wobble
        rim = np.exp(-((distance / 0.055) ** 2))
        inside = soft_edge(distance, 0.03)
        colour = _blend(colour, np.array([0.63, 0.30, 0.25]), 0.72 * rim)
        colour = _blend(colour, np.array([0.62, 0.37, 0.29]), 0.30 * inside)
        scale = rim * np.clip(noise(random, 90) + 0.5 * noise(random, 45), 0, 1.2)
        colour = _blend(colour, np.array([0.84, 0.74, 0.66]), np.clip(0.6 * scale, 0, 0.8))
        height = height + 5 * rim + 2.4 * scale
    return hairs(photo(shaded(colour, height, random)), random, 26)


def blurred() -> Image.Image:
    """The mole, out of focus: nothing can be made of it."""
    return mole().filter(ImageFilter.GaussianBlur(22))


def cup() -> Image.Image:
    """A blue cup on a wooden table: no skin at all."""
    random = np.random.default_rng(53)
    across, down = grid()
    grain = 0.5 + 0.5 * np.sin(34 * (down + 0.06 * noise(random, 5)) + 2.2 * noise(random, 9))
    wood = np.array([0.40, 0.37, 0.35]) + grain[..., None] * np.array([0.10, 0.10, 0.10])
    wall = np.array([0.80, 0.83, 0.86]) + 0.01 * noise(random, 12)[..., None]
    picture = _blend(wood, np.broadcast_to(wall, wood.shape), soft_edge(down + 0.12, 0.006))
    shadow = soft_edge(np.hypot((across - 0.22) / 0.62, (down - 0.62) / 0.13) - 1, 0.12)
    picture = picture * (1 - 0.45 * shadow[..., None])
    turn = np.clip(across / 0.42, -1, 1)
    glaze = np.array([0.16, 0.33, 0.62]) * (0.55 + 0.45 * np.sqrt(1 - 0.9 * (turn + 0.25).clip(-1, 1) ** 2))[..., None]
    glaze = glaze + np.exp(-(((across + 0.2) / 0.035) ** 2))[..., None] * 0.25
    bottom = 0.62 + 0.10 * np.sqrt(np.clip(1 - turn**2, 0, 1))
    body = soft_edge(np.maximum(np.abs(across) - 0.42, np.maximum(-0.42 - down, down - bottom)), 0.004)
    handle_ring = np.abs(np.hypot((across - 0.46) / 0.9, down - 0.08) - 0.24) - 0.045
    handle = soft_edge(handle_ring, 0.006) * soft_edge(0.40 - across, 0.006)
    picture = _blend(picture, np.array([0.12, 0.26, 0.52]) + 0.06 * (-down)[..., None], handle)
    picture = _blend(picture, glaze, body)
    mouth = np.hypot(across / 0.42, (down + 0.42) / 0.10) - 1
    picture = _blend(picture, np.array([0.20, 0.38, 0.68]), soft_edge(mouth, 0.02))
    tea = np.hypot(across / 0.37, (down + 0.40) / 0.075) - 1
    picture = _blend(picture, np.array([0.16, 0.10, 0.07]), soft_edge(tea, 0.02))
    return photo(picture + 0.008 * random.standard_normal(picture.shape))


PICTURES: dict[str, Callable[[], Image.Image]] = {
    "mole.jpg": mole,
    "rough-red-spot.jpg": rough_red_spot,
    "ring-rash.jpg": ring_rash,
    "blurred.jpg": blurred,
    "cup.jpg": cup,
}


def draw(folder: Path) -> None:
    """Write all pictures into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in PICTURES.items():
        picture().save(folder / name, "JPEG", quality=QUALITY, optimize=True)


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
