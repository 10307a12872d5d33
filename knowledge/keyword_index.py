"""Word search: SQLite's FTS5 with Porter stems, ranked by BM25, over the live chunks and the live names.

A question becomes a list of quoted words, so no text a patient writes can be read as FTS5's query language
(https://www.sqlite.org/fts5.html#full_text_query_syntax).
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, text

from knowledge.words import normalised, telling_words

_TITLE, _SECTION, _TEXT = 2.0, 1.0, 1.0
"""What a word is worth by where it stands."""


def keyword_query(question: str) -> str:
    """FTS5's query for any of the words of `question`; empty when it has none that tells anything."""
    return " OR ".join(f'"{word}"' for word in telling_words(question))


def add_chunk(connection: Connection, row: int, title: str, section: str, body: str) -> None:
    """Makes a chunk findable."""
    connection.execute(
        text("INSERT INTO chunk_words(rowid, title, section, text) VALUES (:row, :title, :section, :text)"),
        {"row": row, "title": normalised(title), "section": normalised(section), "text": normalised(body)},
    )


def add_name(connection: Connection, row: int, phrase: str) -> None:
    """Makes a name findable."""
    connection.execute(
        text("INSERT INTO name_words(rowid, phrase) VALUES (:row, :phrase)"),
        {"row": row, "phrase": normalised(phrase)},
    )


def remove(connection: Connection, chunk_rows: Iterable[int], name_rows: Iterable[int]) -> None:
    """Takes chunks and names out, so that retired text no longer weighs on what a word is worth."""
    for table, rows in (("chunk_words", chunk_rows), ("name_words", name_rows)):
        for row in rows:
            connection.execute(text(f"DELETE FROM {table} WHERE rowid = :row"), {"row": row})


def chunk_rows(connection: Connection, question: str, limit: int, slugs: Sequence[str] | None) -> list[int]:
    """The rows of the chunks that share words with `question`, best first; of `slugs` only, if given."""
    query = keyword_query(question)
    if not query:
        return []
    rank = f"bm25(chunk_words, {_TITLE}, {_SECTION}, {_TEXT})"
    statement = text(
        f"SELECT chunk_words.rowid FROM chunk_words JOIN chunk ON chunk.row = chunk_words.rowid"
        f" JOIN publication ON publication.number = chunk.publication"
        f" WHERE chunk_words MATCH :query AND publication.slug IN :slugs ORDER BY {rank} LIMIT :limit"
        if slugs is not None
        else f"SELECT rowid FROM chunk_words WHERE chunk_words MATCH :query ORDER BY {rank} LIMIT :limit"
    )
    parameters: dict[str, object] = {"query": query, "limit": limit}
    if slugs is not None:
        statement = statement.bindparams(bindparam("slugs", expanding=True))
        parameters["slugs"] = list(slugs)
    return [int(row) for row in connection.execute(statement, parameters).scalars()]


def name_rows(connection: Connection, question: str, limit: int) -> list[int]:
    """The rows of the names that share words with `question`, best first."""
    query = keyword_query(question)
    if not query:
        return []
    statement = text(
        "SELECT rowid FROM name_words WHERE name_words MATCH :query ORDER BY bm25(name_words) LIMIT :limit"
    )
    return [int(row) for row in connection.execute(statement, {"query": query, "limit": limit}).scalars()]
