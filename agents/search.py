"""What this room needs of the guideline library: the search, as `knowledge.search.Search` has it."""

from collections.abc import Collection, Sequence
from typing import Protocol

from knowledge.record import Passage


class GuidelineSearch(Protocol):
    """Searches the published guidelines."""

    def search(
        self,
        text: str,
        k: int = 5,
        slugs: Collection[str] | None = None,
        sections: Collection[str] | None = None,
        jurisdiction: str | None = None,
    ) -> list[Passage]:
        """At most `k` passages, best first, of the guidelines in `slugs` and the sections in `sections` where given."""

    def vectors(self, texts: Sequence[str]) -> list[list[float]] | None:
        """The texts' vectors by the embedding model that comes with the library; None where another one is set."""
