"""A run's curve as it grows: JSON lines, TensorBoard, and a picture at the end."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from model.training.run_folder import RunFolder


class Curve:
    """Writes one line a batch. Lines after the checkpoint that a run goes on from are dropped first."""

    def __init__(self, run: RunFolder, first: int) -> None:
        self._run = run
        kept = [line for line in run.lines() if line["batch"] <= first]
        run.curve.write_text("".join(json.dumps(line) + "\n" for line in kept))
        self._lines = run.curve.open("a", buffering=1)
        self._board = _board(run.tensorboard, first)

    def __enter__(self) -> "Curve":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        if self._board is not None:
            self._board.close()
        draw(self._run)

    def add(self, batch: int, losses: Mapping[str, float], rate: float) -> None:
        """The losses and the learning rate of a batch."""
        told = {"loss": sum(losses.values()), **losses}
        self._write(batch, {name: round(value, 6) for name, value in told.items()} | {"rate": rate}, "train")

    def judged(self, batch: int, figures: Mapping[str, float]) -> None:
        """Figures on the validation split after a batch."""
        self._write(batch, {"validation": dict(figures)}, "validation")

    def _write(self, batch: int, told: Mapping[str, Any], group: str) -> None:
        self._lines.write(json.dumps({"batch": batch, **told}) + "\n")
        if self._board is not None:
            for name, value in told.get("validation", told).items():
                self._board.add_scalar(f"{group}/{name}", value, batch)


def _board(folder: Path, first: int) -> Any:
    """TensorBoard's writer, or None where it is not installed (it comes with the extra `research`)."""
    try:
        from torch.utils.tensorboard.writer import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(folder, purge_step=first + 1)


def draw(run: RunFolder) -> None:
    """`RUN/STEP.png`: the losses, smoothed, and the validation figures; nothing where matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    lines = run.lines()
    losses = [line for line in lines if "loss" in line]
    if not losses:
        return
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name in [name for name in losses[0] if name not in ("batch", "rate")]:
        left.plot([line["batch"] for line in losses], _smooth([line.get(name, 0.0) for line in losses]), label=name)
    left.set(xlabel="batch", title=f"{run.step}: training loss")
    left.legend(fontsize=7)
    judged = [line for line in lines if "validation" in line]
    named = list(judged[0]["validation"]) if judged else []
    for name in named:
        values = [line["validation"][name] for line in judged]
        right.plot([line["batch"] for line in judged], values, marker=".", label=name)
    right.set(xlabel="batch", title="validation")
    if named:
        right.legend(fontsize=7)
    figure.savefig(run.folder / f"{run.step}.png", dpi=110)


def _smooth(values: list[float], keep: float = 0.95) -> list[float]:
    smooth, mean = [], values[0]
    for value in values:
        mean = keep * mean + (1 - keep) * value
        smooth.append(mean)
    return smooth
