"""Remembers vectors by what they were computed from, so that an unchanged text is never embedded twice."""

import hashlib
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from knowledge import tables
from knowledge.database import reading, writing
from knowledge.embedding import Embedder

_SAVED_TOGETHER = 128
"""Vectors written at once: a killed process loses no more work than these."""
PROBE = "skin"
_VARIABLES = 500
"""Keys in one query; SQLite's oldest limit is 999."""


class VectorCache:
    """Vectors of texts under the embedding model called `model`; what is missing is asked of `embedder`."""

    def __init__(self, engine: Engine, embedder: Embedder, model: str) -> None:
        self._engine = engine
        self._embedder = embedder
        self._model = model

    def embed(
        self, texts: Sequence[str], tell: Callable[[int, int], None] = lambda done, of: None
    ) -> list[list[float]]:
        """One vector per text, in order; `tell` hears how many new ones are computed, of how many.

        Raises what the embedder raises, or LibraryUnavailable.
        """
        keys = [self._key(text) for text in texts]
        known = self._known(keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        for start in range(0, len(missing), _SAVED_TOGETHER):
            some = dict(list(missing.items())[start : start + _SAVED_TOGETHER])
            computed = dict(zip(some, self._embedder.embed(list(some.values())), strict=True))
            rows = [{"key": key, "numbers": array("f", vector).tobytes()} for key, vector in computed.items()]
            with writing(self._engine) as connection:
                _add(connection, rows)
            known |= computed
            tell(min(start + _SAVED_TOGETHER, len(missing)), len(missing))
        return [known[key] for key in keys]

    def keep_to_length(self) -> None:
        """Forgets vectors of another length than the embedder gives: another model may have taken the place of the one
        of this name. Raises what the embedder raises, or LibraryUnavailable.
        """
        size = len(array("f", self._embedder.embed([PROBE])[0]).tobytes())
        with writing(self._engine) as connection:
            connection.execute(delete(tables.vectors).where(func.length(tables.vectors.c.numbers) != size))

    def rerank(self, question: str, sentences: Sequence[str]) -> list[float] | None:
        """As the embedder scores them; nothing of it is remembered."""
        return self._embedder.rerank(question, sentences)

    def _known(self, keys: Sequence[str]) -> dict[str, list[float]]:
        known: dict[str, list[float]] = {}
        with reading(self._engine) as connection:
            for start in range(0, len(keys), _VARIABLES):
                some = tables.vectors.c.key.in_(keys[start : start + _VARIABLES])
                rows = connection.execute(select(tables.vectors).where(some))
                known |= {row.key: _numbers(row.numbers) for row in rows}
        return known

    def _key(self, text: str) -> str:
        return vector_key(self._model, text)

    def remember(self, stored: Mapping[str, bytes]) -> None:
        """Adds vectors that were computed elsewhere, by their keys."""
        if stored:
            with writing(self._engine) as connection:
                _add(connection, [{"key": key, "numbers": numbers} for key, numbers in stored.items()])


def vector_key(model: str, text: str) -> str:
    """Under which a text's vector is stored."""
    return hashlib.sha256(f"{model}\x1f{text}".encode()).hexdigest()


def _add(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    # Another process may have been quicker with the same text: its vector is the same.
    if connection.dialect.name == "sqlite":
        connection.execute(sqlite.insert(tables.vectors).on_conflict_do_nothing(), rows)
    else:
        connection.execute(postgresql.insert(tables.vectors).on_conflict_do_nothing(), rows)


def _numbers(stored: bytes) -> list[float]:
    numbers = array("f")
    numbers.frombytes(stored)
    return numbers.tolist()
