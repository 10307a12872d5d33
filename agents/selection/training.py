"""Learns `weights.npz` from questions whose answering sentences were labelled.

    python -m agents.selection.training

`labelled.jsonl` has one question a line: the guideline it is about, and of its sentences (by the first eight digits of
their SHA-256, see `mark`) those that answer it, best first, and those that help besides; also, where it is known, its
`level`, which `agents.triage.meaning_training` reads. A sentence that was reworded since is no longer
found, and counts as one that does not answer. Prints what cross-validation finds, each fold of guidelines judged by
weights that never saw them: how often a sentence that answers is first, among three, among four.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.model_selection import GroupKFold
from torch import Tensor, nn

from agents.search import Array
from agents.selection.pairs import HEADINGS, Asked, Placed, features, headings, kinds
from agents.selection.selector import WEIGHTS, nearness
from agents.sentences import sentences
from conditions import CONDITIONS
from knowledge.embedder import load_encoder
from knowledge.guideline_file import read_guideline
from knowledge.guideline_sections import SOURCES
from knowledge.settings import BUNDLED_MODEL

LABELLED = Path(__file__).with_name("labelled.jsonl")
_GUIDELINES = Path(__file__).parents[2] / "knowledge" / "guidelines"
_USEFUL, _FIRST = 0.25, 1.3
"""What a sentence that only helps, and the best one, count beside one that answers."""
_RANK, _DROPOUT, _DECAY, _RATE, _EPOCHS, _BATCH, _SEED, _FOLDS = 64, 0.4, 0.1, 3e-3, 12, 16, 0, 4


def mark(sentence: str) -> str:
    """By which `labelled.jsonl` names a sentence."""
    return hashlib.sha256(sentence.encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Case:
    """A question with the sentences of its guideline: features, headings, vectors and how well each answers (N,)."""

    slug: str
    asked: Asked
    placed: Sequence[Placed]
    vectors: Tensor
    told: Tensor
    grades: Tensor
    best: frozenset[int]

    def rows(self, *, near: bool) -> Tensor:
        """(N, F) or, with how near the vectors are, (N, F + 4)."""
        seen = features(self.asked, self.placed)
        if near:
            seen = np.concatenate([seen, nearness(self.told.numpy(), self.vectors.numpy())], axis=1)
        return torch.from_numpy(seen)


class ByWordsCourse(nn.Module):
    """The weights of `selector.ByWords` while they are learned, over standardised features."""

    def __init__(self, mean: Tensor, deviation: Tensor) -> None:
        super().__init__()
        self.mean, self.deviation = mean, deviation
        self.linear = nn.Linear(len(mean), 1)
        self.sections = nn.Parameter(torch.zeros(len(kinds(Asked.of("", ()))), len(HEADINGS)))

    def forward(self, case: Case, rows: Tensor) -> Tensor:
        """(N,) scores."""
        told: Tensor = self.linear((rows - self.mean) / self.deviation)[:, 0]
        return told + torch.from_numpy(headings(case.placed)) @ (torch.from_numpy(kinds(case.asked)) @ self.sections)

    def weights(self) -> Mapping[str, Tensor]:
        """As `selector.ByWords` wants them."""
        return {"linear": _unstandardised(self), "sections": self.sections}


class ByVectorsCourse(nn.Module):
    """The weights of `selector.ByVectors` while they are learned."""

    def __init__(self, mean: Tensor, deviation: Tensor, width: int) -> None:
        super().__init__()
        self.mean, self.deviation = mean, deviation
        self.linear = nn.Linear(len(mean), 1)
        self.sections = nn.Parameter(torch.zeros(2 * width, len(HEADINGS)))
        self.question = nn.Parameter(torch.randn(2 * width, _RANK) * 0.05)
        self.sentence = nn.Parameter(torch.randn(width + 1, _RANK) * 0.05)
        self.dropout = nn.Dropout(_DROPOUT)

    def forward(self, case: Case, rows: Tensor) -> Tensor:
        """(N,) scores."""
        told, vectors = self.dropout(case.told.reshape(-1)), self.dropout(case.vectors)
        score: Tensor = self.linear((rows - self.mean) / self.deviation)[:, 0]
        score = score + torch.from_numpy(headings(case.placed)) @ (told @ self.sections)
        ones = torch.ones(len(vectors), 1)
        score = score + torch.cat([vectors, ones], 1) @ self.sentence @ (told @ self.question)
        return score

    def weights(self) -> Mapping[str, Tensor]:
        """As `selector.ByVectors` wants them."""
        return {
            "linear": _unstandardised(self),
            "sections": self.sections,
            "question": self.question,
            "sentence": self.sentence,
        }


Course = ByWordsCourse | ByVectorsCourse


def _unstandardised(course: Course) -> Tensor:
    """The linear weights for features as they are, the constant last."""
    weight = course.linear.weight[0] / course.deviation
    return torch.cat([weight, (course.linear.bias - weight @ course.mean)])


def learned(cases: Sequence[Case], *, near: bool) -> Course:
    """Weights under which the sentences that answer are the likeliest, each question counting alike."""
    torch.manual_seed(_SEED)
    rows = [case.rows(near=near) for case in cases]
    every = torch.cat(rows)
    scale = every.mean(0), every.std(0) + 1e-6
    course = ByVectorsCourse(*scale, cases[0].vectors.shape[1]) if near else ByWordsCourse(*scale)
    learns = torch.optim.AdamW(course.parameters(), lr=_RATE, weight_decay=_DECAY)
    steps = _EPOCHS * -(-len(cases) // _BATCH)
    falls = torch.optim.lr_scheduler.CosineAnnealingLR(learns, steps)
    for _ in range(_EPOCHS):
        for batch in torch.split(torch.randperm(len(cases)), _BATCH):
            losses = [listwise_loss(course(cases[at], rows[at]), cases[at].grades) for at in batch.tolist()]
            learns.zero_grad()
            (torch.stack(losses).sum() / _BATCH).backward()  # type: ignore[no-untyped-call]
            learns.step()
            falls.step()
    return course.eval()


def listwise_loss(scores: Tensor, grades: Tensor) -> Tensor:
    """How unlikely the scores (N,) make the sentences of high grades (N,): Cao et al. 2007 (ListNet)."""
    return -(grades / grades.sum() * scores.log_softmax(0)).sum()


def cross_validated(cases: Sequence[Case], *, near: bool) -> Mapping[str, float]:
    """How often a sentence that answers is first, among the first three, among the first four."""
    scores = held_out_scores(cases, near=near)
    return found_among([(case, told.numpy()) for case, (told, _) in zip(cases, scores, strict=True)])


def held_out_scores(cases: Sequence[Case], *, near: bool = True) -> list[tuple[Tensor, int]]:
    """Each case's scores (N,) by weights that never saw its guideline, and the number of its fold."""
    found: dict[int, tuple[Tensor, int]] = {}
    folds = GroupKFold(_FOLDS).split(cases, groups=[case.slug for case in cases])
    for fold, (train, held) in enumerate(folds):
        course = learned([cases[at] for at in train], near=near)
        with torch.no_grad():
            found |= {at: (course(cases[at], cases[at].rows(near=near)), fold) for at in held.tolist()}
    return [found[at] for at in range(len(cases))]


def found_among(scored: Sequence[tuple[Case, Array]]) -> Mapping[str, float]:
    """How often a sentence that answers is first, among three, among four, by the scores (N,)."""
    found = [[at in case.best for at in np.argsort(-scores)[:4].tolist()] for case, scores in scored]
    return {f"in {most}": float(np.mean([any(row[:most]) for row in found])) for most in (1, 3, 4)}


def labelled(path: Path = LABELLED) -> Iterator[tuple[str, str, Sequence[str], Sequence[str]]]:
    """Question, slug, marks of the sentences that answer it (best first), marks of those that help."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield row["question"], row["slug"], row["best"], row["useful"]


def _placed(slug: str) -> list[Placed]:
    before: Counter[str] = Counter()
    found = []
    guideline = read_guideline(_GUIDELINES / f"{slug}.md")
    for section in (each for each in guideline.sections if each.heading != SOURCES):
        for sentence in sentences(section.text):
            found.append(Placed(sentence, CONDITIONS[slug].title, section.label, before[section.label]))
            before[section.label] += 1
    return found


def read_cases() -> list[Case]:
    """The labelled questions that sentences of the library answer, with the vectors of the bundled model."""
    encoder = load_encoder(BUNDLED_MODEL)
    guides = {slug: _placed(slug) for _, slug, _, _ in labelled()}
    vectors = {slug: torch.tensor(encoder.encode([each.text for each in placed])) for slug, placed in guides.items()}
    cases = []
    for question, slug, best, useful in labelled():
        asked = Asked.of(question, [CONDITIONS[slug].title])
        grades = {name: _USEFUL for name in useful} | dict.fromkeys(best, 1.0) | dict.fromkeys(best[:1], _FIRST)
        graded = torch.tensor([grades.get(mark(each.text), 0.0) for each in guides[slug]])
        answers = frozenset(at for at, each in enumerate(guides[slug]) if mark(each.text) in best)
        if answers:
            told = torch.tensor(encoder.encode([asked.text, asked.asking]))
            cases.append(Case(slug, asked, guides[slug], vectors[slug], told, graded, answers))
    return cases


def main() -> None:
    """Prints the cross-validated figures, trains on all questions and writes the weights."""
    torch.set_num_threads(1)
    cases = read_cases()
    stored: dict[str, Any] = {}
    for name, near in (("words", False), ("vectors", True)):
        told = cross_validated(cases, near=near)
        print(f"{name:8} of {len(cases)}: " + ", ".join(f"{most} {share:.3f}" for most, share in told.items()))
        weights = learned(cases, near=near).weights()
        stored |= {f"{name}.{part}": tensor.detach().numpy().astype(np.float16) for part, tensor in weights.items()}
    np.savez_compressed(WEIGHTS, **stored)


if __name__ == "__main__":
    main()
