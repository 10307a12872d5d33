"""The paper's two steps over the frozen towers' cached outputs: 1 clinical concepts, 2 diagnoses and notes.

The paper trains the projection alone, since its Q-Former and Llama come trained (presets `skingpt4`, `tgi`). The mini's
are new, so Q-Former, projection and language model are trained; the tower stays as the vision step left it, and the
choice token learns from `model.training.teacher` as well as from the label.
Run: `skingpt train --preset mini --step 1 --data DATA --run RUN`, then `--step 2`.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers.models.blip_2.modeling_blip_2 import Blip2QFormerMultiHeadAttention

from conditions import CHOICES, Domain
from model.choosing import choose
from model.datasets.skincon import concept_shares
from model.errors import WeightsError
from model.network import SkinGPT, load_skingpt, mini_config, new_network, placed
from model.notes import CHOICE_TOKENS, DOMAIN_TOKENS
from model.pictures import DOMAINS, Fold, PictureSet, read_pictures
from model.presets import MINI, Preset, StepRecipe
from model.processor import SkinGPTProcessor, square_processor
from model.sight import Sight, sight_of
from model.tokenizer import train_tokenizer
from model.training.cached_views import cached_views, digest
from model.training.lessons import (
    IGNORED,
    Known,
    Lesson,
    choice_lesson,
    collate,
    concept_lesson,
    measured_features,
    note_lesson,
)
from model.training.loop import Draw, fit
from model.training.run_folder import RunFolder, fingerprint
from model.training.teacher import Teacher, lesions
from model.training.vision import STORED_SIDE, figures_by_part, kind_weights, load_plain_head, sampling_weights
from model.vision_tower import towers_of
from precision import autocast

VIEWS_SEED = 11

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Seen:
    """Cached outputs of the frozen towers: `train` (V, N, tokens, width), `val` (M, looks * tokens, width)."""

    train: Tensor
    val: Tensor
    val_pictures: PictureSet
    teacher: Teacher | None = None


class LanguageCourse:
    """Answers about pictures."""

    def __init__(
        self, sight: Sight, processor: SkinGPTProcessor, preset: Preset, step: int, known: Known, seen: Seen
    ) -> None:
        self._sight, self._processor, self._preset, self._step = sight, processor, preset, step
        self._recipe: StepRecipe = preset.steps[step]
        self._known, self._seen = known, seen
        self._choice = torch.from_numpy(known.pictures.choice)
        self._domain = torch.from_numpy(known.pictures.domain)
        shown = torch.tensor([bool(group) for group in known.pictures.groups])
        phone = shown & (self._domain == DOMAINS.index(Domain.PHONE))
        self._answered = sampling_weights(known.pictures, self._recipe.rarity) * (1 + (self._recipe.phone - 1) * phone)
        self._patients = [lesions(known.pictures, domain).nonzero()[:, 0].tolist() for domain in range(len(DOMAINS))]
        self._described = kind_weights(known.pictures, self._recipe.rarity)
        if self._recipe.distilled and seen.teacher:
            _without_dropout(sight.network)
        self.network = nn.ModuleDict({"skingpt": sight.network})
        if self._recipe.reader:
            self.network["reader"] = nn.Linear(sight.read_width, len(CHOICES))
        self._choice_ids = torch.tensor(processor.tokenizer.convert_tokens_to_ids(list(CHOICE_TOKENS)))

    def parameter_groups(self) -> Sequence[dict[str, Any]]:
        """What the preset trains; rows of answer tokens without decay, which would move the frozen rows as well."""
        network = self._sight.network
        network.requires_grad_(False)
        trained = [p for name, p in network.named_parameters() if _part(name) in self._preset.trained]
        trained += list(self.network["reader"].parameters()) if self._recipe.reader else []
        for parameter in trained:
            parameter.requires_grad_(True)
        groups: list[dict[str, Any]] = [{"params": trained}]
        if self._preset.answer_rows:
            groups.append({"params": answer_rows(network, self._processor.tokenizer), "weight_decay": 0.0})
        return groups

    def losses(self, draw: Draw) -> Mapping[str, Tensor]:
        """Losses of one batch: concepts in step 1; choice and notes in step 2; the reader's where there is one."""
        recipe = self._recipe
        at = torch.cat([drawn(self._answered, recipe.choices, draw), drawn(self._described, recipe.notes, draw)])
        views = torch.randint(self._seen.train.shape[0], (len(at), recipe.looks), generator=draw.torch)
        seen, cut = self._seen.train[views, at[:, None]].flatten(1, 2).float(), recipe.choices
        if recipe.blended:
            seen[:cut] = blends(seen[:cut], self._domain[at[:cut]], recipe.blended, draw.python)
        with autocast(self._sight.network.device.type):
            pictures, read = self._sight.project(seen)
        losses = {}
        if recipe.reader:
            losses["reader"] = recipe.reader * self._reader_loss(read, seen, at)
        chosen = at.tolist()
        if cut:
            choices = [choice_lesson(self._known, i, draw.python, self._stranger(i, draw)) for i in chosen[:cut]]
            losses["choice"] = self._choice_loss(choices, pictures[:cut], seen[:cut])
        write = concept_lesson if self._step == 1 else note_lesson
        lessons = [write(self._known, i, draw.python) for i in chosen[cut:]]
        losses["concepts" if self._step == 1 else "notes"] = (0.5 if cut else 1.0) * self._answer_loss(
            lessons, pictures[cut:]
        )
        return losses

    def judge(self, network: nn.Module) -> Mapping[str, float]:
        """Accuracy and balanced accuracy of the choice on the validation split, photo alone; step 1 makes no choice."""
        if not self._recipe.choices or self._preset.name != "mini":
            return {}
        skingpt = SkinGPT(_trained(network), self._processor)
        told = choose(skingpt, self._seen.val, [""] * len(self._seen.val))
        return figures_by_part(told.choices, self._seen.val_pictures)

    def _scores(self, lessons: list[Lesson], pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (B, L - 1, vocabulary) and the tokens to learn (B, L - 1), both where the network computes."""
        most = self._preset.longest + self._sight.tokens_a_picture
        input_ids, mask, labels = collate(lessons, self._processor.tokens, self._preset.end, most)
        with autocast(pictures.device.type):
            logits = self._sight.logits(input_ids, mask, pictures)
        return logits[:, :-1].float(), labels[:, 1:].to(logits.device)

    def _answer_loss(self, lessons: list[Lesson], pictures: Tensor) -> Tensor:
        logits, labels = self._scores(lessons, pictures)
        return cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED)

    def _reader_loss(self, read: Tensor, seen: Tensor, at: Tensor) -> Tensor:
        """What a linear reader makes of the queries: what the teacher sees in the same picture, or else the label."""
        told = self.network["reader"](read.float().mean(1))
        if self._seen.teacher is None:
            return _of_known(told, self._choice[at])
        taught = self._seen.teacher.by_sight(seen, self._domain[at].tolist()).softmax(-1)
        return cross_entropy(told, taught.to(told.device))

    def _stranger(self, at: int, draw: Draw) -> int | None:
        """Another patient, photographed the same way, whose facts go with picture `at` in this lesson; or none."""
        patients: list[int] = self._patients[int(self._domain[at])]
        if self._seen.teacher is None or not patients or draw.python.random() >= self._recipe.strangers:
            return None
        return draw.python.choice(patients)

    def _choice_loss(self, lessons: list[Lesson], pictures: Tensor, seen: Tensor) -> Tensor:
        """As `_answer_loss`; the choice token's target is the label blended with the teacher's probabilities.

        The scores are over the whole vocabulary, so that the answer given freely is the one that is scored.
        """
        logits, labels = self._scores(lessons, pictures)
        if self._seen.teacher is None:
            return cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED)
        place = labels.shape[1] - 1 - self._tokens_after_choice()
        others = labels.clone()
        others[:, place] = IGNORED
        rest = cross_entropy(logits.flatten(0, 1), others.flatten(), ignore_index=IGNORED)
        told = logits[:, place].log_softmax(-1)[:, self._choice_ids]
        at = [lesson.picture for lesson in lessons]
        share = self._recipe.distilled
        label = nn.functional.one_hot(self._choice[at], len(CHOICES))
        taught = self._seen.teacher.probabilities(seen, self._domain[at].tolist(), [lesson.facts for lesson in lessons])
        target = share * taught + (1 - share) * label
        return rest + -(target.to(told.device) * told).sum(1).mean()

    def _tokens_after_choice(self) -> int:
        """How many tokens close an answer; all rows end together, since padding is on the left."""
        return len(self._processor.tokenizer(self._preset.end, add_special_tokens=False)["input_ids"])


def drawn(weights: Tensor, count: int, draw: Draw) -> Tensor:
    """`count` pictures (count,), each drawn by its weight."""
    if not count:
        return torch.empty(0, dtype=torch.long)
    return torch.multinomial(weights, count, replacement=True, generator=draw.torch)


def _without_dropout(network: nn.Module) -> None:
    """For a step that follows a teacher: blends of pictures leave nothing to learn by heart, and noise only blurs."""
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        elif isinstance(module, Blip2QFormerMultiHeadAttention):
            module.attention_dropout = 0.0


def _of_known(logits: Tensor, choices: Tensor) -> Tensor:
    """The mean cross-entropy of the rows whose choice is one of the answers; 0 where none is."""
    known = max(1, int((choices >= 0).sum()))
    return cross_entropy(logits, choices.to(logits.device), ignore_index=-1, reduction="sum") / known


def answer_rows(network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[nn.Parameter]:
    """The embedding and output matrix, set so that only the answer tokens' rows learn."""
    rows = torch.tensor(tokenizer.convert_tokens_to_ids([*DOMAIN_TOKENS, *CHOICE_TOKENS]))
    matrices = [network.get_input_embeddings().weight, network.get_output_embeddings().weight]
    for matrix in matrices:
        matrix.requires_grad_(True)
        mask = torch.zeros(matrix.shape[0], 1, dtype=matrix.dtype, device=matrix.device)
        mask[rows] = 1
        matrix.register_hook(lambda gradient, mask=mask: gradient * mask)
    return matrices


def _trained(course: nn.Module) -> PreTrainedModel:
    network: PreTrainedModel = course.get_submodule("skingpt")
    return network


def _part(name: str) -> str:
    """Which part of the network a parameter belongs to."""
    words = name.split(".")
    return words[1] if words[0] == "model" and len(words) > 1 else words[0]


def train_language(
    data: Path,
    run: Path,
    step: int,
    preset: Preset = MINI,
    *,
    start: Path | None = None,
    fold: Fold | None = None,
    device: str = "cpu",
) -> None:
    """Trains step 1 or 2 in `run` and writes the weights folder `run/step-N`; goes on with a run that was cut off.

    Step 1 of the mini starts from the vision step; of the other presets from `start`, a folder that `skingpt convert`
    wrote. Step 2 starts from step 1, or from `start` too (the paper's ablation "step 2 only").

    Raises:
        DataSetError: a folder of `data` is missing.
        WeightsError: the step before this one has not been run there.
        TrainingError: `run` holds the same step begun with another recipe, or the step before was trained anew since.
    """
    folder = RunFolder(run, f"step-{step}")
    recipe = preset.steps[step]
    side = STORED_SIDE if preset.name == "mini" else preset.side
    train = read_pictures(data, "train", side, fold=fold)
    val = read_pictures(data, "val", side, fold=fold)
    measured = measured_features(train, run / f"measured-{len(train)}.json")
    shares = concept_shares(data / "skincon") if (data / "skincon").is_dir() else {}
    known = Known(train, measured, shares)
    torch.manual_seed(recipe.plan.seed)
    skingpt = _network(run, step, preset, start, known)
    head = load_plain_head(run) if recipe.distilled else None
    folder.record(
        recipe,
        fingerprint([data / name for name in ("pad_ufes_20", "ham10000", "not_skin")], {"train": len(train)})
        | {"preset": preset.name, "start": start and str(start), "fold": fold and asdict(fold)}
        | {"began": digest([skingpt.network, *([head] if head else [])])},
    )
    placed(skingpt.network, device)
    sight = sight_of(skingpt.network, preset)
    if recipe.looks > 1:
        skingpt.network.config.looks = recipe.looks
    train_views = cached_views(sight, preset, train, run / "views.f16", seed=VIEWS_SEED, looks=recipe.looks)
    val_looks = cached_views(sight, preset, val, run / "val.f16", seed=VIEWS_SEED, views=0, looks=recipe.looks)
    val_view = val_looks.transpose(0, 1).flatten(1, 2)
    teacher = None
    if head:
        fair = fair_to_weigh(val, fold)
        teacher = Teacher.fitted(head, train, val.only(fair), val_view[torch.from_numpy(fair)])
        log.info("the teacher's temperatures %s, weights of the facts %s", teacher.temperatures, teacher.weights)
    seen = Seen(train_views, val_view, val, teacher)
    course = LanguageCourse(sight, skingpt.processor, preset, step, known, seen)
    course.network.to(device)
    averaged = fit(course, recipe.plan, folder)
    _trained(averaged).save_pretrained(run / f"step-{step}")
    skingpt.processor.save_pretrained(run / f"step-{step}")


def fair_to_weigh(val: PictureSet, fold: Fold | None) -> npt.NDArray[np.bool_]:
    """(M,) which pictures may say how the teacher weighs: not the photos a fold holds out, which are to judge it."""
    fair: npt.NDArray[np.bool_] = (val.domain != DOMAINS.index(Domain.PHONE)) | (fold is None)
    return fair


def blends(seen: Tensor, domains: Tensor, spread: float, chance: Random) -> Tensor:
    """Tower outputs (B, tokens, width), each blended with another taken the same way, its own part the larger one."""
    order = domains.argsort(stable=True)
    other = torch.empty_like(order)
    other[order] = order.roll(1)
    drawn = torch.tensor([chance.betavariate(spread, spread) for _ in order])[:, None, None]
    share = drawn.maximum(1 - drawn)
    return share * seen + (1 - share) * seen[other]


def _network(run: Path, step: int, preset: Preset, start: Path | None, known: Known) -> SkinGPT:
    before = start or (run / "step-1" if step == 2 else None)
    if before is not None:
        if not before.is_dir():
            raise WeightsError(f"{before} is missing: run step 1 before step 2, or name --start")
        return load_skingpt(before)
    if preset.name != "mini":
        raise WeightsError(
            f"{preset.name} starts from published weights: name the folder of `skingpt convert` by --start"
        )
    tower = load_plain_head(run).tower
    towers = towers_of(tower)
    skingpt = fresh_mini(known, towers[0].config.image_size, len(towers))
    skingpt.network.vision_model.load_state_dict(tower.state_dict())
    return skingpt


def fresh_mini(known: Known, side: int, towers: int = 1) -> SkinGPT:
    """A mini with fresh weights and a tokenizer learned from the lessons it will be taught."""
    rng = Random(3)
    texts = []
    for at in range(len(known.pictures)):
        for write in (concept_lesson, note_lesson):
            lesson = write(known, at, rng)
            texts.append(lesson.prompt.replace("<image>", "") + lesson.answer)
    tokenizer = train_tokenizer(texts)
    processor = SkinGPTProcessor(square_processor(side), tokenizer, MINI.queries)
    return SkinGPT(new_network(mini_config(side, processor, towers)), processor)
