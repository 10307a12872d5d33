"""The numbers of one message's citations: 1, 2, 3 … in the order they are first cited."""

from collections.abc import Iterable

from agents.passages import NumberedPassage
from cases.record import Citation


class Numbering:
    """Gives each passage its number in this message."""

    def __init__(self) -> None:
        self._passages: dict[str, NumberedPassage] = {}

    def of(self, passages: Iterable[NumberedPassage]) -> tuple[int, ...]:
        """The numbers of the passages, new ones given the next free number."""
        for passage in (listed := tuple(passages)):
            self._passages.setdefault(passage.chunk_id, passage)
        order = list(self._passages)
        return tuple(sorted({order.index(passage.chunk_id) + 1 for passage in listed}))

    @property
    def citations(self) -> tuple[Citation, ...]:
        """All cited passages in the order of their numbers."""
        return tuple(passage.citation(n) for n, passage in enumerate(self._passages.values(), start=1))
