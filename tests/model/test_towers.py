"""Vision towers of several runs look together: what each sees reaches the Q-Former, and their heads answer with a mean.

Run: ``pytest tests/model/test_towers.py``
"""

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import Blip2VisionModel
from typer.testing import CliRunner

from conditions import CHOICES
from model.choosing import choose
from model.commands import app
from model.errors import WeightsError
from model.explain import looked_at
from model.network import SkinGPT, load_skingpt, look, mini_config, new_network
from model.presets import MINI
from model.release import of_weights, read_at
from model.sight import sight_of
from model.training.vision import VISION, load_heads, load_plain_head
from model.vision_tower import PLAIN_HEAD, JoinedTowers, PlainHead, joined, set_side, towers_of, vit_tiny_config

SIDE = 32
PATCHES = 4


def head_on_a_tower(seed: int, side: int = SIDE) -> PlainHead:
    torch.manual_seed(seed)
    return PlainHead(Blip2VisionModel(vit_tiny_config(side))).eval()


@pytest.fixture(scope="module")
def pixels() -> torch.Tensor:
    return torch.randn(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(3))


@pytest.fixture(scope="module")
def two(miniature: SkinGPT) -> SkinGPT:
    """The miniature's language with two towers of different weights."""
    torch.manual_seed(5)
    network = new_network(mini_config(SIDE, miniature.processor, towers=2))
    return SkinGPT(network.eval(), miniature.processor)


@torch.inference_mode()
def test_joined_heads_answer_with_the_mean_of_their_logits(pixels: torch.Tensor) -> None:
    heads = [head_on_a_tower(1), head_on_a_tower(2)]
    apart = [head(pixels) for head in heads]
    choices, domains = joined(heads)(pixels)
    torch.testing.assert_close(choices, (apart[0][0] + apart[1][0]) / 2, atol=1e-5, rtol=0)
    torch.testing.assert_close(domains, (apart[0][1] + apart[1][1]) / 2, atol=1e-5, rtol=0)


def test_what_was_joined_is_not_joined_again() -> None:
    pair, third = joined([head_on_a_tower(1), head_on_a_tower(2)]), head_on_a_tower(3)
    with pytest.raises(WeightsError, match="alone"):
        joined([pair, third])


@torch.inference_mode()
def test_every_tower_reaches_the_answer(two: SkinGPT, pixels: torch.Tensor) -> None:
    seen = look(two.network, pixels)
    assert seen.shape == (2, PATCHES + 1, 2 * 192)
    assert sight_of(two.network, MINI).seen_shape == (PATCHES + 1, 2 * 192)
    told = choose(two, seen, ["", ""]).choices
    for tower in (slice(0, 192), slice(192, None)):
        blind = seen.clone()
        blind[..., tower] = 0
        assert not torch.allclose(choose(two, blind, ["", ""]).choices, told, atol=1e-5)


def test_it_is_saved_and_loaded_as_it_was(two: SkinGPT, pixels: torch.Tensor, tmp_path: Path) -> None:
    two.network.save_pretrained(tmp_path)
    two.processor.save_pretrained(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["towers"] == 2
    again = load_skingpt(tmp_path)
    with torch.inference_mode():
        torch.testing.assert_close(look(again.network, pixels), look(two.network, pixels))
        told = [choose(each, look(each.network, pixels), ["", ""]).choices for each in (again, two)]
    torch.testing.assert_close(told[0], told[1])


def test_both_towers_are_set_to_a_larger_side(two: SkinGPT, tmp_path: Path) -> None:
    two.network.save_pretrained(tmp_path)
    two.processor.save_pretrained(tmp_path)
    larger = load_skingpt(tmp_path)
    read_at(larger, 64, 4)
    with torch.inference_mode():
        assert look(larger.network, torch.zeros(1, 3, 64, 64)).shape == (1, 4 * 17, 2 * 192)


def test_the_join_command_makes_a_run_of_weights_and_another_run(two: SkinGPT, released: Path, tmp_path: Path) -> None:
    """One tower is of released weights, the other of a run at another side; the run trains both for language."""
    other, run = tmp_path / "other", tmp_path / "run"
    other.mkdir()
    torch.save(head_on_a_tower(4, side=64).state_dict(), other / VISION)
    told = CliRunner().invoke(
        app, ["join", "--start", str(released), "--start", str(other), "--run", str(run), "--side", "32"]
    )
    assert told.exit_code == 0, told.output
    head = load_plain_head(run)
    assert isinstance(head.tower, JoinedTowers)
    heads = [load_heads(released), load_plain_head(other)]
    set_side(heads[1].tower, SIDE)
    picture = torch.randn(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(9))
    with torch.inference_mode():
        torch.testing.assert_close(head(picture)[0], joined(heads)(picture)[0])


def test_a_run_that_is_missing_is_named(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["join", "--start", str(tmp_path / "none"), "--run", str(tmp_path / "run")])
    assert told.exit_code != 0
    assert "none" in told.output
    assert not (tmp_path / "run").exists()


def test_released_heads_are_read_again(two: SkinGPT, tmp_path: Path) -> None:
    two.network.save_pretrained(tmp_path)
    two.processor.save_pretrained(tmp_path)
    head = PlainHead(two.network.vision_model)
    save_file(
        {n: t.contiguous() for n, t in head.state_dict().items() if not n.startswith("tower.")}, tmp_path / PLAIN_HEAD
    )
    again = of_weights(tmp_path).head
    assert len(towers_of(again.tower)) == 2
    torch.testing.assert_close(again.choice.weight, head.choice.weight)


@pytest.mark.parametrize("way", ["occlusion", "attention"])
def test_what_two_towers_looked_at_is_one_map(two: SkinGPT, way: str) -> None:
    told = looked_at(two, Image.new("RGB", (SIDE, SIDE), (200, 150, 130)), way)  # type: ignore[arg-type]
    assert told.choice in CHOICES
    assert told.heat.shape == (2, 2)
