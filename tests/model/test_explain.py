"""What an answer looked at: over the right picture, of the right size, and about the lesion where that decides."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient
from PIL import Image

from conditions import CHOICES
from model.choosing import choose
from model.explain import Way, looked_at, overlay
from model.network import SkinGPT, load_skingpt
from model.server.app import build_app
from model.settings import MINI, ModelSettings
from tests.model.conftest import drawn_lesion


def address(image: Image.Image) -> str:
    content = io.BytesIO()
    image.save(content, "JPEG")
    return f"![](data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode()})"


@pytest.fixture(scope="module")
def client(weights: Path) -> Iterator[TestClient]:
    with TestClient(build_app(ModelSettings(weights=weights)), raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize("way", ["occlusion", "attention"])
def test_it_explains_the_choice_that_is_made(miniature: SkinGPT, way: Way) -> None:
    image = drawn_lesion((90, 50, 40))
    told = looked_at(miniature, image, way)
    with torch.inference_mode():
        seen = miniature.network.vision_model(miniature.processor.pixels([image])).last_hidden_state
    assert told.choice == CHOICES[int(choose(miniature, seen, [""]).choices.argmax())]
    assert told.heat.shape == (2, 2)
    assert 0 <= float(told.heat.min()) <= float(told.heat.max()) <= 1


def test_explaining_changes_nothing(miniature: SkinGPT) -> None:
    with torch.inference_mode():
        seen = miniature.network.vision_model(miniature.processor.pixels([drawn_lesion((9, 5, 4))])).last_hidden_state
    before = choose(miniature, seen, [""]).choices
    looked_at(miniature, drawn_lesion((90, 50, 40)), "attention")
    assert torch.equal(choose(miniature, seen, [""]).choices, before)
    assert all(parameter.grad is None for parameter in miniature.network.parameters())


def test_the_overlay_keeps_the_pictures_form_and_warms_what_counted() -> None:
    image = Image.new("RGB", (1000, 500), (120, 120, 120))
    heat = torch.zeros(4, 4)
    heat[:, 3] = 1
    mixed = overlay(image, heat)
    assert mixed.size == (640, 320)
    pixels = np.asarray(mixed, dtype=float)
    assert (pixels[:, -40:, 0] - pixels[:, -40:, 2]).mean() > 40
    assert abs(pixels[:, :40, 0] - pixels[:, :40, 2]).mean() < 3


def test_the_route_gives_an_overlay(client: TestClient) -> None:
    told = client.post("/explain", json={"inputs": address(drawn_lesion((90, 50, 40)))})
    assert told.status_code == 200
    assert told.json()["choice"] in CHOICES
    content = base64.b64decode(told.json()["overlay"].removeprefix("data:image/jpeg;base64,"))
    assert Image.open(io.BytesIO(content)).size == (120, 120)


@pytest.mark.parametrize(
    "inputs", ["no picture", address(drawn_lesion((1, 2, 3))) * 2, "![](data:image/png;base64,AAAA)"]
)
def test_without_one_readable_picture_it_refuses(client: TestClient, inputs: str) -> None:
    refused = client.post("/explain", json={"inputs": inputs})
    assert refused.status_code == 422
    assert refused.json()["error_type"] == "validation"


@pytest.mark.slow
def test_the_deployed_weights_look_at_the_lesion() -> None:
    skin = Image.new("RGB", (320, 320), (214, 168, 146))
    spot = drawn_lesion((70, 40, 30), side=120).crop((30, 30, 90, 90))
    shares, skingpt = [], load_skingpt(MINI)
    for left, top in ((20, 20), (240, 20), (20, 240), (240, 240)):
        image = skin.copy()
        image.paste(spot, (left, top))
        heat = looked_at(skingpt, image).heat.numpy()
        patch = 320 / len(heat)
        row, column = int((top + 30) / patch), int((left + 30) / patch)
        near = heat[max(0, row - 2) : row + 3, max(0, column - 2) : column + 3]
        if heat.sum():
            shares.append(near.sum() / heat.sum() / (near.size / heat.size))
    assert len(shares) >= 2
    assert float(np.mean(shares)) > 2.5, "the patches of the lesion count more than the others"
