"""Out-of-fold figures on PAD-UFES-20: every patient of train and validation judged by a model that never saw them.

Train each fold in a folder of its own (the same with `--step 1` and `--step 2`), then judge them together:

    for k in 0 1 2 3 4; do skingpt train --step vision --data DATA --run RUN/fold-$k --fold $k/5; done
    skingpt evaluate folds --data DATA RUN/fold-0 RUN/fold-1 RUN/fold-2 RUN/fold-3 RUN/fold-4

The five towers may share a beginning that saw no phone photo at all: the one fold of a division into one.

    skingpt train --step vision --data DATA --run RUN/none --fold 0/1
    skingpt train --step vision --data DATA --run RUN/fold-0 --fold 0/5 --start RUN/none

`--side 208 --looks 4` reads the photos as the shipped mini does. A fold whose tower began as anything else (`--start`)
is refused: its figures would flatter.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from model.choosing import choose
from model.datasets.pad_ufes_20 import read_pad_ufes_20
from model.errors import TrainingError
from model.evaluation.evaluate import Cases, read_cases
from model.evaluation.figures import Judged, choice_figures, difference
from model.evaluation.intervals import Figure
from model.network import SkinGPT, load_skingpt
from model.pictures import Fold
from model.release import read_at
from model.training.run_folder import RunFolder
from model.training.vision import load_plain_head


def judge_folds(
    data: Path, runs: Sequence[Path], *, side: int | None = None, looks: int | None = None
) -> dict[str, object]:
    """Figures pooled over the folds: photo alone, with history, the plain head, and what lies between them.

    Photos are read as in training, or as `side` and `looks` have it, which a release can change too.

    Raises:
        TrainingError: the runs are not the folds of one division, each once, or a step of one is of another fold or
            began with weights that saw it.
        WeightsError: a fold's step 2 or vision step has not been run to its end.
    """
    folds = [_fold(run) for run in runs]
    if {(fold.number, fold.of) for fold in folds} != {(number, len(runs)) for number in range(len(runs))}:
        raise TrainingError(
            f"{len(runs)} runs are not the folds 0/{len(runs)} to {len(runs) - 1}/{len(runs)}, each once"
        )
    records = read_pad_ufes_20(data / "pad_ufes_20").records
    photo, history, plain = [], [], []
    for run, fold in zip(runs, folds, strict=True):
        skingpt: SkinGPT = load_skingpt(run / "step-2")
        read_at(skingpt, side, looks)
        cases = read_cases(skingpt, [record for record in fold.split(records)["val"] if not record.cutout])
        photo.append(_judged(skingpt, cases, with_history=False))
        history.append(_judged(skingpt, cases, with_history=True))
        with torch.inference_mode():
            head = load_plain_head(run)
            head.tower = skingpt.network.vision_model
            plain.append(cases.judged(head.heads(cases.features.float())[0].softmax(-1)))
    one, two, heads = pooled(photo), pooled(history), pooled(plain)
    over_head: Figure = difference(one, heads)
    return {
        "n": len(one.truth),
        "photo_only": choice_figures(one),
        "with_history": choice_figures(two),
        "plain_head": choice_figures(heads),
        "balanced_accuracy_over_plain_head": over_head,
        "gain_from_history": difference(two, one),
    }


def pooled(parts: Sequence[Judged]) -> Judged:
    """The folds' answers as if they were one model's."""
    return Judged(
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.truth for part in parts]),
        np.concatenate([part.groups for part in parts]),
    )


def _judged(skingpt: SkinGPT, cases: Cases, *, with_history: bool) -> Judged:
    return cases.judged(choose(skingpt, cases.features, cases.facts(with_history=with_history)).choices.exp())


def _fold(run: Path) -> Fold:
    told = _read_by(run, "vision")
    if told["fold"] is None:
        raise TrainingError(f"{run} was trained without --fold")
    for step in ("step-1", "step-2"):
        later = _read_by(run, step)
        if later["fold"] != told["fold"] or later["start"] is not None:
            raise TrainingError(
                f"{step} of {run} may have seen the fold (--fold {later['fold']}, --start {later['start']}): train it"
                " with the --fold of its vision step and without --start"
            )
    if told["start"] is not None and not _saw_no_photo(Path(told["start"])):
        raise TrainingError(
            f"{run} began with {told['start']}, which may have seen the fold: train it without --start, or from a"
            " vision step that was trained with --fold 0/1"
        )
    return Fold(**told["fold"])


def _saw_no_photo(start: Path) -> bool:
    if not RunFolder(start, "vision").data.is_file():
        return False
    told = _read_by(start, "vision")
    return told["fold"] == asdict(Fold(0, 1)) and told["start"] is None


def _read_by(run: Path, step: str) -> dict[str, Any]:
    """What a step of the run noted of the data it read."""
    file = RunFolder(run, step).data
    if not file.is_file():
        raise TrainingError(f"{file} is missing: train all steps of the fold there first")
    told: dict[str, Any] = json.loads(file.read_text())
    return told
