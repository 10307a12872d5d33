"""Word search in Postgres: tsvectors with English stems behind a GIN index, ranked like BM25.

Postgres' own ranks do not know how rare a word is (https://www.postgresql.org/docs/15/textsearch-controls.html),
so `chunk_word_spread` and `name_word_spread` hold in how many rows each word stands (and under the empty word
how many rows there are). A row's rank is the sum over its words of BM25's inverse document frequency times
`ts_rank` of the one word, which grows ever less with each repeat and falls with the row's length.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, text

from knowledge.keyword_hit import Hit

MOST_ROWS: Final = 20_000
"""Rows that are ranked, those of the rarest words first: in a large library the commonest words only take time."""
_WEIGHTS: Final = "'{0, 0.5, 0.5, 1}'"
"""What a word is worth in a text, a section's name and a title (classes C, B and A)."""
_LENGTH: Final = 1
"""ts_rank's option: divide by 1 + the logarithm of the length."""


class Tsvectors:
    """The tables `chunk_words` and `name_words`; `KeywordIndex` tells what each method does."""

    def add_chunks(self, connection: Connection, rows: Sequence[tuple[int, str, str, str]]) -> None:
        """Adds to `chunk_words` and its spread."""
        statement = text(
            "INSERT INTO chunk_words(\"row\", words) VALUES (:row, setweight(to_tsvector('english', :title), 'A')"
            " || setweight(to_tsvector('english', :section), 'B') || setweight(to_tsvector('english', :text), 'C'))"
        )
        names = ("row", "title", "section", "text")
        connection.execute(statement, [dict(zip(names, row, strict=True)) for row in rows])
        _spread(connection, "chunk", [row[0] for row in rows])

    def add_names(self, connection: Connection, rows: Sequence[tuple[int, str]]) -> None:
        """Adds to `name_words` and its spread."""
        statement = text("INSERT INTO name_words(\"row\", words) VALUES (:row, to_tsvector('english', :phrase))")
        connection.execute(statement, [{"row": row, "phrase": phrase} for row, phrase in rows])
        _spread(connection, "name", [row[0] for row in rows])

    def remove(self, connection: Connection, chunk_rows: Sequence[int], name_rows: Sequence[int]) -> None:
        """Deletes from both and from their spreads."""
        for kind, rows in (("chunk", chunk_rows), ("name", name_rows)):
            statement = text(
                f'WITH gone AS (DELETE FROM {kind}_words WHERE "row" = ANY(:rows) RETURNING words),'
                " lost AS (SELECT word, count(*) AS rows FROM gone, unnest(tsvector_to_array(words)) AS word"
                " GROUP BY word UNION ALL SELECT '', count(*) FROM gone)"
                f" UPDATE {kind}_word_spread AS spread SET rows = spread.rows - lost.rows"
                " FROM lost WHERE spread.word = lost.word"
            )
            connection.execute(statement, {"rows": list(rows)})

    def chunk_hits(
        self, connection: Connection, asked: Sequence[str], limit: int, slugs: list[str] | None
    ) -> list[Hit]:
        """Over title, section and text."""
        return _ranked(connection, "chunk", asked, limit, slugs, f"{_WEIGHTS}, ")

    def name_hits(self, connection: Connection, asked: Sequence[str], limit: int) -> list[Hit]:
        """Over the phrase."""
        return _ranked(connection, "name", asked, limit, None, "")


def _ranked(
    connection: Connection, kind: str, asked: Sequence[str], limit: int, slugs: list[str] | None, weights: str
) -> list[Hit]:
    within = (
        f'JOIN {kind} ON {kind}."row" = {kind}_words."row" JOIN publication ON publication.number = {kind}.publication'
        " AND publication.slug = ANY(:slugs)"
        if slugs is not None
        else ""
    )
    rank = f"ts_rank({weights}{kind}_words.words, CAST(quote_literal(word) AS tsquery), {_LENGTH})"
    statement = text(
        "WITH asked AS ("
        " SELECT word, rows, sum(rows) OVER (ORDER BY rows, word) - rows AS rows_before,"
        f" ln(1 + ((SELECT rows FROM {kind}_word_spread WHERE word = '') - rows + 0.5) / (rows + 0.5)) AS rarity"
        f" FROM {kind}_word_spread"
        " WHERE rows > 0 AND word = ANY(tsvector_to_array(to_tsvector('english', :asked))))"
        f' SELECT {kind}_words."row", sum(rarity * {rank}) AS score FROM asked JOIN {kind}_words'
        f" ON {kind}_words.words @@ CAST(quote_literal(word) AS tsquery) {within}"
        f' WHERE rows_before < :most GROUP BY {kind}_words."row"'
        f' ORDER BY score DESC, {kind}_words."row" LIMIT :limit'
    )
    parameters = {"asked": " ".join(asked), "most": MOST_ROWS, "limit": limit, "slugs": slugs}
    if slugs is None:
        del parameters["slugs"]
    return [Hit(int(row), float(score)) for row, score in connection.execute(statement, parameters)]


def _spread(connection: Connection, kind: str, rows: Sequence[int]) -> None:
    """Counts the words of new rows."""
    statement = text(
        f'WITH added AS (SELECT words FROM {kind}_words WHERE "row" = ANY(:rows))'
        f" INSERT INTO {kind}_word_spread AS spread (word, rows)"
        " SELECT word, count(*) FROM added, unnest(tsvector_to_array(words)) AS word GROUP BY word"
        " UNION ALL SELECT '', count(*) FROM added"
        " ON CONFLICT (word) DO UPDATE SET rows = spread.rows + excluded.rows"
    )
    connection.execute(statement, {"rows": list(rows)})
