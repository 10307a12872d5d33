"""Meaning search without a Chroma server: compares a question with every live vector of the library's database.

For one command on a machine where no house runs, and for rehearsing a publication. Exact, and quick enough for
some ten thousand chunks; it holds what the database holds, so nothing needs to be put in or taken out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from knowledge import catalogue
from knowledge.database import reading
from knowledge.index_keeper import embedded_text
from knowledge.vector_index import Entry, Kind, Neighbour
from knowledge.vectors import VectorCache


@dataclass(frozen=True, slots=True)
class _Matrix:
    """One row a vector: its entry's id and slug."""

    ids: tuple[str, ...]
    slugs: NDArray[np.str_]
    vectors: NDArray[np.float32]


class DatabaseIndex:
    """The live vectors on `engine`, loaded at first use after each change; `Index` tells what each method does."""

    def __init__(self, engine: Engine, vectors: VectorCache) -> None:
        self._engine = engine
        self._vectors = vectors
        self._loaded: Mapping[Kind, _Matrix] = {}

    def create(self, generation: str) -> None:
        """Nothing: the database holds the vectors."""

    def drop(self, generation: str) -> None:
        """Nothing: the database holds the vectors."""

    def put(self, generation: str, kind: Kind, entries: Sequence[Entry]) -> None:
        """Forgets what was loaded."""
        self._loaded = {}

    def remove(self, generation: str, kind: Kind, entry_ids: Sequence[str]) -> None:
        """Forgets what was loaded."""
        self._loaded = {}

    def entry_ids(self, generation: str, kind: Kind) -> set[str]:
        """The ids of what is live."""
        return set(self._matrix(kind).ids)

    def nearest(
        self, generation: str, kind: Kind, vector: Sequence[float], limit: int, slugs: Sequence[str] | None
    ) -> list[Neighbour]:
        """By the cosine with every one."""
        matrix = self._matrix(kind)
        if not matrix.ids:
            return []
        similarity = matrix.vectors @ np.asarray(vector, dtype=np.float32)
        if slugs is not None:
            similarity[~np.isin(matrix.slugs, list(slugs))] = -np.inf
        best = np.argsort(-similarity, kind="stable")[:limit]
        return [Neighbour(matrix.ids[at], float(similarity[at])) for at in best if np.isfinite(similarity[at])]

    def _matrix(self, kind: Kind) -> _Matrix:
        if not self._loaded:
            with reading(self._engine) as connection:
                chunks, names = catalogue.live_chunks(connection), catalogue.live_names(connection)
            self._loaded = {
                Kind.CHUNKS: self._read(
                    {row.chunk_id: (row.slug, embedded_text(row.title, row.section, row.text)) for row in chunks}
                ),
                Kind.NAMES: self._read({row.name_id: (row.slug, row.phrase) for row in names}),
            }
        return self._loaded[kind]

    def _read(self, entries: Mapping[str, tuple[str, str]]) -> _Matrix:
        computed = self._vectors.embed([text for _, text in entries.values()])
        vectors: NDArray[np.float32] = np.asarray(computed, dtype=np.float32)
        if entries:
            vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        slugs = np.asarray([slug for slug, _ in entries.values()], dtype=np.str_)
        return _Matrix(tuple(entries), slugs, vectors)
