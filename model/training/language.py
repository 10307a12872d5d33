"""The paper's two steps over the vision tower's cached outputs: 1 clinical concepts, 2 diagnoses and notes.

The paper trains the projection alone, since its Q-Former and Llama come trained. The mini's are new, so Q-Former,
projection and language model are trained; the tower stays as the vision step left it.
Run: `skingpt train --step 1 --data DATA --run RUN`, then `--step 2`.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from tqdm import tqdm
from transformers import Blip2ForConditionalGeneration

from conditions import CHOICES
from model.errors import WeightsError
from model.measure import Measured
from model.network import (
    SkinGPT,
    embed_prompt,
    load_skingpt,
    mini_config,
    new_network,
    picture_tokens,
    read_prompt,
)
from model.pictures import PictureSet, read_pictures
from model.processor import SkinGPTProcessor, square_processor
from model.tokenizer import train_tokenizer
from model.training.cached_views import cached_views
from model.training.lessons import (
    IGNORED,
    Lesson,
    choice_lesson,
    collate,
    concept_lesson,
    measured_features,
    note_lesson,
)
from model.training.vision import STORED_SIDE, load_plain_head, sampling_weights


@dataclass(frozen=True)
class LanguageRecipe:
    """Hyper-parameters of the two steps. `views` augmented views a picture are cached besides the plain one."""

    views: int = 3
    batches: tuple[int, int] = (300, 1400)
    choices_per_batch: int = 48
    notes_per_batch: int = 12
    rate: float = 1e-3
    weight_decay: float = 0.05
    warmup: float = 0.05
    average: float = 0.995
    rarity: float = 0.45
    seed: int = 11


@dataclass(frozen=True)
class Course:
    """What a step reads: pictures, their cached views (V, N, patches + 1, width) and measured features."""

    pictures: PictureSet
    measured: list[Measured | None]
    views: Tensor
    weights: Tensor


def train_language(data: Path, run: Path, step: int, recipe: LanguageRecipe) -> None:
    """Trains step 1 or 2 in `run` and writes the weights folder `run/step-N`.

    Raises:
        WeightsError: the step before this one has not been run there.
    """
    torch.manual_seed(recipe.seed + step)
    head = load_plain_head(run)
    pictures = read_pictures(data, "train", STORED_SIDE)
    course = Course(
        pictures,
        measured_features(pictures),
        cached_views(head.tower, pictures, recipe.views, run / "views.f16", seed=recipe.seed),
        sampling_weights(pictures, recipe.rarity),
    )
    if step == 1:
        skingpt = _fresh(course, head.tower.config.image_size)
        skingpt.network.vision_model.load_state_dict(head.tower.state_dict())
    else:
        skingpt = load_skingpt(_previous(run))
    _fit(skingpt, course, step, recipe, run / f"step-{step}.jsonl")
    skingpt.network.save_pretrained(run / f"step-{step}")
    skingpt.processor.save_pretrained(run / f"step-{step}")
    (run / f"step-{step}.json").write_text(json.dumps(asdict(recipe), indent=1))


def _previous(run: Path) -> Path:
    folder = run / "step-1"
    if not folder.is_dir():
        raise WeightsError(f"{folder} is missing: run step 1 before step 2")
    return folder


def _fresh(course: Course, side: int) -> SkinGPT:
    rng = Random(3)
    texts = []
    for at, measured in enumerate(course.measured):
        for write in (concept_lesson, note_lesson):
            lesson = write(course.pictures, at, measured, rng)
            texts.append(lesson.prompt.replace("<image>", "") + lesson.answer)
    processor = SkinGPTProcessor(square_processor(side), train_tokenizer(texts))
    return SkinGPT(new_network(mini_config(side, processor)), processor)


def _fit(skingpt: SkinGPT, course: Course, step: int, recipe: LanguageRecipe, log: Path) -> None:
    network = skingpt.network
    network.train()
    network.vision_model.requires_grad_(False)
    reader = nn.Linear(network.config.qformer_config.hidden_size, len(CHOICES))
    trained = [p for p in [*network.parameters(), *reader.parameters()] if p.requires_grad]
    average = [p.detach().clone() for p in trained]
    optimiser = torch.optim.AdamW(trained, recipe.rate, weight_decay=recipe.weight_decay, betas=(0.9, 0.98))
    batches = recipe.batches[step - 1]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, batches, pct_start=recipe.warmup)
    generator = torch.Generator().manual_seed(recipe.seed * 100 + step)
    rng = Random(recipe.seed * 100 + step)
    progress = tqdm(range(batches), desc=f"step {step}", mininterval=20)
    for batch in progress:
        losses = _losses(skingpt, reader, course, step, recipe, generator, rng)
        optimiser.zero_grad()
        torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        schedule.step()
        share = min(recipe.average, (batch + 1) / (batch + 10))
        for mean, parameter in zip(average, trained, strict=True):
            mean.lerp_(parameter.detach(), 1 - share)
        if batch % 50 == 49:
            line = {"batch": batch + 1} | {name: round(loss.item(), 4) for name, loss in losses.items()}
            progress.set_postfix(line)
            with log.open("a") as lines:
                lines.write(json.dumps(line) + "\n")
    with torch.no_grad():
        for mean, parameter in zip(average, trained, strict=True):
            parameter.copy_(mean)
    network.eval()


def _losses(
    skingpt: SkinGPT,
    reader: nn.Linear,
    course: Course,
    step: int,
    recipe: LanguageRecipe,
    generator: torch.Generator,
    rng: Random,
) -> dict[str, Tensor]:
    """The answers' loss and, from the Q-Former's queries alone, the reader's: it keeps the queries about the lesion."""
    count = recipe.choices_per_batch + recipe.notes_per_batch
    at = torch.multinomial(course.weights, count, replacement=True, generator=generator)
    view = torch.randint(course.views.shape[0], (count,), generator=generator)
    features = course.views[view, at].float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        pictures, queries = picture_tokens(skingpt.network, features)
    losses = {
        "reader": 0.5 * cross_entropy(reader(queries.float().mean(1)), torch.from_numpy(course.pictures.choice)[at])
    }
    chosen = at.tolist()
    if step == 1:
        lessons = [concept_lesson(course.pictures, i, course.measured[i], rng) for i in chosen[: count // 2]]
        losses["concepts"] = _answer_loss(skingpt, lessons, pictures[: count // 2])
        return losses
    cut = recipe.choices_per_batch
    choices = [choice_lesson(course.pictures, i, rng) for i in chosen[:cut]]
    notes = [note_lesson(course.pictures, i, course.measured[i], rng) for i in chosen[cut:]]
    losses["choice"] = _answer_loss(skingpt, choices, pictures[:cut])
    losses["notes"] = 0.5 * _answer_loss(skingpt, notes, pictures[cut:])
    return losses


def _answer_loss(skingpt: SkinGPT, lessons: list[Lesson], pictures: Tensor) -> Tensor:
    input_ids, mask, labels = collate(lessons, skingpt.processor)
    network: Blip2ForConditionalGeneration = skingpt.network
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = read_prompt(network, embed_prompt(network, input_ids, pictures), mask).logits
    return cross_entropy(logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten(), ignore_index=IGNORED)
