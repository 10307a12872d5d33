"""A run that is cut off, even by SIGKILL, goes on onto the same curve; the two steps train what their preset says."""

import json
import shutil
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import Blip2VisionModel, LlamaConfig, LlavaNextForConditionalGeneration, PreTrainedModel

from conditions import QUESTIONS, prompt
from model.errors import TrainingError, WeightsError
from model.network import SkinGPT, load_skingpt, new_network
from model.notes import CHOICE_TOKENS, DOMAIN_TOKENS
from model.pictures import Fold, PictureSet, read_pictures
from model.presets import LLAMA_WORDS, MINI, SKINGPT4, TGI, Preset
from model.processor import SkinGPTProcessor
from model.sight import sight_of
from model.training import language
from model.training.cached_views import cached_views
from model.training.language import LanguageCourse, Seen, train_language
from model.training.lessons import Known, Lesson
from model.training.loop import Draw, fit
from model.training.run_folder import RunFolder
from model.training.teacher import Teacher
from model.training.vision import VISION, VisionCourse, VisionRecipe, load_heads, train_vision
from model.vision_tower import PLAIN_HEAD, PlainHead, vit_tiny_config

SMALL = VisionRecipe(side=32, batch=8, plan=replace(VisionRecipe().plan, batches=6, judge_every=3, save_seconds=0.0))


def curve(run: Path, step: str = "vision") -> list[dict[str, object]]:
    return [json.loads(line) for line in (run / f"{step}.jsonl").read_text().splitlines()]


def test_a_run_that_stopped_goes_on_onto_the_same_curve(
    whole: Path, drawn_data: Path, released: Path, tmp_path: Path
) -> None:
    pictures = [read_pictures(drawn_data, split, 208) for split in ("train", "val")]
    run = RunFolder(tmp_path / "cut", "vision")
    run.folder.mkdir()
    course = VisionCourse(load_heads(released), *pictures, SMALL)
    fit(course, SMALL.plan, run, stop=lambda: len(curve(run.folder)) == 5)
    assert curve(run.folder)[-1]["batch"] == 4
    train_vision(drawn_data, run.folder, SMALL, start=released)
    assert curve(run.folder) == curve(whole)
    one, two = (torch.load(folder / VISION, weights_only=True) for folder in (whole, run.folder))
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_the_mean_with_the_weights_it_began_as(whole: Path, drawn_data: Path, released: Path, tmp_path: Path) -> None:
    train_vision(drawn_data, tmp_path, replace(SMALL, kept=0.25), start=released)
    began = load_heads(released).state_dict()
    trained, mean = (torch.load(folder / VISION, weights_only=True) for folder in (whole, tmp_path))
    moved = [name for name in trained if not torch.equal(trained[name], began[name])]
    assert moved
    assert all(torch.allclose(mean[name], 0.25 * began[name] + 0.75 * trained[name], atol=1e-6) for name in trained)


def test_a_run_may_begin_as_the_tower_of_another(whole: Path, drawn_data: Path, tmp_path: Path) -> None:
    train_vision(drawn_data, tmp_path, replace(SMALL, kept=1.0), start=whole)
    one, two = (torch.load(folder / VISION, weights_only=True) for folder in (whole, tmp_path))
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.fixture(scope="module")
def whole(drawn_data: Path, released: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing disturbed."""
    run = tmp_path_factory.mktemp("whole")
    train_vision(drawn_data, run, SMALL, start=released)
    return run


def test_the_run_folder_tells_what_was_trained(whole: Path, drawn_data: Path, released: Path) -> None:
    assert json.loads((whole / "vision.config.json").read_text())["recipe"]["plan"]["seed"] == SMALL.plan.seed
    assert len(json.loads((whole / "vision.data.json").read_text())["sha256"]["ham10000"]) == 64
    assert (whole / "vision.png").stat().st_size > 5000
    assert list((whole / "tensorboard" / "vision").iterdir())
    with pytest.raises(TrainingError, match="another recipe"):
        train_vision(drawn_data, whole, replace(SMALL, rarity=0.1), start=released)


def test_a_step_whose_beginning_was_trained_anew_does_not_go_on(
    drawn_data: Path, released: Path, tmp_path: Path
) -> None:
    begins, run = tmp_path / "begins", tmp_path / "run"
    shutil.copytree(released, begins)
    train_vision(drawn_data, run, SMALL, start=begins)
    done = (run / VISION).read_bytes()
    train_vision(drawn_data, run, SMALL, start=begins)
    assert (run / VISION).read_bytes() == done, "a step that is done changes nothing when it is called again"
    tensors = load_file(begins / PLAIN_HEAD)
    save_file({name: tensor + 1 for name, tensor in tensors.items()}, begins / PLAIN_HEAD)
    with pytest.raises(TrainingError, match="beginning"):
        train_vision(drawn_data, run, SMALL, start=begins)


def test_a_run_begun_before_its_beginning_was_noted_goes_on(whole: Path, drawn_data: Path, released: Path) -> None:
    file = whole / "vision.data.json"
    noted = json.loads(file.read_text())
    file.write_text(json.dumps({name: told for name, told in noted.items() if name != "began"}))
    train_vision(drawn_data, whole, SMALL, start=released)
    assert json.loads(file.read_text()) == noted


def test_a_head_without_its_tensors_is_refused(released: Path, tmp_path: Path) -> None:
    shutil.copytree(released, tmp_path / "weights")
    file = tmp_path / "weights" / PLAIN_HEAD
    tensors = load_file(file)
    lost = next(iter(tensors))
    save_file({name: tensor for name, tensor in tensors.items() if name != lost}, file)
    with pytest.raises(WeightsError, match=f"lacks {lost}"):
        load_heads(tmp_path / "weights")


def test_without_a_running_mean_the_weights_are_kept_once(drawn_data: Path, released: Path, tmp_path: Path) -> None:
    pictures = [read_pictures(drawn_data, split, 208) for split in ("train", "val")]
    course = VisionCourse(load_heads(released), *pictures, SMALL)
    plan = replace(SMALL.plan, batches=3, average=0.0)
    assert fit(course, plan, RunFolder(tmp_path, "vision"), stop=lambda: True) is course.network
    assert fit(course, plan, RunFolder(tmp_path, "vision")) is course.network, "and it goes on"
    assert not course.network.training
    assert {line["batch"] for line in curve(tmp_path)} == {1, 2, 3}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_killed_process_goes_on_onto_the_same_curve(drawn_data: Path, released: Path, tmp_path: Path) -> None:
    def command(run: Path) -> list[str]:
        settings = {"side": 32, "batch": 8, "plan.batches": 40, "plan.judge_every": 20, "plan.save_seconds": 0}
        told = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
        where = ["--data", str(drawn_data), "--run", str(run), "--start", str(released), "--threads", "1"]
        return [sys.executable, "-m", "skingpt", "train", "--step", "vision", *where, *told]

    subprocess.run(command(tmp_path / "whole"), check=True, capture_output=True, timeout=300)
    killed = subprocess.Popen(command(tmp_path / "cut"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    file, deadline = tmp_path / "cut" / "vision.jsonl", time.monotonic() + 280
    while not (file.is_file() and file.read_bytes().count(b"\n") >= 12):
        assert time.monotonic() < deadline
        assert killed.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.wait(30)
    assert not (tmp_path / "cut" / VISION).exists()
    subprocess.run(command(tmp_path / "cut"), check=True, capture_output=True, timeout=300)
    assert curve(tmp_path / "cut") == curve(tmp_path / "whole")


def test_everything_of_a_batch_is_placed_where_the_network_is(
    drawn_data: Path, miniature: SkinGPT, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No GPU is asked for: torch's `meta` device refuses a batch of which anything still lies on the CPU."""
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())  # which knows no `meta`
    train, val = (read_pictures(drawn_data, split, 208) for split in ("train", "val"))
    head = PlainHead(Blip2VisionModel(vit_tiny_config(SMALL.side))).to("meta")
    for loss in VisionCourse(head, train, val, SMALL).losses(Draw.of(1, 1)).values():
        assert loss.device.type == "meta"
    network = new_network(miniature.network.config)
    network.set_attn_implementation("eager")  # the other looks into the mask, which `meta` cannot
    sight = sight_of(network, MINI)
    views = torch.zeros(1, len(train), *sight.seen_shape)
    head = PlainHead(network.vision_model).eval()
    width = network.config.vision_config.hidden_size
    teacher = Teacher.fitted(head, train, val, torch.zeros(len(val), 5, width))
    seen = Seen(views, views[0], val, teacher)
    for step in (1, 2):
        course = LanguageCourse(sight, miniature.processor, MINI, step, Known(train, [None] * len(train), {}), seen)
        course.network.to("meta")
        for loss in course.losses(Draw.of(1, step)).values():
            assert loss.device.type == "meta"


def test_a_device_that_is_not_there_is_told(released: Path) -> None:
    with pytest.raises(WeightsError, match="cuda:77"):
        load_skingpt(released, "cuda:77")


def test_folds_part_patients_and_leave_the_test_split_alone(drawn_data: Path) -> None:
    held = [set(read_pictures(drawn_data, "val", 32, fold=Fold(k, 3)).groups) - {""} for k in range(3)]
    phone = [{group for group in one if group.startswith("G")} for one in held]
    assert not (phone[0] & phone[1] or phone[0] & phone[2] or phone[1] & phone[2])
    assert len(phone[0] | phone[1] | phone[2]) == 12
    train = set(read_pictures(drawn_data, "train", 32, fold=Fold(0, 3)).groups)
    assert not train & phone[0]
    assert phone[1] <= train
    none = read_pictures(drawn_data, "train", 32, fold=Fold(0, 1))
    assert len(none) and not any(group.startswith("G") for group in none.groups), "one fold of one holds out all"


def course_of(miniature: SkinGPT, data: Path, *, taught: bool = True, **settings: Any) -> LanguageCourse:
    """Step 2 over the drawn data with settings of its own, with a teacher or from the labels alone."""
    train, val = (read_pictures(data, split, 32) for split in ("train", "val"))
    network = new_network(miniature.network.config)
    sight = sight_of(network, MINI)
    head = PlainHead(network.vision_model).eval()
    looked = torch.randn(2, len(train), *sight.seen_shape)
    teacher = Teacher.fitted(head, train, val, torch.randn(len(val), *sight.seen_shape)) if taught else None
    preset = replace(MINI, steps={**MINI.steps, 2: replace(MINI.steps[2], **settings)})
    seen = Seen(looked, looked[0, : len(val)], val, teacher)
    return LanguageCourse(sight, miniature.processor, preset, 2, Known(train, [None] * len(train), {}), seen)


def asked_choices(course: LanguageCourse, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int | None]]:
    """For every choice of a few batches: the picture, and the other patient whose facts went with it, if any."""
    asked, write = list[tuple[int, int | None]](), language.choice_lesson

    def told(known: Known, at: int, rng: Random, patient: int | None = None) -> Lesson:
        asked.append((at, patient))
        return write(known, at, rng, patient)

    monkeypatch.setattr(language, "choice_lesson", told)
    with torch.no_grad():
        for batch in range(6):
            assert all(loss.isfinite() for loss in course.losses(Draw.of(3, batch)).values())
    return asked


def test_half_of_the_choices_come_with_the_facts_of_another_patient_photographed_the_same_way(
    miniature: SkinGPT, drawn_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = read_pictures(drawn_data, "train", 32)
    asked = asked_choices(course_of(miniature, drawn_data, strangers=0.5), monkeypatch)
    told = [(at, patient) for at, patient in asked if patient is not None]
    assert 0.35 < len(told) / len(asked) < 0.65
    assert all(pictures.domain[at] == pictures.domain[patient] for at, patient in told)
    assert all(pictures.groups[patient] for _, patient in told), "of a lesion, whose patient told something"


def test_a_label_is_never_learned_with_the_facts_of_another_patient(
    miniature: SkinGPT, drawn_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asked_choices(course_of(miniature, drawn_data, taught=False, strangers=1.0, blended=0.0), monkeypatch)
    assert {patient for _, patient in asked} == {None}


def test_phone_photos_are_drawn_oftener_where_that_is_asked(
    miniature: SkinGPT, drawn_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = read_pictures(drawn_data, "train", 32)
    phone = [group.startswith("G") for group in pictures.groups]

    def share(times: float) -> float:
        drawn = asked_choices(course_of(miniature, drawn_data, phone=times), monkeypatch)
        lesions = [phone[at] for at, _ in drawn if pictures.groups[at]]
        return sum(lesions) / len(lesions)

    assert share(1.0) < 0.65
    assert share(8.0) > 0.8


def test_who_follows_a_teacher_follows_it_without_dropout(miniature: SkinGPT, drawn_data: Path) -> None:
    def losses(course: LanguageCourse) -> list[float]:
        """Of one batch seen twice, everything else being the same."""
        course.network.train()
        told = []
        for seed in (1, 2):
            draw = Draw.of(3, 1)
            torch.manual_seed(seed)
            with torch.no_grad():
                told.append(course.losses(draw)["choice"].item())
        return told

    one, two = losses(course_of(miniature, drawn_data))
    assert one == two
    one, two = losses(course_of(miniature, drawn_data, taught=False, blended=0.0))
    assert one != two


def test_the_teacher_is_not_weighed_on_the_photos_that_a_fold_holds_out(drawn_data: Path) -> None:
    fold = Fold(0, 3)
    val = read_pictures(drawn_data, "val", 32, fold=fold)
    weighed = val.only(language.fair_to_weigh(val, fold))
    assert {group[0] for group in weighed.groups if group} == {"L"}, "the split of the dermoscopy is its own"
    head = PlainHead(Blip2VisionModel(vit_tiny_config(32))).eval()
    train = read_pictures(drawn_data, "train", 32, fold=fold)
    teacher = Teacher.fitted(head, train, weighed, torch.randn(len(weighed), 5, 192))
    assert (teacher.temperatures[0], teacher.weights[0]) == (1.0, 1.0)
    assert language.fair_to_weigh(val, None).all()


def small_steps(preset: Preset, batches: int = 3) -> Preset:
    return replace(
        preset,
        steps={
            number: replace(step, plan=replace(step.plan, batches=batches, judge_every=batches, warmup=1))
            for number, step in preset.steps.items()
        },
    )


@pytest.mark.slow
def test_both_steps_of_the_mini(drawn_data: Path, whole: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="vision step to its end"):
        train_language(drawn_data, tmp_path, 1, small_steps(MINI))
    shutil.copy(whole / VISION, tmp_path)
    with pytest.raises(WeightsError, match="step 1 before step 2"):
        train_language(drawn_data, tmp_path, 2, small_steps(MINI))
    for step in (1, 2):
        train_language(drawn_data, tmp_path, step, small_steps(MINI))
    assert set(curve(tmp_path, "step-1")[0]) >= {"reader", "concepts"}
    assert set(curve(tmp_path, "step-2")[0]) >= {"reader", "choice", "notes"}
    assert "phone_balanced" in curve(tmp_path, "step-2")[-1]["validation"]  # type: ignore[operator]
    before, after = (load_skingpt(tmp_path / f"step-{step}").network for step in (1, 2))
    tower = torch.load(tmp_path / VISION, weights_only=True)
    for name, tensor in after.vision_model.state_dict().items():
        assert torch.equal(tensor, tower[f"tower.{name}"]), "the tower stays as the vision step left it"
    assert not torch.equal(before.language_projection.weight, after.language_projection.weight)
    for step in (1, 2):
        train_language(drawn_data, tmp_path, step, small_steps(MINI))
    (tmp_path / "step-1.state.pt").unlink()
    train_language(drawn_data, tmp_path, 1, small_steps(MINI, batches=2))
    with pytest.raises(TrainingError, match="beginning"):
        train_language(drawn_data, tmp_path, 2, small_steps(MINI))


def full_size_in_miniature(preset: Preset, miniature: SkinGPT) -> tuple[PreTrainedModel, Preset]:
    """The preset with its own layout and thin layers, the mini's tokenizer in place of Llama's."""
    tokenizer = miniature.processor.tokenizer
    text = {"vocab_size": len(tokenizer), "hidden_size": 40, "intermediate_size": 48, "num_hidden_layers": 2}
    text |= {"num_attention_heads": 4, "num_key_value_heads": 4, "pad_token_id": tokenizer.pad_token_id}
    vision = {
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "image_size": 28,
    }
    small = replace(preset, vision={**preset.vision, **vision}, text={**preset.text, **text})
    image = tokenizer.convert_tokens_to_ids("<image>")
    if preset is TGI:
        config = small.llava_next()
        config.image_token_id = image
        return LlavaNextForConditionalGeneration(config), small
    qformer = {
        "hidden_size": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 3,
        "intermediate_size": 48,
        "encoder_hidden_size": 32,
    }
    small = replace(small, qformer={**preset.qformer, **qformer}, queries=4)
    return new_network(small.blip2(image)), small


def test_the_whole_picture_is_read_however_short_a_lesson_may_be(
    miniature: SkinGPT, drawn_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CLIP gives 577 tokens where a lesson of `tgi` may have 160 of its own."""
    network, small = full_size_in_miniature(TGI, miniature)
    sight = sight_of(network, small)
    processor = SkinGPTProcessor(
        miniature.processor.image_processor, miniature.processor.tokenizer, sight.tokens_a_picture
    )
    pictures = read_pictures(drawn_data, "train", 28)
    views = torch.zeros(1, len(pictures), *sight.seen_shape)
    known, seen = Known(pictures, [None] * len(pictures), {}), Seen(views, views[0], pictures)
    course = LanguageCourse(sight, processor, replace(small, longest=12), 2, known, seen)
    logits, read = sight.logits, list[torch.Tensor]()
    monkeypatch.setattr(sight, "logits", lambda ids, *rest: read.append(ids) or logits(ids, *rest))
    course.losses(Draw.of(1, 1))
    assert len(read) == 2
    for ids in read:
        assert ((ids == network.config.image_token_id).sum(1) == sight.tokens_a_picture).all()
        assert ids.shape[1] <= 12 + sight.tokens_a_picture


def pictures_without_answer(pictures: PictureSet) -> PictureSet:
    """Every second one of another condition than the answers, with what was annotated on it."""
    other = np.arange(len(pictures)) % 2 == 1
    return replace(
        pictures,
        choice=np.where(other, -1, pictures.choice),
        concepts=tuple(("Papule",) if one else () for one in other),
    )


@pytest.mark.parametrize("step", [1, 2])
def test_pictures_of_other_conditions_are_described_and_never_chosen(
    step: int, miniature: SkinGPT, drawn_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = pictures_without_answer(read_pictures(drawn_data, "train", 28))
    sight = sight_of(miniature.network, MINI)
    views = torch.zeros(1, len(pictures), *sight.seen_shape)
    known, seen = Known(pictures, [None] * len(pictures), {}), Seen(views, views[0], pictures)
    course = LanguageCourse(sight, miniature.processor, MINI, step, known, seen)
    taught: dict[str, set[bool]] = {"choice": set(), "words": set()}
    for name, kind in (("choice_lesson", "choice"), ("concept_lesson", "words"), ("note_lesson", "words")):
        write = getattr(language, name)

        def told(known: Known, at: int, *rest: Any, write: Any = write, kind: str = kind) -> Lesson:
            taught[kind].add(bool(pictures.choice[at] >= 0))
            lesson: Lesson = write(known, at, *rest)
            return lesson

        monkeypatch.setattr(language, name, told)
    with torch.no_grad():
        losses = course.losses(Draw.of(1, step))
    assert taught == {"choice": {True} if step == 2 else set(), "words": {True, False}}
    assert all(loss.isfinite() for loss in losses.values())


def test_a_batch_without_any_known_kind_breaks_no_training(miniature: SkinGPT, drawn_data: Path) -> None:
    pictures = read_pictures(drawn_data, "train", 28)
    pictures = replace(pictures, choice=np.full(len(pictures), -1))
    sight = sight_of(miniature.network, MINI)
    views = torch.zeros(1, len(pictures), *sight.seen_shape)
    known, seen = Known(pictures, [None] * len(pictures), {}), Seen(views, views[0], pictures)
    course = LanguageCourse(sight, miniature.processor, MINI, 1, known, seen)
    with torch.no_grad():
        assert course.losses(Draw.of(1, 1))["reader"] == 0


@pytest.mark.parametrize("preset", [SKINGPT4, TGI], ids=["skingpt4", "tgi"])
@pytest.mark.parametrize("step", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_the_papers_recipe_trains_the_projection_and_the_new_tokens_alone(
    preset: Preset, step: int, miniature: SkinGPT, drawn_data: Path, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    network, small = full_size_in_miniature(preset, miniature)
    small = small_steps(small)
    sight = sight_of(network, small)
    processor = SkinGPTProcessor(
        miniature.processor.image_processor, miniature.processor.tokenizer, sight.tokens_a_picture
    )
    pictures = read_pictures(drawn_data, "train", 28)
    views = cached_views(sight, small, pictures, tmp_path / "views.f16", seed=0)
    assert views.shape == (1, len(pictures), *sight.seen_shape)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    known, seen = Known(pictures, [None] * len(pictures), {}), Seen(views, views[0], pictures)
    course = LanguageCourse(sight, processor, replace(small, longest=2048), step, known, seen)
    run = RunFolder(tmp_path, f"step-{step}")
    fit(course, small.steps[step].plan, run)
    changed = {name for name, tensor in network.state_dict().items() if not torch.equal(tensor, before[name])}
    rows = set(processor.tokenizer.convert_tokens_to_ids([*DOMAIN_TOKENS, *CHOICE_TOKENS]))
    for name in [name for name in changed if name.endswith(("embed_tokens.weight", "lm_head.weight"))]:
        moved = (network.state_dict()[name] != before[name]).any(1).nonzero().flatten().tolist()
        assert set(moved) <= rows
        changed.remove(name)
    assert changed
    assert all(
        "language_projection" in name or "multi_modal_projector" in name or "image_newline" in name for name in changed
    )
    assert LlamaConfig().vocab_size == LLAMA_WORDS
    assert prompt("<image>", QUESTIONS[0]).startswith("###Human: <Img><image></Img> ")
