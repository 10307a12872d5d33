"""Writes the library's rows: stores a publication with its chunks and names, retires one.

The full-text tables follow here, so that word search and rows can never disagree.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Insert, Table, insert, select, update

from knowledge import tables
from knowledge.editions import Edition
from knowledge.keyword_index import comparable, keyword_index


@dataclass(frozen=True, slots=True)
class Name:
    """A phrase that means a guideline: its title, another name, or how people describe it."""

    name_id: str
    phrase: str


@dataclass(frozen=True, slots=True)
class Entries:
    """The ids a publication has in the vector index."""

    chunk_ids: tuple[str, ...] = ()
    name_ids: tuple[str, ...] = ()


def names_of(edition: Edition) -> list[Name]:
    """The names of an edition with their ids; two documents of a condition may share a phrase, not an id."""
    return [Name(_name_id(edition.key, phrase), phrase) for phrase in edition.names]


def store(
    connection: Connection,
    edition: Edition,
    author: str,
    approved_by: str | None = None,
    restores: int | None = None,
) -> int:
    """Makes `edition` the live publication of its key; the one before must be retired already. Its number."""
    fields = edition.model_dump(exclude={"names", "pieces"})
    number = _inserted(
        connection,
        insert(tables.publications).values(
            **fields,
            sha256=edition.sha256,
            author=author,
            approved_by=approved_by,
            restores=restores,
            published=datetime.now(UTC),
        ),
    )
    index = keyword_index(connection)
    title = comparable(edition.title)
    findable = []
    for piece in edition.pieces:
        row = _inserted(connection, insert(tables.chunks).values(publication=number, **piece.model_dump()))
        findable.append((row, title, comparable(piece.section), comparable(piece.text)))
    index.add_chunks(connection, findable)
    named = []
    for name in names_of(edition):
        values = {"name_id": name.name_id, "publication": number, "phrase": name.phrase}
        named.append((_inserted(connection, insert(tables.names).values(values)), comparable(name.phrase)))
    index.add_names(connection, named)
    return number


def retire(connection: Connection, number: int, author: str) -> Entries:
    """Ends the life of a publication and takes it out of word search.

    What the vector index still holds of it.
    """
    chunk, name, publication = tables.chunks.c, tables.names.c, tables.publications.c
    own_chunks = connection.execute(select(chunk.row, chunk.chunk_id).where(chunk.publication == number)).all()
    own_names = connection.execute(select(name.row, name.name_id).where(name.publication == number)).all()
    keyword_index(connection).remove(connection, [row.row for row in own_chunks], [row.row for row in own_names])
    connection.execute(
        update(tables.publications)
        .where(publication.number == number)
        .values(retired=datetime.now(UTC), retired_by=author)
    )
    return Entries(tuple(row.chunk_id for row in own_chunks), tuple(row.name_id for row in own_names))


def still_live(connection: Connection, entries: Entries) -> Entries:
    """Those of `entries` that a live publication has too: the same words may stand in two versions."""
    return Entries(
        _live_among(connection, tables.chunks, "chunk_id", entries.chunk_ids),
        _live_among(connection, tables.names, "name_id", entries.name_ids),
    )


def _live_among(connection: Connection, table: Table, key: str, ids: Sequence[str]) -> tuple[str, ...]:
    found: set[str] = set()
    for start in range(0, len(ids), 500):
        asked = (
            select(table.c[key])
            .join_from(table, tables.publications)
            .where(tables.publications.c.retired.is_(None), table.c[key].in_(ids[start : start + 500]))
        )
        found |= set(connection.execute(asked).scalars())
    return tuple(found)


def _inserted(connection: Connection, statement: Insert) -> int:
    """The number of the row that `statement` adds."""
    key = connection.execute(statement).inserted_primary_key
    assert key is not None
    return int(key[0])


def _name_id(key: str, phrase: str) -> str:
    return hashlib.sha256(f"{key}\x1f{phrase}".encode()).hexdigest()[:16]
