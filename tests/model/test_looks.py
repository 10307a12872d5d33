"""A picture is looked at several ways round before the answer; released weights may read it larger than trained."""

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from conditions import CHOICE_QUESTION, CHOICES, prompt
from model.choosing import choose
from model.commands import app
from model.errors import WeightsError
from model.explain import Way, looked_at
from model.network import FLIPS, SkinGPT, load_skingpt, look, tower_outputs
from model.pictures import read_pictures
from model.presets import MINI
from model.server.contract import GenerateParameters
from model.server.engine import Engine, Job
from model.server.prompts import Picture, Prompt
from model.sight import sight_of
from model.training.cached_views import cached_views
from model.training.language import train_language
from model.training.loop import Plan
from model.training.views import as_seen
from model.training.vision import VISION, VisionRecipe, load_heads, train_vision
from model.vision_tower import PlainHead, pooled, set_side


@pytest.fixture(scope="module")
def four(miniature: SkinGPT) -> SkinGPT:
    """The miniature, looking at a picture all four ways round."""
    network = deepcopy(miniature.network)
    network.config.looks = 4
    return SkinGPT(network, miniature.processor)


@pytest.fixture
def pixels() -> torch.Tensor:
    """Pictures that look different from every side."""
    return torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(3))


@torch.inference_mode()
def chosen(skingpt: SkinGPT, pixels: torch.Tensor) -> torch.Tensor:
    return choose(skingpt, look(skingpt.network, pixels), [""] * len(pixels)).choices


@pytest.mark.parametrize("dimensions", FLIPS[1:])
def test_a_flipped_photo_gets_the_same_probabilities(
    miniature: SkinGPT, four: SkinGPT, pixels: torch.Tensor, dimensions: tuple[int, ...]
) -> None:
    flipped = pixels.flip(dimensions)
    torch.testing.assert_close(chosen(four, flipped), chosen(four, pixels), atol=1e-5, rtol=0)
    assert not torch.allclose(chosen(miniature, flipped), chosen(miniature, pixels), atol=1e-5)


@torch.inference_mode()
def test_every_picture_of_a_batch_keeps_its_own_looks(four: SkinGPT, pixels: torch.Tensor) -> None:
    together = look(four.network, pixels)
    assert together.shape == (2, 4 * 5, 192)
    for at in range(2):
        torch.testing.assert_close(together[at], look(four.network, pixels[at : at + 1])[0], atol=1e-5, rtol=0)


@torch.inference_mode()
def test_a_network_that_does_not_name_its_looks_looks_once(miniature: SkinGPT, pixels: torch.Tensor) -> None:
    assert not hasattr(miniature.network.config, "looks")
    assert torch.equal(look(miniature.network, pixels), tower_outputs(miniature.network, pixels))


@torch.inference_mode()
def test_the_plain_head_answers_with_the_mean_log_probability_of_the_looks(four: SkinGPT, pixels: torch.Tensor) -> None:
    head = PlainHead(four.network.vision_model).eval()
    apart = [head(pixels.flip(dimensions))[0].log_softmax(-1) for dimensions in FLIPS]
    together = head.heads(look(four.network, pixels))[0].log_softmax(-1)
    torch.testing.assert_close(together, torch.stack(apart).mean(0).log_softmax(-1), atol=1e-5, rtol=0)


def test_the_looks_are_read_one_by_one_by_a_linear_head() -> None:
    """Class tokens 1 and 3, patches 10 and 30: means of the looks, no class token taken for a patch."""
    seen = torch.tensor([1.0, 10.0, 10.0, 3.0, 30.0, 30.0]).reshape(1, 6, 1)
    assert pooled(seen, 2).tolist() == [[2.0, 20.0]]


def test_the_server_looks_as_often_and_answers_a_mirrored_photo_alike(four: SkinGPT) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (32, 32, 3), dtype=np.uint8)
    engine, logprobs = Engine(four, cached_pictures=2), []
    for name, photo in (("photo", noise), ("mirrored", noise[:, ::-1].copy())):
        asked = Prompt(prompt("<image>", CHOICE_QUESTION), (Picture(name, Image.fromarray(photo)),))
        answer = engine.answer([Job(asked, GenerateParameters(max_new_tokens=2, details=True))])[0]
        assert answer.details is not None
        logprobs.append([token.logprob for token in answer.details.tokens])
    assert logprobs[0] == pytest.approx(logprobs[1], abs=1e-4)


@pytest.mark.parametrize("way", ["occlusion", "attention"])
def test_the_choice_of_all_looks_is_explained(four: SkinGPT, way: Way) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (32, 32, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    told = looked_at(four, image, way)
    assert told.choice == CHOICES[int(chosen(four, four.processor.pixels([image])).argmax())]
    assert told.heat.shape == (2, 2)


@pytest.mark.parametrize("side", [64, 48, 16, 32])
@torch.inference_mode()
def test_set_to_another_side_it_reads_as_transformers_interpolates(miniature: SkinGPT, side: int) -> None:
    tower = deepcopy(miniature.network.vision_model)
    picture = torch.randn(1, 3, side, side, generator=torch.Generator().manual_seed(4))
    wanted = tower(pixel_values=picture, interpolate_pos_encoding=True).last_hidden_state
    set_side(tower, side)
    torch.testing.assert_close(tower(pixel_values=picture).last_hidden_state, wanted, atol=1e-5, rtol=0)
    assert tower.config.image_size == side


def test_a_side_that_cuts_no_whole_patches_is_refused(miniature: SkinGPT) -> None:
    with pytest.raises(WeightsError, match="multiple of 16"):
        set_side(miniature.network.vision_model, 40)


def test_the_vision_step_goes_on_from_weights_that_are_read_at_another_side(
    drawn_data: Path, released: Path, tmp_path: Path
) -> None:
    plan = replace(VisionRecipe().plan, batches=1, judge_every=1)
    train_vision(drawn_data, tmp_path, VisionRecipe(side=48, batch=8, kept=1.0, plan=plan), start=released)
    began = load_heads(released)
    set_side(began.tower, 48)
    name = "tower.embeddings.position_embedding"
    kept = torch.load(tmp_path / VISION, weights_only=True)[name]
    torch.testing.assert_close(kept, began.state_dict()[name])


def run_release(*words: object) -> dict[str, float]:
    told = CliRunner().invoke(app, ["release", *map(str, words), "--threads", "1"])
    assert told.exit_code == 0, told.output
    figures: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    return figures


def test_released_weights_are_released_again_larger_and_with_more_looks(
    drawn_data: Path, released: Path, tmp_path: Path
) -> None:
    figures = run_release("--data", drawn_data, "--weights", released, "--out", tmp_path, "--side", 48, "--looks", 4)
    assert figures["fitted_on"] == 6
    before, after = load_skingpt(released), load_skingpt(tmp_path)
    assert (after.network.config.looks, after.network.config.vision_config.image_size) == (4, 48)
    picture = Image.new("RGB", (90, 70), (90, 50, 40))
    assert after.processor.pixels([picture]).shape == (1, 3, 48, 48)
    with torch.inference_mode():
        pixels = after.processor.pixels([picture])
        wanted = before.network.vision_model(pixel_values=pixels, interpolate_pos_encoding=True).last_hidden_state
        torch.testing.assert_close(look(after.network, pixels)[:, :10], wanted, atol=2e-2, rtol=0)
        seen = look(after.network, pixels)
        unscaled, scaled = (choose(skingpt, seen, [""]).choices for skingpt in (before, after))
    torch.testing.assert_close(scaled, (unscaled / figures["temperature"]).log_softmax(-1), atol=2e-2, rtol=0)
    assert torch.equal(load_heads(tmp_path).choice.weight, load_heads(released).choice.weight.half().float())


def test_a_run_is_released_as_it_was_trained(
    drawn_data: Path, miniature: SkinGPT, released: Path, tmp_path: Path
) -> None:
    (tmp_path / "step-2").symlink_to(released)
    torch.save(PlainHead(miniature.network.vision_model).state_dict(), tmp_path / VISION)
    run_release("--data", drawn_data, "--run", tmp_path, "--out", tmp_path / "out")
    told = json.loads((tmp_path / "out" / "config.json").read_text())
    assert "looks" not in told
    assert told["vision_config"]["image_size"] == 32


@pytest.mark.parametrize("from_where", [(), ("--run", "RUN", "--weights", "WEIGHTS")])
def test_release_wants_a_run_or_released_weights(drawn_data: Path, tmp_path: Path, from_where: tuple[str, ...]) -> None:
    told = CliRunner().invoke(app, ["release", "--data", str(drawn_data), "--out", str(tmp_path), *from_where])
    assert (told.exit_code, "--weights" in told.output) == (2, True)


@torch.inference_mode()
def test_what_the_steps_learn_from_are_the_looks_the_network_takes(
    four: SkinGPT, drawn_data: Path, tmp_path: Path
) -> None:
    pictures = read_pictures(drawn_data, "val", 32)
    sight = sight_of(four.network, MINI)
    views = cached_views(sight, MINI, pictures, tmp_path / "views.f16", seed=1, views=1, looks=4)
    assert views.shape == (5, len(pictures), *sight.seen_shape)
    seen = look(four.network, as_seen(torch.from_numpy(pictures.pixels), 32))
    # The cache is computed in bfloat16 and kept in float16.
    torch.testing.assert_close(views[:4].transpose(0, 1).flatten(1, 2).float(), seen, atol=0.15, rtol=0.05)
    assert not torch.allclose(views[4].float(), views[0].float(), atol=0.15)


def test_a_step_trained_on_several_looks_leaves_a_network_that_takes_them(
    drawn_data: Path, released: Path, tmp_path: Path
) -> None:
    run, plan = tmp_path / "run", replace(MINI.steps[1].plan, batches=2, judge_every=2, warmup=0)
    vision = VisionRecipe(side=32, batch=8, plan=Plan(2, 1e-4, judge_every=2))
    train_vision(drawn_data, run, vision, start=released)
    small = replace(MINI, steps={**MINI.steps, 1: replace(MINI.steps[1], plan=plan, notes=4, looks=2)})
    train_language(drawn_data, run, 1, small)
    assert load_skingpt(run / "step-1").network.config.looks == 2
