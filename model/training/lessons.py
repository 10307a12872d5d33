"""Lessons: which question is asked of which picture, with what facts, and the answer to learn."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random

import torch
from torch import Tensor
from tqdm import tqdm

from conditions import CHOICE_QUESTION, CHOICES, QUESTIONS, SIGNS, facts_in_words, prompt
from model import notes
from model.concepts import CONCEPT_QUESTION, concept_sentence, measured_concepts, often_sentence
from model.datasets.record import PatientFacts
from model.measure import Measured, measure
from model.pictures import DOMAINS, PictureSet

IGNORED = -100
"""The label of a token that is given, not learned."""

WITH_OFTEN = 0.3
"""The share of concept lessons that add what often comes with the condition."""


@dataclass(frozen=True)
class Lesson:
    """One prompt with the answer to learn; `picture` is its index in the picture set, `facts` what the prompt tells."""

    picture: int
    prompt: str
    answer: str
    facts: PatientFacts = field(default_factory=PatientFacts)


@dataclass(frozen=True)
class Known:
    """What lessons are written from: pictures, what was measured in each, P(concept | condition) where known."""

    pictures: PictureSet
    measured: Sequence[Measured | None]
    shares: Mapping[str, Mapping[str, float]]


def measured_features(pictures: PictureSet, file: Path | None = None) -> list[Measured | None]:
    """What can be measured in each picture; None for pictures that show no lesion. Minutes, so kept in `file`."""
    if file is not None and file.is_file():
        told = json.loads(file.read_text())
        if len(told) == len(pictures):
            return [Measured(**{**one, "colours": tuple(one["colours"])}) if one else None for one in told]
    measured = [
        measure(pictures.pixels[i]) if pictures.groups[i] else None
        for i in tqdm(range(len(pictures)), desc="measuring", mininterval=20)
    ]
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps([asdict(one) if one else None for one in measured]))
    return measured


def facts_text(facts: PatientFacts) -> str:
    """The prompt's sentence about the patient."""
    signs = {sign: getattr(facts, sign) for sign in SIGNS}
    return facts_in_words(facts.age, facts.region, signs)


def choice_lesson(known: Known, at: int, rng: Random, patient: int | None = None) -> Lesson:
    """The choice question about picture `at`, masked facts being told by it or by the patient of picture `patient`."""
    pictures = known.pictures
    facts = notes.masked(pictures.facts[at if patient is None else patient], rng)
    answer = notes.choice_answer(DOMAINS[pictures.domain[at]], CHOICES[pictures.choice[at]])
    return Lesson(at, prompt("<image>", CHOICE_QUESTION, facts_text(facts)), answer, facts)


def concept_lesson(known: Known, at: int, rng: Random) -> Lesson:
    """Step 1: the concepts, the description or the features, measured in the picture or annotated on it."""
    pictures, measured = known.pictures, known.measured[at]
    facts = notes.masked(pictures.facts[at], rng)
    choice, domain = _choice(pictures, at), DOMAINS[pictures.domain[at]]
    ways: tuple[tuple[str, Callable[[], str]], ...] = (
        (QUESTIONS[0], lambda: notes.description(domain, choice, measured, rng)),
        (QUESTIONS[1], lambda: notes.features(choice, measured, facts)),
        (CONCEPT_QUESTION, lambda: _concepts(known, at, rng)),
    )
    question, answer = ways[2 if pictures.concepts[at] else rng.randrange(3)]
    return Lesson(at, prompt("<image>", question, facts_text(facts)), " " + answer())


def note_lesson(known: Known, at: int, rng: Random) -> Lesson:
    """Step 2: any of the paper's four questions."""
    if rng.random() < 0.5:
        return concept_lesson(known, at, rng)
    pictures = known.pictures
    facts = notes.masked(pictures.facts[at], rng)
    question = rng.choice((2, 3))
    write = notes.cause if question == 2 else notes.plan
    answer = write(_choice(pictures, at), facts, rng)
    return Lesson(at, prompt("<image>", QUESTIONS[question], facts_text(facts)), " " + answer)


def _choice(pictures: PictureSet, at: int) -> str:
    """The kind; "" where the data set names only a class or a condition that is none of the answers."""
    return CHOICES[pictures.choice[at]] if pictures.choice[at] >= 0 else ""


def _concepts(known: Known, at: int, rng: Random) -> str:
    measured = known.measured[at]
    concepts = known.pictures.concepts[at] or measured_concepts(measured.colours if measured else ())
    told = concept_sentence(concepts, rng)
    often = often_sentence(known.shares.get(_choice(known.pictures, at), {}), rng) if concepts else ""
    return f"{told} {often}" if often and rng.random() < WITH_OFTEN else told


def collate(
    lessons: Sequence[Lesson], tokens: Callable[[list[str]], dict[str, Tensor]], end: str, most: int
) -> tuple[Tensor, Tensor, Tensor]:
    """`input_ids`, `attention_mask`, `labels` (B, L), left-padded; only the answers, closed by `end`, carry labels.

    A lesson of more than `most` tokens loses the end of its answer: at its beginning stands the picture.
    """
    asked = tokens([lesson.prompt for lesson in lessons])["attention_mask"].sum(1)
    whole = tokens([lesson.prompt + lesson.answer + end for lesson in lessons])
    input_ids, mask = whole["input_ids"], whole["attention_mask"]
    learned = (mask.cumsum(1) > asked[:, None]) & mask.bool()
    labels = torch.where(learned, input_ids, torch.full_like(input_ids, IGNORED))
    length = mask.shape[1]
    first = (length - mask.sum(1)).clamp(max=max(0, length - most))
    kept = first[:, None] + torch.arange(min(length, most))
    return input_ids.gather(1, kept), mask.gather(1, kept), labels.gather(1, kept)
