"""Lessons: which question is asked of which picture, with what facts, and the answer to learn."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from conditions import CHOICE_QUESTION, CHOICES, QUESTIONS, SIGNS, facts_in_words, prompt
from model import notes
from model.datasets.record import PatientFacts
from model.measure import Measured, measure
from model.pictures import DOMAINS, PictureSet
from model.processor import SkinGPTProcessor

IGNORED = -100
"""The label of a token that is given, not learned."""


@dataclass(frozen=True)
class Lesson:
    """One prompt with the answer to learn; `picture` is its index in the picture set."""

    picture: int
    prompt: str
    answer: str


def measured_features(pictures: PictureSet) -> list[Measured | None]:
    """What can be measured in each picture; None for pictures that show no lesion."""
    return [measure(pictures.pixels[i]) if pictures.groups[i] else None for i in range(len(pictures))]


def facts_text(facts: PatientFacts) -> str:
    """The prompt's sentence about the patient."""
    signs = {sign: getattr(facts, sign) for sign in SIGNS}
    return facts_in_words(facts.age, facts.region, signs)


def choice_lesson(pictures: PictureSet, at: int, rng: Random) -> Lesson:
    """The choice question, facts masked at random."""
    facts = notes.masked(pictures.facts[at], rng)
    answer = notes.choice_answer(DOMAINS[pictures.domain[at]], CHOICES[pictures.choice[at]])
    return Lesson(at, prompt("<image>", CHOICE_QUESTION, facts_text(facts)), answer)


def concept_lesson(pictures: PictureSet, at: int, measured: Measured | None, rng: Random) -> Lesson:
    """Step 1: the description or the features, measured in the picture."""
    facts = notes.masked(pictures.facts[at], rng)
    choice, domain = CHOICES[pictures.choice[at]], DOMAINS[pictures.domain[at]]
    question = rng.randrange(2)
    answer = (
        notes.description(domain, choice, measured, rng),
        notes.features(choice, measured, facts),
    )[question]
    return Lesson(at, prompt("<image>", QUESTIONS[question], facts_text(facts)), " " + answer)


def note_lesson(pictures: PictureSet, at: int, measured: Measured | None, rng: Random) -> Lesson:
    """Step 2: any of the paper's four questions."""
    if rng.random() < 0.5:
        return concept_lesson(pictures, at, measured, rng)
    facts = notes.masked(pictures.facts[at], rng)
    question = rng.choice((2, 3))
    write = notes.cause if question == 2 else notes.plan
    answer = write(CHOICES[pictures.choice[at]], rng)
    return Lesson(at, prompt("<image>", QUESTIONS[question], facts_text(facts)), " " + answer)


def collate(lessons: Sequence[Lesson], processor: SkinGPTProcessor) -> tuple[Tensor, Tensor, Tensor]:
    """`input_ids`, `attention_mask`, `labels` (B, L), left-padded; only the answers carry labels."""
    tokenizer = processor.tokenizer
    end = tokenizer.eos_token or ""
    asked = processor.tokens([lesson.prompt for lesson in lessons])["attention_mask"].sum(1)
    whole = processor.tokens([lesson.prompt + lesson.answer + end for lesson in lessons])
    input_ids, mask = whole["input_ids"], whole["attention_mask"]
    learned = (mask.cumsum(1) > asked[:, None]) & mask.bool()
    labels = torch.where(learned, input_ids, torch.full_like(input_ids, IGNORED))
    return input_ids, mask, labels
