"""Learns `weights.npz` from the questions of `agents/selection/labelled.jsonl`, whose conditions are known.

    python -m agents.recognition.training

Prints what cross-validation finds on the questions that name no condition, each fold judged by weights that never saw
it: how often the condition meant comes first, and among two. The library’s search and both together are judged too
where a house runs (`./run up`). Wants scikit-learn (the extra `dev` brings it).
"""

import sys
from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from agents.evaluation.commands import library_search
from agents.recognition.recogniser import SEARCHED, WEIGHTS, Recogniser, in_order, scores
from agents.search import Array
from agents.selection.training import labelled
from agents.subjects import named_in
from knowledge.embedder import load_encoder
from knowledge.errors import KnowledgeError
from knowledge.settings import BUNDLED_MODEL

_STRENGTH, _FOLDS, _SEED = 30, 5, 0


def learned(vectors: Array, meant: Sequence[str]) -> Recogniser:
    """The weights that tell from the vectors (N, D) which of N conditions is meant."""
    learner = LogisticRegression(C=_STRENGTH, max_iter=2000).fit(vectors, meant)
    weights = np.concatenate([learner.coef_.T, learner.intercept_[None]]).astype(np.float32)
    return Recogniser(tuple(learner.classes_), weights)


def _shares(vectors: Array, meant: Sequence[str]) -> list[dict[str, float]]:
    """Of each question the shares by weights that were learned without it."""
    names, found = np.array(meant), [dict[str, float]()] * len(meant)
    for train, held in StratifiedKFold(_FOLDS, shuffle=True, random_state=_SEED).split(vectors, names):
        recogniser = learned(vectors[train], names[train].tolist())
        for at in held:
            found[at] = recogniser.shares(vectors[at])
    return found


def _searched(questions: Sequence[str]) -> list[dict[str, float]]:
    """Of each question the scores of the conditions that the library's search finds."""
    search = library_search()
    return [scores(search.search(question, k=SEARCHED)) for question in questions]


def _by_weight(weights: Mapping[str, float]) -> Sequence[str]:
    return sorted(weights, key=lambda slug: -weights[slug])


def _print(name: str, orders: Sequence[Sequence[str]], meant: Sequence[str]) -> None:
    first, two = (np.mean([slug in order[:most] for slug, order in zip(meant, orders, strict=True)]) for most in (1, 2))
    print(f"{name:12} of {len(meant)}: first {first:.3f}, among two {two:.3f}")


def main() -> None:
    """Prints the cross-validated figures, trains on all questions and writes the weights."""
    told = [(question, slug) for question, slug, *_ in labelled()]
    questions, meant = [question for question, _ in told], [slug for _, slug in told]
    vectors = np.array(load_encoder(BUNDLED_MODEL).encode(questions), dtype=np.float32)
    shares = _shares(vectors, meant)
    unnamed = [at for at, question in enumerate(questions) if not named_in(question)]
    wanted = [meant[at] for at in unnamed]
    _print("weights", [_by_weight(shares[at]) for at in unnamed], wanted)
    try:
        searched = _searched([questions[at] for at in unnamed])
    except KnowledgeError as error:
        print(f"without the library: {error}", file=sys.stderr)
    else:
        _print("search", [_by_weight(each) for each in searched], wanted)
        both = [
            in_order({_by_weight(shares[at])[0]: 0.0} | each, shares[at])
            for at, each in zip(unnamed, searched, strict=True)
        ]
        _print("both", both, wanted)
    recogniser = learned(vectors, meant)
    np.savez_compressed(WEIGHTS, slugs=np.array(recogniser.slugs), weights=recogniser.weights.astype(np.float16))


if __name__ == "__main__":
    main()
