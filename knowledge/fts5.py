"""Word search in SQLite: FTS5 with Porter stems, ranked by BM25 (https://www.sqlite.org/fts5.html)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, text

from knowledge.keyword_hit import Hit

_TITLE, _SECTION, _TEXT = 2.0, 1.0, 1.0
"""What a word is worth by where it stands."""


class Fts5:
    """The tables `chunk_words` and `name_words`; `KeywordIndex` tells what each method does."""

    def add_chunks(self, connection: Connection, rows: Sequence[tuple[int, str, str, str]]) -> None:
        """Adds to `chunk_words`."""
        statement = text("INSERT INTO chunk_words(rowid, title, section, text) VALUES (:row, :title, :section, :text)")
        names = ("row", "title", "section", "text")
        connection.execute(statement, [dict(zip(names, row, strict=True)) for row in rows])

    def add_names(self, connection: Connection, rows: Sequence[tuple[int, str]]) -> None:
        """Adds to `name_words`."""
        statement = text("INSERT INTO name_words(rowid, phrase) VALUES (:row, :phrase)")
        connection.execute(statement, [{"row": row, "phrase": phrase} for row, phrase in rows])

    def remove(self, connection: Connection, chunk_rows: Sequence[int], name_rows: Sequence[int]) -> None:
        """Deletes from both."""
        for table, rows in (("chunk_words", chunk_rows), ("name_words", name_rows)):
            if rows:
                statement = text(f"DELETE FROM {table} WHERE rowid = :row")
                connection.execute(statement, [{"row": row} for row in rows])

    def chunk_hits(
        self, connection: Connection, asked: Sequence[str], limit: int, slugs: list[str] | None
    ) -> list[Hit]:
        """By BM25 over the three columns."""
        if not asked:
            return []
        rank = f"bm25(chunk_words, {_TITLE}, {_SECTION}, {_TEXT})"
        parameters: dict[str, Any] = {"query": match_query(asked), "limit": limit}
        if slugs is None:
            statement = text(
                f"SELECT rowid, -{rank} FROM chunk_words WHERE chunk_words MATCH :query ORDER BY {rank} LIMIT :limit"
            )
        else:
            statement = text(
                f"SELECT chunk_words.rowid, -{rank} FROM chunk_words JOIN chunk ON chunk.row = chunk_words.rowid"
                " JOIN publication ON publication.number = chunk.publication"
                f" WHERE chunk_words MATCH :query AND publication.slug IN :slugs ORDER BY {rank} LIMIT :limit"
            ).bindparams(bindparam("slugs", expanding=True))
            parameters["slugs"] = slugs
        return [Hit(int(row), float(score)) for row, score in connection.execute(statement, parameters)]

    def name_hits(self, connection: Connection, asked: Sequence[str], limit: int) -> list[Hit]:
        """By BM25."""
        if not asked:
            return []
        statement = text(
            "SELECT rowid, -bm25(name_words) FROM name_words WHERE name_words MATCH :query"
            " ORDER BY bm25(name_words) LIMIT :limit"
        )
        found = connection.execute(statement, {"query": match_query(asked), "limit": limit})
        return [Hit(int(row), float(score)) for row, score in found]


def match_query(asked: Sequence[str]) -> str:
    """FTS5's query for any of the words; quoted, since a word like `near` is an operator."""
    return " OR ".join(f'"{word}"' for word in asked)
