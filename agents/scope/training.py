"""Learns `weights.npz`: which questions a library of the starter guidelines covers.

    python -m agents.scope.training

Covered are the questions of `agents/selection/labelled.jsonl`, those that ask on in a case (`follow_ups.yaml`), and
short ones made of the conditions' names; not covered are `uncovered.yaml`, `agents/evaluation/*uncovered.yaml`, and the
descriptions of other conditions in `described.csv`, which count little, since they are many and ask nothing. Prints
what cross-validation finds, each writer of questions that are not covered, and each condition described, judged by
weights that never saw them. Wants scikit-learn (the extra `dev` brings it).
"""

import csv
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import yaml
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from agents.scope.covering import QUANTUM, WEIGHTS, nearness
from agents.scope.words import SIGNS, signs
from agents.search import Array
from agents.selection.training import labelled
from agents.subjects import names_of
from conditions import CONDITIONS
from knowledge.embedder import load_encoder
from knowledge.settings import BUNDLED_MODEL

_HERE = Path(__file__).parent
_EVALUATION = _HERE.parent / "evaluation"
_STRENGTH, _FOLDS = 0.3, 5
_WRITER = 60
"""Questions that are not covered come from writers who wrote about so many each, one after the other."""
_SCALES = (3.0, 1.0, 5.0)
"""By how much vectors, signs and nearness are stretched, so that one strength of the penalty fits all."""
_UNCOVERED, _DESCRIBED = 5.0, 0.25
"""What a question that is not covered, and a description, count beside one that is covered."""
_NAMED = 0.3
"""What a question made of a name counts."""
_ITSELF = 0.9999
_ASKED = (
    "how do i get rid of {}", "how to prevent {}, third time this year", "is {} contagious", "what causes {}",
    "{} how long does it last", "when should i see a doctor about {}", "what does {} look like", "is {} serious",
    "can i use something for {} at home", "what is {}",
)  # fmt: skip

Names = np.ndarray[tuple[int, ...], np.dtype[np.str_]]


def _covered() -> list[str]:
    return [question for question, *_ in labelled()] + _listed(_HERE / "follow_ups.yaml")


def _by_name() -> list[str]:
    """A short question about each name of each condition."""
    wanted = itertools.cycle(_ASKED)
    return [next(wanted).format(name) for slug in CONDITIONS for name in names_of(slug)]


def _listed(path: Path) -> list[str]:
    return [str(each) for each in yaml.safe_load(path.read_text(encoding="utf-8"))]


def _not_covered() -> Iterator[tuple[str, str]]:
    """Each question with its writer."""
    for path in (_HERE / "uncovered.yaml", *sorted(_EVALUATION.glob("*uncovered.yaml"))):
        for at, text in enumerate(_listed(path)):
            yield text, f"{path.stem} {at // _WRITER}"


def _rows(texts: Sequence[str], groups: Names, vectors: Array, here: slice, elsewhere: slice) -> Array:
    """(N, D + SIGNS + 4). No text is near itself, nor, elsewhere, near its own writer's or its own condition's."""
    rows = []
    for text, group, vector in zip(texts, groups, vectors, strict=True):
        to_here = vectors[here] @ vector
        to_elsewhere = (vectors[elsewhere] @ vector)[groups[elsewhere] != group]
        near = (*nearness(to_here[to_here < _ITSELF]), *nearness(to_elsewhere))
        rows.append([*vector, *signs(text), *near])
    return np.array(rows, dtype=np.float32)


def main() -> None:
    """Prints the cross-validated figures, trains on all texts and writes the weights."""
    with (_HERE / "described.csv").open(encoding="utf-8", newline="") as file:
        described = list(csv.DictReader(file))
    covered, named, uncovered = _covered(), _by_name(), list(_not_covered())
    texts = [*covered, *named, *(text for text, _ in uncovered), *(row["description"] for row in described)]
    known = len(covered) + len(named)
    truth = np.arange(len(texts)) < known
    counts = np.repeat(
        [1.0, _NAMED, _UNCOVERED, _DESCRIBED], [len(covered), len(named), len(uncovered), len(described)]
    )
    groups = np.array(
        [*map(str, range(known)), *(writer for _, writer in uncovered), *(row["name"] for row in described)]
    )
    vectors = np.array(load_encoder(BUNDLED_MODEL).encode(texts), dtype=np.float32)
    here, elsewhere = slice(0, len(covered)), slice(known, None)
    stretch = np.repeat(np.array(_SCALES, dtype=np.float32), [vectors.shape[1], SIGNS, 4])
    rows = _rows(texts, groups, vectors, here, elsewhere) * stretch
    learner = LogisticRegression(C=_STRENGTH, max_iter=5000)
    right = np.zeros(len(texts), dtype=bool)
    for train, held in GroupKFold(_FOLDS).split(rows, truth, groups):
        learner.fit(rows[train], truth[train], sample_weight=counts[train])
        right[held] = learner.predict(rows[held]) == truth[held]
    parts = {
        "covered": here,
        "by name": slice(len(covered), known),
        "not covered": slice(known, -len(described)),
        "described": slice(-len(described), None),
    }
    for name, part in parts.items():
        print(f"{name:12} {right[part].mean():.3f} of {len(right[part])} told right")
    learner.fit(rows, truth, sample_weight=counts)
    np.savez_compressed(
        WEIGHTS,
        weights=np.append(learner.coef_[0] * stretch, learner.intercept_).astype(np.float32),
        here=_stored(vectors[here]),
        elsewhere=_stored(vectors[elsewhere]),
    )


def _stored(vectors: Array) -> np.ndarray[tuple[int, ...], np.dtype[np.int8]]:
    return np.clip(np.round(vectors / QUANTUM), -127, 127).astype(np.int8)


if __name__ == "__main__":
    main()
