"""Writes the library's rows: stores a publication with its chunks and names, retires one.

The full-text tables follow here, so that word search and rows can never disagree.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Insert, insert, select, update

from knowledge import tables
from knowledge.chunks import Chunk
from knowledge.guideline_file import render_guideline
from knowledge.keyword_index import comparable, keyword_index
from knowledge.record import Guideline


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


def names_of(guideline: Guideline) -> list[Name]:
    """The title, its part before and its part in brackets, the slug's words and the synonyms, each once."""
    parts = re.split(r"[()]", guideline.title)
    phrases = (guideline.title, *parts, guideline.slug.replace("-", " "), *guideline.synonyms)
    once = {" ".join(phrase.split()).casefold(): " ".join(phrase.split()) for phrase in reversed(phrases)}
    return [Name(_name_id(guideline.slug, phrase), phrase) for key, phrase in reversed(once.items()) if key]


def digest(guideline: Guideline) -> str:
    """The hash that tells whether two guidelines are the same to the letter."""
    return hashlib.sha256(render_guideline(guideline).encode()).hexdigest()


def store(connection: Connection, guideline: Guideline, author: str, pieces: Sequence[Chunk]) -> None:
    """Makes `guideline` the live publication of its slug; the one before must be retired already."""
    number = _inserted(
        connection,
        insert(tables.publications).values(
            slug=guideline.slug,
            title=guideline.title,
            version=guideline.version,
            jurisdiction=guideline.jurisdiction,
            language=guideline.language,
            reviewed=guideline.reviewed,
            review_by=guideline.review_by,
            source="; ".join(source.citation for source in guideline.sources),
            document=render_guideline(guideline),
            sha256=digest(guideline),
            author=author,
            published=datetime.now(UTC),
        ),
    )
    index = keyword_index(connection)
    title = comparable(guideline.title)
    findable = []
    for piece in pieces:
        values = {"chunk_id": piece.chunk_id, "publication": number, "heading": piece.heading}
        values |= {"section": piece.section, "text": piece.text}
        row = _inserted(connection, insert(tables.chunks).values(values))
        findable.append((row, title, comparable(piece.section), comparable(piece.text)))
    index.add_chunks(connection, findable)
    named = []
    for name in names_of(guideline):
        values = {"name_id": name.name_id, "publication": number, "phrase": name.phrase}
        named.append((_inserted(connection, insert(tables.names).values(values)), comparable(name.phrase)))
    index.add_names(connection, named)


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


def _inserted(connection: Connection, statement: Insert) -> int:
    """The number of the row that `statement` adds."""
    key = connection.execute(statement).inserted_primary_key
    assert key is not None
    return int(key[0])


def _name_id(slug: str, phrase: str) -> str:
    return hashlib.sha256(f"{slug}\x1f{phrase}".encode()).hexdigest()[:16]
