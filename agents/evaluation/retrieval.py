"""How often the right guideline comes first, and within five, of questions whose guideline is known.

A file of questions is CSV with a column `question`, a column `slug` or `slugs` (several separated by |) and, if it
likes, `split`.
"""

import csv
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the guidelines that may come first."""

    question: str
    right: frozenset[str]


def asked_in(path: Path, split: str | None = None) -> list[Asked]:
    """The questions of a file, or of one split of it."""
    with path.open(encoding="utf-8", newline="") as lines:
        return [
            Asked(row["question"], frozenset((row.get("slug") or row["slugs"]).split("|")))
            for row in csv.DictReader(lines)
            if split is None or row.get("split") == split
        ]


def writers_questions() -> list[Asked]:
    """The questions of every writer in this folder."""
    return [asked for path in sorted(_HERE.glob("*_questions.csv")) for asked in asked_in(path)]


def in_order(slugs: Iterable[str]) -> list[str]:
    """The guidelines of a search's passages, each once, where it first comes."""
    return list(dict.fromkeys(slugs))


def figures(
    rows: Sequence[Asked],
    order_of: Callable[[str], Sequence[str]],
    missed: Callable[[Asked, Sequence[str]], None] = lambda asked, order: None,
) -> dict[str, float]:
    """The shares of questions whose right guideline comes first and within five, and the 95th percentile of a search.

    `order_of` gives the guidelines that were found for a question; `missed` is told of each in which another came
    first. At least one question is needed. Raises what `order_of` raises.
    """
    first, five, seconds = 0, 0, []
    for asked in rows:
        started = time.monotonic()
        order = order_of(asked.question)
        seconds.append(time.monotonic() - started)
        five += bool(asked.right & set(order[:5]))
        if order and order[0] in asked.right:
            first += 1
        else:
            missed(asked, order)
    p95 = sorted(seconds)[int(0.95 * len(seconds))]
    return {
        "questions": len(rows),
        "first": round(first / len(rows), 3),
        "within_five": round(five / len(rows), 3),
        "p95_ms": round(p95 * 1000, 1),
    }
