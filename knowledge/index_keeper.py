"""Keeps the vector index in step with the database: adds, cleans, checks, rebuilds it beside the live one.

The index is written before the database commits and cleaned after, so at every moment all live text is in it;
what else it may hold is filtered out by `catalogue.live_chunks_among`. A new generation is switched in by one row in
the database.
"""

import logging
import uuid
from collections.abc import Callable, Sequence

from sqlalchemy import Connection, Engine, delete, insert, select

from knowledge import catalogue, publications, tables
from knowledge.chunks import Chunk
from knowledge.database import reading, writing
from knowledge.errors import IndexMissing, KnowledgeError
from knowledge.publications import Entries, Name
from knowledge.vector_index import Entry, Index, Kind
from knowledge.vectors import VectorCache

KEPT_GENERATIONS = 2
"""The live one and the one before it, which a search under way may still be reading."""

_log = logging.getLogger(__name__)


class IndexKeeper:
    """The vector index of the library on `engine`, made with the embedding model called `model`."""

    def __init__(self, engine: Engine, index: Index, vectors: VectorCache, model: str) -> None:
        self._engine = engine
        self._index = index
        self._vectors = vectors
        self._model = model

    def chunk_entries(self, slug: str, title: str, pieces: Sequence[Chunk]) -> list[Entry]:
        """Entries of chunks."""
        vectors = self._vectors.embed([embedded_text(title, piece.section, piece.text) for piece in pieces])
        return [Entry(piece.chunk_id, slug, vector) for piece, vector in zip(pieces, vectors, strict=True)]

    def name_entries(self, slug: str, names: Sequence[Name]) -> list[Entry]:
        """Entries of names."""
        vectors = self._vectors.embed([name.phrase for name in names])
        return [Entry(name.name_id, slug, vector) for name, vector in zip(names, vectors, strict=True)]

    def add(self, connection: Connection, chunk_entries: Sequence[Entry], name_entries: Sequence[Entry]) -> None:
        """Adds entries to the live generation. Raises IndexMissing or IndexUnavailable."""
        generation = catalogue.live_generation(connection, self._model)
        self._index.put(generation, Kind.CHUNKS, chunk_entries)
        self._index.put(generation, Kind.NAMES, name_entries)

    def clean(self, gone: Entries) -> None:
        """Takes out entries whose rows are retired, but for those that a live version has too.

        A failure costs only room, so it is logged and left to a rebuild.
        """
        try:
            # As the only writer: nobody makes an entry live again between the look and the removal.
            with writing(self._engine) as connection:
                generation = catalogue.live_generation(connection, self._model)
                stay = publications.still_live(connection, gone)
                self._index.remove(generation, Kind.CHUNKS, sorted(set(gone.chunk_ids) - set(stay.chunk_ids)))
                self._index.remove(generation, Kind.NAMES, sorted(set(gone.name_ids) - set(stay.name_ids)))
        except KnowledgeError as error:
            _log.warning("retired entries stay in the vector index until the next rebuild: %s", error)

    def begin(self) -> None:
        """Makes the first, empty generation of a new library."""
        with reading(self._engine) as connection:
            begun = connection.execute(select(tables.index_generations.c.number).limit(1)).first()
        if begun is None:
            self.rebuild()

    def ensure(self) -> None:
        """Rebuilds the index unless it holds everything that is live and nothing else."""
        problems = [*self.missing(), *self.left_over()]
        if problems:
            _log.info("rebuilding the vector index: %s", "; ".join(problems))
            self.rebuild()

    def rebuild(self, tell: Callable[[int, int], None] = lambda done, of: None) -> int:
        """Builds the index anew and switches it in; the number of chunks in it. `tell` hears of the embedding."""
        with reading(self._engine) as connection:
            texts, _ = catalogue.live_counts(connection)
        if texts:
            self._vectors.keep_to_length()
        self._live_entries(tell)  # Embeds what is not remembered yet, before the right to write is held.
        generation = uuid.uuid4().hex[:16]
        try:
            with writing(self._engine) as connection:
                chunk_entries, name_entries = self._live_entries()
                self._index.create(generation)
                self._index.put(generation, Kind.CHUNKS, chunk_entries)
                self._index.put(generation, Kind.NAMES, name_entries)
                connection.execute(insert(tables.index_generations).values(generation=generation, model=self._model))
        except KnowledgeError:
            self._drop([generation])
            raise
        self._drop_outdated()
        return len(chunk_entries)

    def missing(self) -> list[str]:
        """What is live and not in the index, in words."""
        return self._differences()[0]

    def left_over(self) -> list[str]:
        """What is in the index and not live, in words."""
        return self._differences()[1]

    def _differences(self) -> tuple[list[str], list[str]]:
        with reading(self._engine) as connection:
            live = {
                Kind.CHUNKS: catalogue.live_chunk_ids(connection),
                Kind.NAMES: catalogue.live_name_ids(connection),
            }
            try:
                generation = catalogue.live_generation(connection, self._model)
                stored = {kind: self._index.entry_ids(generation, kind) for kind in Kind}
            except IndexMissing as error:
                return [str(error)], []
        missing = {kind: len(live[kind] - stored[kind]) for kind in Kind}
        left = {kind: len(stored[kind] - live[kind]) for kind in Kind}
        return (
            [f"{count} live {kind} are missing in the vector index" for kind, count in missing.items() if count],
            [f"{count} retired {kind} are left in the vector index" for kind, count in left.items() if count],
        )

    def _live_entries(
        self, tell: Callable[[int, int], None] = lambda done, of: None
    ) -> tuple[list[Entry], list[Entry]]:
        with reading(self._engine) as connection:
            chunk_rows = catalogue.live_chunks(connection)
            name_rows = catalogue.live_names(connection)
        chunk_texts = [embedded_text(row.title, row.section, row.text) for row in chunk_rows]
        chunk_vectors = self._vectors.embed(chunk_texts, tell)
        name_vectors = self._vectors.embed([row.phrase for row in name_rows])
        return (
            [Entry(row.chunk_id, row.slug, vector) for row, vector in zip(chunk_rows, chunk_vectors, strict=True)],
            [Entry(row.name_id, row.slug, vector) for row, vector in zip(name_rows, name_vectors, strict=True)],
        )

    def _drop_outdated(self) -> None:
        column = tables.index_generations.c
        with reading(self._engine) as connection:
            ordered = select(column.generation).order_by(column.number.desc()).offset(KEPT_GENERATIONS)
            outdated = list(connection.execute(ordered).scalars())
        if self._drop(outdated):
            with writing(self._engine) as connection:
                connection.execute(delete(tables.index_generations).where(column.generation.in_(outdated)))

    def _drop(self, generations: Sequence[str]) -> bool:
        try:
            for generation in generations:
                self._index.drop(generation)
        except KnowledgeError as error:
            _log.warning("an old vector index stays until the next rebuild: %s", error)
            return False
        return True


def embedded_text(title: str, section: str, text: str) -> str:
    """What of a chunk is embedded: with title and section, because a passage seldom says what it is about."""
    return f"{title}. {section}. {text}"
