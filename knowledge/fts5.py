"""Word search in SQLite: FTS5 with Porter stems, ranked by BM25 (https://www.sqlite.org/fts5.html)."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, TextClause, bindparam, text

from knowledge.keyword_hit import Hit

_TITLE, _SECTION, _TEXT = 2.0, 1.0, 1.0
"""What a word is worth by where it stands."""
MOST_ROWS: Final = 20_000
"""Rows that are ranked, those of the rarest words first: ranking is what takes time, and in a large library a word that
stands in every fifth passage tells next to nothing (BM25 weighs it by its rarity)."""


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
        found = f"SELECT rowid, -{rank} FROM chunk_words WHERE chunk_words MATCH :query"
        best = f"ORDER BY {rank} LIMIT :limit"
        if slugs is None:
            asked = _rarest(connection, asked)
            return _hits(connection, text(f"{found} {best}"), query=match_query(asked), limit=limit)
        # The word index holds nothing of retired texts. The plus keeps SQLite from asking it once for every row.
        within = (
            "AND +rowid IN (SELECT chunk.row FROM chunk WHERE chunk.publication IN"
            " (SELECT number FROM publication WHERE slug IN :slugs))"
        )
        statement = text(f"{found} {within} {best}").bindparams(bindparam("slugs", expanding=True))
        return _hits(connection, statement, query=match_query(asked), limit=limit, slugs=slugs)

    def name_hits(self, connection: Connection, asked: Sequence[str], limit: int) -> list[Hit]:
        """By BM25."""
        if not asked:
            return []
        statement = text(
            "SELECT rowid, -bm25(name_words) FROM name_words WHERE name_words MATCH :query"
            " ORDER BY bm25(name_words) LIMIT :limit"
        )
        return _hits(connection, statement, query=match_query(asked), limit=limit)


def _hits(connection: Connection, statement: TextClause, **parameters: Any) -> list[Hit]:
    return [Hit(int(row), float(score)) for row, score in connection.execute(statement, parameters)]


def _rarest(connection: Connection, asked: Sequence[str]) -> list[str]:
    """The words to rank by: all of them, or the rarest whose rows are MOST_ROWS together, and at least one."""
    counted = text("SELECT count(*) FROM (SELECT 1 FROM chunk_words WHERE chunk_words MATCH :query LIMIT :most)")
    rows = {
        word: connection.execute(counted, {"query": match_query([word]), "most": MOST_ROWS}).scalar_one()
        for word in asked
    }
    kept: list[str] = []
    total = 0
    for word in sorted(asked, key=lambda word: int(rows[word])):
        total += rows[word]
        if kept and total > MOST_ROWS:
            break
        kept.append(word)
    return kept


def match_query(asked: Sequence[str]) -> str:
    """FTS5's query for any of the words; quoted, since a word like `near` is an operator."""
    return " OR ".join(f'"{word}"' for word in asked)
