"""A row that word search found, and how well it fits."""

from typing import NamedTuple


class Hit(NamedTuple):
    """`score` is positive, higher for a better fit, and means nothing across searches."""

    row: int
    score: float
