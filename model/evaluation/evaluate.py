"""How good the answers are on pictures the training never saw, the plain head on the same tower beside.

Run: `skingpt evaluate --data PATH --split test [--photo-only] [--json]`; PATH is a data set of any form that
`skingpt data check` knows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from conditions import CHOICES, NOT_SKIN
from model.choosing import Chosen, choose
from model.datasets.read import read_data
from model.datasets.record import Fault, PatientFacts, SkinRecord
from model.errors import DataSetError, PictureError
from model.evaluation.figures import Judged, by_group, choice_figures, difference
from model.evaluation.intervals import Bootstrap, Figure, auc
from model.evaluation.steadiness import PARAPHRASES, REPEATS, VIEWS, agreement, sampled
from model.image_files import open_picture
from model.network import SkinGPT, look, looks_of
from model.pictures import DOMAINS
from model.training.lessons import facts_text
from model.training.vision import load_heads
from model.vision_tower import PLAIN_HEAD

MOST_IN_VIEWS = 200
"""Pictures that are looked at in every changed view; all would take minutes."""


@dataclass(frozen=True)
class Cases:
    """Pictures that can be judged, with the tower's outputs (N, looks * (patches + 1), width).

    `faults`: what was left out.
    """

    records: tuple[SkinRecord, ...]
    features: Tensor
    faults: tuple[Fault, ...] = ()
    looks: int = 1

    def facts(self, *, with_history: bool) -> list[str]:
        """The patients' facts in words, or nothing."""
        return [facts_text(record.facts) if with_history else "" for record in self.records]

    def judged(self, probabilities: Tensor) -> Judged:
        """Probabilities (N, 11) beside the truth."""
        truth = np.array([CHOICES.index(record.choice or "") for record in self.records])
        return Judged(probabilities.double().numpy(), truth, np.array([record.group for record in self.records]))


def read_records(data: Path, split: str) -> tuple[tuple[SkinRecord, ...], tuple[Fault, ...]]:
    """The whole pictures (no cut-outs) of one split whose kind the model can answer with, and what was left out.

    Raises:
        DataSetError: the folder is of no known form, or no picture of that split can be used.
    """
    reading = read_data(data)
    whole = [record for record in reading.of(split) if not record.cutout]
    records = tuple(record for record in whole if record.choice is not None)
    if not records:
        splits = ", ".join(sorted({record.split or "none" for record in reading.records})) or "none"
        raise DataSetError(f"{data} has no usable picture with split {split!r}; its splits: {splits}")
    other = tuple(
        Fault(record.path.name, f"{record.slug or record.class_name} is none of the model's answers")
        for record in whole
        if record.choice is None
    )
    return records, (*reading.faults, *other)


@torch.inference_mode()
def read_cases(
    skingpt: SkinGPT,
    records: Sequence[SkinRecord],
    faults: Sequence[Fault] = (),
    view: Callable[[Image.Image], Image.Image] = lambda image: image,
) -> Cases:
    """The pictures as the server would read them; one that cannot be decoded becomes a fault.

    Raises:
        DataSetError: none can be decoded.
    """
    read, outputs, unreadable = [], [], []
    for record in tqdm(records, desc="reading pictures", mininterval=5):
        try:
            pixels = skingpt.processor.pixels([view(open_picture(record.path))])
        except PictureError as error:
            unreadable.append(Fault(record.path.name, f"the picture cannot be read ({error})"))
            continue
        outputs.append(look(skingpt.network, pixels).half().cpu())
        read.append(record)
    if not outputs:
        raise DataSetError("none of the pictures can be read")
    return Cases(tuple(read), torch.cat(outputs), (*faults, *unreadable), looks_of(skingpt.network))


def evaluate(skingpt: SkinGPT, weights: Path, cases: Cases, *, with_history: bool) -> dict[str, object]:
    """Figures of the language model's choice and, under `plain_head`, of the head on the same tower."""
    facts = cases.facts(with_history=with_history)
    chosen = choose(skingpt, cases.features, facts)
    judged = cases.judged(chosen.choices.exp())
    boot = Bootstrap(judged.groups)
    domain = chosen.domains.argmax(1).numpy() == np.array([DOMAINS.index(record.domain) for record in cases.records])
    told: dict[str, object] = {
        "n": len(cases.records),
        "left_out": [f"{fault.where}: {fault.why}" for fault in cases.faults],
        "with_history": with_history,
        **choice_figures(judged),
        "domain_accuracy": boot.mean(domain),
        "free_running_agrees": boot.mean(chosen.free.numpy()),
        "repeats_agree": _repeats(skingpt, cases, facts, chosen, boot),
    }
    types = np.array([str(record.skin_type or "unknown") for record in cases.records])
    if set(types.tolist()) != {"unknown"}:
        told["by_fitzpatrick"] = by_group(judged, types)
    if with_history:
        told["ablation"] = _ablation(skingpt, cases, judged)
    if (weights / PLAIN_HEAD).is_file():
        with torch.inference_mode():
            plain = load_heads(weights).heads(cases.features.float())[0].softmax(-1)
        told["plain_head"] = choice_figures(cases.judged(plain))
        told["balanced_accuracy_over_plain_head"] = difference(judged, cases.judged(plain))
    return told


def views_agree(skingpt: SkinGPT, cases: Cases) -> Mapping[str, Figure]:
    """How often a changed view of the photo (of the first MOST_IN_VIEWS) gets the answer of the photo as it is."""
    records, seed = cases.records, np.random.default_rng(0)
    at = np.sort(seed.permutation(len(records))[:MOST_IN_VIEWS])
    some = [records[i] for i in at]
    plain = choose(skingpt, cases.features[at], [""] * len(some)).choices.argmax(1)
    boot = Bootstrap(np.array([record.group for record in some]))
    same = {}
    for name, view in VIEWS.items():
        seen = read_cases(skingpt, some, view=view)
        told = choose(skingpt, seen.features, [""] * len(some)).choices.argmax(1)
        same[name] = (told == plain).numpy()
    return {name: boot.mean(agrees) for name, agrees in same.items()} | {
        "all": boot.mean(np.mean(list(same.values()), axis=0))
    }


def not_skin_auc(skingpt: SkinGPT, cases: Cases, folder: Path) -> Figure:
    """How well P(not-skin) parts the photographs in `folder` from the cases' pictures.

    Raises:
        DataSetError: the folder holds no picture.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if not paths:
        raise DataSetError(f"{folder} holds no pictures")
    everyday = read_cases(skingpt, [SkinRecord(path, None, DOMAINS[0], path.name, "") for path in paths])
    features = torch.cat([cases.features, everyday.features])
    scores = choose(skingpt, features, [""] * len(features)).choices.exp()[:, CHOICES.index(NOT_SKIN)].double().numpy()
    groups = np.array([record.group for record in (*cases.records, *everyday.records)])
    no_skin = np.arange(len(features)) >= len(cases.records)
    return Bootstrap(groups).figure(lambda at: auc(scores[at], no_skin[at]))


def _repeats(skingpt: SkinGPT, cases: Cases, facts: list[str], chosen: Chosen, boot: Bootstrap) -> dict[str, Figure]:
    rng = np.random.default_rng(0)
    worded = [
        choose(skingpt, cases.features, facts, wording).choices.exp().double().numpy() for wording in PARAPHRASES[1:]
    ]
    asked = [chosen.choices.exp().double().numpy(), *worded]
    same = sampled(asked[0], REPEATS, rng)
    other = np.concatenate([sampled(one, REPEATS // len(asked), rng) for one in asked], axis=1)
    greedy = np.stack([one.argmax(1) for one in asked], axis=1)
    return {
        "sampled": boot.mean(agreement(same)),
        "sampled_and_paraphrased": boot.mean(agreement(other)),
        "paraphrased": boot.mean(agreement(greedy)),
    }


def _ablation(skingpt: SkinGPT, cases: Cases, judged: Judged) -> dict[str, object]:
    """What the history brings, and what is left of that where it is blank, another patient's, or without a picture."""
    rng = np.random.default_rng(0)
    others = rng.permutation(len(cases.records))
    mixed = [
        facts_text(_swapped(record.facts, cases.records[i].facts))
        for record, i in zip(cases.records, others, strict=True)
    ]
    noise = torch.randn(cases.features.shape, generator=torch.Generator().manual_seed(0))
    noise = noise * cases.features.float().std() + cases.features.float().mean()

    def judge(features: Tensor, facts: list[str]) -> Judged:
        return cases.judged(choose(skingpt, features, facts).choices.exp())

    blank = judge(cases.features, [""] * len(cases.records))
    kinds = {"history_blank": blank, "history_of_another": judge(cases.features, mixed)}
    kinds["picture_is_noise"] = judge(noise, cases.facts(with_history=True))
    boot = Bootstrap(judged.groups)
    told: dict[str, object] = {name: boot.mean(one.right) for name, one in kinds.items()}
    return told | {"gain_from_history": difference(judged, blank)}


def _swapped(facts: PatientFacts, other: PatientFacts) -> PatientFacts:
    """The other's facts where both are known, so that blanks stay where they are."""
    names = [field.name for field in fields(facts)]
    known = [name for name in names if getattr(facts, name) is not None and getattr(other, name) is not None]
    return PatientFacts(**{name: getattr(other if name in known else facts, name) for name in names})
