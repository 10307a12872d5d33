"""Word search over the live chunks and the live names: SQLite's FTS5 or Postgres' tsvectors, ranked by BM25 or near it.

Both take `knowledge.words`' comparable words and stem them in English; no text a patient writes can be read as
a query language.
"""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import Connection

from knowledge.fts5 import Fts5
from knowledge.keyword_hit import Hit
from knowledge.tsvectors import Tsvectors
from knowledge.words import words


class KeywordIndex(Protocol):
    """What a database does for word search."""

    def add_chunks(self, connection: Connection, rows: Sequence[tuple[int, str, str, str]]) -> None:
        """Makes chunks findable: row, and the comparable words of title, section and text."""
        ...

    def add_names(self, connection: Connection, rows: Sequence[tuple[int, str]]) -> None:
        """Makes names findable: row, and the comparable words."""
        ...

    def remove(self, connection: Connection, chunk_rows: Sequence[int], name_rows: Sequence[int]) -> None:
        """Takes chunks and names out, so that retired text no longer weighs on what a word is worth."""
        ...

    def chunk_hits(
        self, connection: Connection, asked: Sequence[str], limit: int, slugs: list[str] | None
    ) -> list[Hit]:
        """The chunks that hold any word of `asked`, best first; of `slugs` only, if given."""
        ...

    def name_hits(self, connection: Connection, asked: Sequence[str], limit: int) -> list[Hit]:
        """The names that hold any word of `asked`, best first."""
        ...


def keyword_index(connection: Connection) -> KeywordIndex:
    """The word search of the database behind `connection`."""
    return Fts5() if connection.dialect.name == "sqlite" else Tsvectors()


def comparable(text: str) -> str:
    """The words of `text` as both databases store them, apart by spaces."""
    return " ".join(words(text))
