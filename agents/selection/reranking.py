"""Learns `knowledge/reranker.npz` from the labelled questions, on top of what `training` learned.

    python -m agents.selection.reranking           # learns from all guidelines and writes the weights
    python -m agents.selection.reranking --judge   # learns from three quarters and prints what the others show

The reranker's scores are added to those of weights that never saw the guideline (`training.held_out_scores`), and learn
what is lacking there. Steps hold questions about one guideline, each compared with all of its sentences.
"""

import argparse
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from agents.search import Array
from agents.selection.training import Case, found_among, held_out_scores, listwise_loss, read_cases
from knowledge.reranker import WEIGHTS, Reranker, learned, stored
from precision import autocast

_EPOCHS, _BATCH, _RATE, _HEAD_RATE, _DECAY, _WARMUP, _SEED = 3, 32, 7e-5, 1e-3, 0.01, 40, 0


class Lesson(NamedTuple):
    """A question with the scores that its sentences have already (N,)."""

    case: Case
    scores: Tensor
    fold: int


def trained(lessons: Sequence[Lesson]) -> Reranker:
    """A reranker whose scores, added, make the sentences that answer the likeliest."""
    torch.manual_seed(_SEED)
    reranker = Reranker().train()
    counts = nn.Parameter(torch.tensor(1.0))
    for name, parameter in reranker.named_parameters():
        parameter.requires_grad_(learned(name))
    layers = [each for each in reranker.encoder.parameters() if each.requires_grad]
    head = [each for name, each in reranker.named_parameters() if not name.startswith("encoder.")]
    learns = torch.optim.AdamW(
        [{"params": layers, "lr": _RATE}, {"params": [*head, counts], "lr": _HEAD_RATE}], weight_decay=_DECAY
    )
    rng = random.Random(_SEED)
    steps = [batch for _ in range(_EPOCHS) for batch in _batches(lessons, rng)]
    slower = torch.optim.lr_scheduler.LambdaLR(
        learns, lambda at: min(1.0, (at + 1) / _WARMUP) * max(0.02, 1 - at / len(steps))
    )
    for batch in tqdm(steps, desc="reranker", mininterval=20):
        with autocast("cpu"):
            added = reranker(
                [each.case.asked.text for each in batch], [each.in_context for each in batch[0].case.placed]
            )
        losses = [
            listwise_loss(counts * each.scores + more, each.case.grades)
            for each, more in zip(batch, added, strict=True)
        ]
        learns.zero_grad()
        torch.stack(losses).mean().backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(layers, 1.0)
        learns.step()
        slower.step()
    _rescale(reranker, float(counts))
    return reranker.eval()


def _rescale(reranker: Reranker, counts: float) -> None:
    """So that what was added counts as much as while the scores before it counted `counts`."""
    with torch.no_grad():
        for parameter in (reranker.cosine, reranker.late, *reranker.worth.parameters()):
            parameter.div_(counts)


def _batches(lessons: Sequence[Lesson], rng: random.Random) -> list[list[Lesson]]:
    by_slug: defaultdict[str, list[Lesson]] = defaultdict(list)
    for lesson in lessons:
        by_slug[lesson.case.slug].append(lesson)
    batches = []
    for some in by_slug.values():
        rng.shuffle(some)
        batches += [some[start : start + _BATCH] for start in range(0, len(some), _BATCH)]
    rng.shuffle(batches)
    return batches


@torch.inference_mode()
def reranked(reranker: Reranker, lessons: Sequence[Lesson]) -> Iterator[tuple[Case, Array]]:
    """Each question's case with its scores and the reranker's together."""
    for lesson in tqdm(lessons, desc="judging", mininterval=20):
        with autocast("cpu"):
            added = reranker([lesson.case.asked.text], [each.in_context for each in lesson.case.placed])[0]
        yield lesson.case, (lesson.scores + added).numpy()


def main() -> None:
    """Writes the weights; or prints what weights show of guidelines that they never saw."""
    options = argparse.ArgumentParser()
    options.add_argument("--judge", action="store_true")
    judge = options.parse_args().judge
    torch.set_num_threads(2)
    cases = read_cases()
    lessons = [Lesson(case, *told) for case, told in zip(cases, held_out_scores(cases), strict=True)]
    if not judge:
        weights: dict[str, Any] = dict(stored(trained(lessons)))
        np.savez_compressed(WEIGHTS, **weights)
        return
    held = [each for each in lessons if each.fold == 0]
    reranker = trained([each for each in lessons if each.fold != 0])
    for name, pairs in (
        ("before", [(each.case, each.scores.numpy()) for each in held]),
        ("reranked", list(reranked(reranker, held))),
    ):
        told = found_among(pairs)
        print(f"{name:8} of {len(held)}: " + ", ".join(f"{most} {share:.3f}" for most, share in told.items()))


if __name__ == "__main__":
    main()
