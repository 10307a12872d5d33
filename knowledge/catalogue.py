"""Reads the library's rows: versions, chunks and names, live ones and those that were retired."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Row, Select, func, select

from knowledge import tables
from knowledge.chunks import Chunk
from knowledge.editions import Edition
from knowledge.errors import IndexMissing
from knowledge.record import Passage, Version

_P, _C, _N = tables.publications.c, tables.chunks.c, tables.names.c
_LIVE = _P.retired.is_(None)
_CHUNKS_AND_PUBLICATIONS = tables.chunks.join(tables.publications)


def live_versions(connection: Connection) -> list[Version]:
    """The live version of each guideline, by slug."""
    asked = _by_facts(_versions()).where(_LIVE).order_by(_P.slug)
    return [_version(row) for row in connection.execute(asked)]


def versions_of(connection: Connection, key: str) -> list[Version]:
    """Every version of one guideline or document, newest first."""
    return [_version(row) for row in connection.execute(_versions().where(_P.key == key).order_by(_P.number.desc()))]


def live_counts(connection: Connection) -> tuple[int, int]:
    """How many texts are live, and how many passages they have."""
    texts = connection.execute(_of_live(func.count(), tables.publications)).scalar_one()
    return texts, connection.execute(_of_live(func.count(), _CHUNKS_AND_PUBLICATIONS)).scalar_one()


def live_chunk_ids(connection: Connection) -> set[str]:
    """The ids of all live chunks."""
    return set(connection.execute(_of_live(_C.chunk_id, _CHUNKS_AND_PUBLICATIONS)).scalars())


def live_name_ids(connection: Connection) -> set[str]:
    """The ids of all names of live guidelines."""
    return set(connection.execute(_of_live(_N.name_id, tables.names.join(tables.publications))).scalars())


def version(connection: Connection, number: int) -> Version | None:
    """One version, by its number."""
    row = connection.execute(_versions().where(_P.number == number)).first()
    return None if row is None else _version(row)


def retired_versions(connection: Connection) -> list[Version]:
    """The last version of each guideline or document that has no live one, by slug."""
    last = select(func.max(_P.number)).group_by(_P.key)
    asked = _by_facts(_versions()).where(_P.number.in_(last), _P.retired.is_not(None)).order_by(_P.slug)
    return [_version(row) for row in connection.execute(asked)]


def document_of(connection: Connection, number: int) -> str:
    """The whole text of a version."""
    return str(connection.execute(select(_P.document).where(_P.number == number)).scalar_one())


def newest_passage(connection: Connection, chunk_id: str) -> Passage | None:
    """The passage with this id, live or retired; the same words may stand in several versions."""
    newest = _chunks().where(_C.chunk_id == chunk_id).order_by(_P.number.desc()).limit(1)
    row = connection.execute(newest).first()
    return None if row is None else passage(row, 0.0)


def edition_of(connection: Connection, number: int) -> Edition:
    """All that is stored of a version, to be published again word for word."""
    row = connection.execute(select(tables.publications).where(_P.number == number)).one()
    pieces = connection.execute(select(tables.chunks).where(_C.publication == number).order_by(_C.row))
    names = connection.execute(select(_N.phrase).where(_N.publication == number).order_by(_N.row)).scalars()
    return Edition(
        **{name: getattr(row, name) for name in Edition.model_fields if name not in ("names", "pieces")},
        names=tuple(names),
        pieces=tuple(Chunk(**{name: getattr(piece, name) for name in Chunk.model_fields}) for piece in pieces),
    )


def live_chunks(connection: Connection) -> Sequence[Row[Any]]:
    """All live chunks, as `live_chunks_among` gives them."""
    return connection.execute(_chunks().where(_LIVE)).all()


def live_chunks_among(
    connection: Connection, rows: Collection[int], chunk_ids: Collection[str], due_from: date
) -> Sequence[Row[Any]]:
    """The live chunks with one of `rows` or `chunk_ids`, whose review is due on `due_from` or later; for `passage`.

    This and `guideline_chunks` are the gate every result passes: what is not live here is never returned,
    whatever an index still holds.
    """
    found = _C.row.in_(rows) | _C.chunk_id.in_(chunk_ids)
    asked = _by_facts(_chunks()).where(_LIVE, found, _P.review_by >= due_from)
    return connection.execute(asked.order_by(_C.row)).all()


def guideline_chunks(connection: Connection, slugs: Collection[str], due_from: date) -> Sequence[Row[Any]]:
    """All chunks of the live guidelines of `slugs`, not of documents beside them; see `live_chunks_among`."""
    asked = _chunks().where(_LIVE, _P.key.in_(slugs), _P.key == _P.slug, _P.review_by >= due_from)
    return connection.execute(asked.order_by(_C.row)).all()


def live_names(connection: Connection) -> Sequence[Row[Any]]:
    """All names of live guidelines, as `live_names_among` gives them."""
    return connection.execute(_names().where(_LIVE)).all()


def live_names_among(
    connection: Connection, rows: Collection[int], name_ids: Collection[str], due_from: date
) -> Sequence[Row[Any]]:
    """Names of live guidelines with one of `rows` or `name_ids`: each `row`, `name_id`, `phrase`, `slug`, `key`."""
    found = _N.row.in_(rows) | _N.name_id.in_(name_ids)
    return connection.execute(_by_facts(_names()).where(_LIVE, found, _P.review_by >= due_from)).all()


def live_generation(connection: Connection, model: str) -> str:
    """The live generation of the vector index.

    Raises IndexMissing if there is none or `model` did not make it.
    """
    newest = select(tables.index_generations).order_by(tables.index_generations.c.number.desc()).limit(1)
    row = connection.execute(newest).first()
    remedy = "run: ./run knowledge rebuild"
    if row is None:
        raise IndexMissing(f"there is no vector index yet; {remedy}")
    if row.model != model:
        raise IndexMissing(f"the vector index was built with the model {row.model}, not {model}; {remedy}")
    return str(row.generation)


def passage(row: Row[Any], score: float) -> Passage:
    """The passage of a chunk's row."""
    return Passage(
        chunk_id=row.chunk_id,
        slug=row.slug,
        title=row.title,
        section=row.section,
        text=row.text,
        document=row.file_name,
        key=row.key,
        version=row.version,
        page=row.page,
        source=row.source,
        reviewed=row.reviewed,
        score=score,
        review_by=row.review_by,
    )


def _chunks() -> Select[Any]:
    chunk = (_C.row, _C.chunk_id, _C.heading, _C.section, _C.text, _C.page)
    about = (_P.key, _P.slug, _P.title, _P.version, _P.jurisdiction, _P.language)
    publication = (*about, _P.source, _P.reviewed, _P.review_by, _P.file_name)
    return select(*chunk, *publication).join_from(tables.chunks, tables.publications)


def _names() -> Select[Any]:
    columns = (_N.row, _N.name_id, _N.phrase, _P.slug, _P.key)
    return select(*columns).join_from(tables.names, tables.publications)


def _versions() -> Select[Any]:
    return select(*(_P[name] for name in Version.model_fields))


def _of_live(what: ColumnElement[Any], tables_joined: FromClause) -> Select[Any]:
    return _by_facts(select(what).select_from(tables_joined).where(_LIVE))


def _by_facts(asked: Select[Any]) -> Select[Any]:
    """SQLite keeps a row's columns in a chain of pages behind the whole text of the document; the covering index
    spares it the way through the text.
    """
    return asked.with_hint(tables.publications, f"INDEXED BY {tables.FACTS}", "sqlite")


def _version(row: Row[Any]) -> Version:
    return Version(**{name: getattr(row, name) for name in Version.model_fields})
