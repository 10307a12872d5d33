"""The figures as pictures: which kind is taken for which, whether sureness is deserved, what abstaining would bring."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from conditions import CHOICES
from model.errors import MissingExtra
from model.evaluation.figures import Judged

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas


def draw_judged(judged: Judged, folder: Path) -> None:
    """Writes `confusion.png`, `reliability.png` and `abstention.png` into `folder`.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, size, draw in (
        ("confusion", (7.0, 6.0), _confusion),
        ("reliability", (5.0, 4.6), _reliability),
        ("abstention", (5.0, 4.0), _abstention),
    ):
        canvas = new_canvas(size)
        draw(canvas.subplots(), judged)
        canvas.savefig(folder / f"{name}.png", dpi=110)


def new_canvas(size: tuple[float, float]) -> "Canvas":
    """An empty picture, inches.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("pictures need matplotlib: pip install 'skingpt[research]'") from error
    return Figure(figsize=size, layout="constrained")


def _confusion(axes: "Axes", judged: Judged) -> None:
    kinds = np.unique(np.concatenate([judged.truth, judged.told]))
    counts = np.array([[((judged.truth == row) & (judged.told == column)).sum() for column in kinds] for row in kinds])
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        axes.text(
            column, row, str(count), ha="center", va="center", color="white" if shares[row, column] > 0.5 else "k"
        )
    names = [CHOICES[kind] for kind in kinds]
    axes.set_xticks(range(len(kinds)), names, rotation=40, ha="right", fontsize=8)
    axes.set_yticks(range(len(kinds)), names, fontsize=8)
    axes.set(
        xlabel="answered", ylabel="true kind", title=f"{len(judged.truth)} pictures; colour: share of the true kind"
    )


def _reliability(axes: "Axes", judged: Judged, bins: int = 10) -> None:
    sureness = judged.probabilities.max(1)
    at = np.minimum((sureness * bins).astype(int), bins - 1)
    there = [b for b in range(bins) if (at == b).any()]
    axes.plot([0, 1], [0, 1], color="grey", linestyle="--", linewidth=1, label="as sure as it is right")
    axes.plot([sureness[at == b].mean() for b in there], [judged.right[at == b].mean() for b in there], marker="o")
    for b in there:
        axes.annotate(str(int((at == b).sum())), (sureness[at == b].mean(), judged.right[at == b].mean()), fontsize=7)
    axes.set(xlabel="probability of the answer", ylabel="share that is right", xlim=(0, 1), ylim=(0, 1))
    axes.legend(fontsize=8)


def _abstention(axes: "Axes", judged: Judged) -> None:
    order = np.argsort(-judged.probabilities.max(1), kind="stable")
    right = np.cumsum(judged.right[order]) / np.arange(1, len(order) + 1)
    first = max(0, len(order) // 20 - 1)
    axes.plot(np.arange(1, len(order) + 1)[first:] / len(order), right[first:])
    axes.axvline(1 - judged.abstained.mean(), color="grey", linestyle="--", linewidth=1, label="deployed")
    axes.set(xlabel="share of the pictures that is answered, surest first", ylabel="accuracy", ylim=(0, 1.02))
    axes.legend(fontsize=8)
