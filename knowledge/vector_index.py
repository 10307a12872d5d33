"""Meaning search: the vectors of live chunks and names, kept by a Chroma server and reached over HTTP.

One server process owns the files, since two writing processes lose vectors silently; and its `sync_threshold`
is set so high that a killed server finds its log whole. Vectors are always our own: with
`embedding_function=None` Chroma loads no model. A generation is a pair of collections; which one is live is
for the library's database to say.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol
from urllib.parse import urlsplit

import chromadb
from chromadb.api import ClientAPI
from chromadb.config import Settings
from chromadb.errors import InternalError, InvalidArgumentError, NotFoundError

from knowledge.errors import IndexMissing, IndexUnavailable

SYNC_THRESHOLD = 1_000_000
BATCH = 500
WIDE = 800
"""So many neighbours are looked at first when only some conditions are asked for; Chroma finds them in a few
milliseconds, while its own filter takes a tenth of a second among 100,000 vectors."""
ENOUGH = 10
"""Found among those, so many of the conditions asked for will do."""
_PAUSES = (0.02, 0.05, 0.1, 0.2, 0.4)
"""Seconds before a query that failed inside Chroma is asked again."""


class Kind(StrEnum):
    """The two collections of a generation."""

    CHUNKS = "chunks"
    NAMES = "names"


@dataclass(frozen=True, slots=True)
class Entry:
    """A vector, the id of the chunk or name it stands for, and the condition that belongs to."""

    entry_id: str
    slug: str
    vector: Sequence[float]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An entry near a question: cosine similarity, 1 for the same direction."""

    entry_id: str
    similarity: float


class Index(Protocol):
    """What the library asks of a vector index; `VectorIndex` tells what each method does."""

    def create(self, generation: str) -> None:
        """Makes the two empty collections of `generation`."""
        ...

    def put(self, generation: str, kind: Kind, entries: Sequence[Entry]) -> None:
        """Adds `entries`, or replaces those with the same ids."""
        ...

    def remove(self, generation: str, kind: Kind, entry_ids: Sequence[str]) -> None:
        """Takes entries out."""
        ...

    def entry_ids(self, generation: str, kind: Kind) -> set[str]:
        """The ids of all entries."""
        ...

    def nearest(
        self, generation: str, kind: Kind, vector: Sequence[float], limit: int, slugs: Sequence[str] | None
    ) -> list[Neighbour]:
        """The entries nearest to `vector`, of `slugs` only if given: at most `limit`."""
        ...

    def drop(self, generation: str) -> None:
        """Deletes the collections of `generation`."""
        ...


class VectorIndex:
    """The collections on the Chroma server at `url`. Connects when first used.

    Safe to share between threads.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._connected: ClientAPI | None = None
        self._opened: dict[str, Any] = {}

    def create(self, generation: str) -> None:
        """Makes the two empty collections of `generation`. Raises IndexUnavailable."""
        with self._mapped_errors():
            for kind in Kind:
                self._client().create_collection(
                    _collection_name(generation, kind),
                    configuration={"hnsw": {"space": "cosine", "sync_threshold": SYNC_THRESHOLD}},
                    embedding_function=None,
                )

    def put(self, generation: str, kind: Kind, entries: Sequence[Entry]) -> None:
        """Adds `entries`, or replaces those with the same ids. Raises IndexMissing or IndexUnavailable."""
        with self._mapped_errors():
            collection = self._collection(generation, kind)
            for start in range(0, len(entries), BATCH):
                batch = entries[start : start + BATCH]
                collection.upsert(
                    ids=[entry.entry_id for entry in batch],
                    embeddings=[list(entry.vector) for entry in batch],
                    metadatas=[{"slug": entry.slug} for entry in batch],
                )

    def remove(self, generation: str, kind: Kind, entry_ids: Sequence[str]) -> None:
        """Takes entries out. Raises IndexMissing or IndexUnavailable."""
        with self._mapped_errors():
            collection = self._collection(generation, kind)
            for start in range(0, len(entry_ids), BATCH):
                collection.delete(ids=list(entry_ids[start : start + BATCH]))

    def entry_ids(self, generation: str, kind: Kind) -> set[str]:
        """The ids of all entries. Raises IndexMissing or IndexUnavailable."""
        with self._mapped_errors():
            return set(self._collection(generation, kind).get(include=[])["ids"])

    def nearest(
        self, generation: str, kind: Kind, vector: Sequence[float], limit: int, slugs: Sequence[str] | None
    ) -> list[Neighbour]:
        """The entries nearest to `vector`, of `slugs` only if given; of these at least ENOUGH if there are so many.

        Raises IndexMissing or IndexUnavailable.
        """
        with self._mapped_errors():
            collection = self._collection(generation, kind)
            asked: dict[str, Any] = {"query_embeddings": [list(vector)], "n_results": limit, "include": ["distances"]}
            if slugs is None:
                return _neighbours(self._queried(collection, **asked))
            wide = self._queried(collection, **{**asked, "n_results": WIDE, "include": ["distances", "metadatas"]})
            own = _neighbours(wide, frozenset(slugs))
            if len(own) < ENOUGH and len(wide["ids"][0]) == WIDE:
                own = _neighbours(self._queried(collection, **asked, where={"slug": {"$in": list(slugs)}}))
            return own[:limit]

    def drop(self, generation: str) -> None:
        """Deletes the collections of `generation`, those that exist. Raises IndexUnavailable."""
        for kind in Kind:
            name = _collection_name(generation, kind)
            try:
                with self._mapped_errors():
                    self._client().delete_collection(name)
            except IndexMissing:
                continue
            finally:
                self._opened.pop(name, None)

    def _queried(self, collection: Any, **asked: Any) -> Any:
        """What a query finds. While entries come or go, Chroma fails for a moment ("Nothing found on disk")."""
        for pause in _PAUSES:
            try:
                return collection.query(**asked)
            except InternalError:
                time.sleep(pause)
        return collection.query(**asked)

    def _collection(self, generation: str, kind: Kind) -> Any:
        name = _collection_name(generation, kind)
        if name not in self._opened:
            self._opened[name] = self._client().get_collection(name, embedding_function=None)
        return self._opened[name]

    def _client(self) -> ClientAPI:
        with self._lock:
            if self._connected is None:
                address = urlsplit(self._url)
                secure = address.scheme == "https"
                self._connected = chromadb.HttpClient(
                    host=address.hostname or "127.0.0.1",
                    port=address.port or (443 if secure else 80),
                    ssl=secure,
                    settings=Settings(anonymized_telemetry=False),
                )
            return self._connected

    @contextmanager
    def _mapped_errors(self) -> Iterator[None]:
        try:
            yield
        except NotFoundError as error:
            self._opened.clear()
            raise IndexMissing("the vector index is gone; run: ./run knowledge rebuild") from error
        except InvalidArgumentError as error:
            if "dimension" not in str(error):
                raise IndexUnavailable(f"Chroma at {self._url} refused what was asked; see its log") from error
            problem = "the vector index holds vectors of another length than the embedding model gives"
            raise IndexMissing(f"{problem}; run: ./run knowledge rebuild") from error
        # Chroma's client raises ValueError when it cannot connect and a bare Exception for an unknown answer.
        except Exception as error:
            problem = f"Chroma at {self._url} does not answer or failed ({type(error).__name__})"
            raise IndexUnavailable(f"{problem}; start it with: chroma run --host 127.0.0.1, or see its log") from error


def _neighbours(found: Any, slugs: frozenset[str] | None = None) -> list[Neighbour]:
    """What a query found, of `slugs` only if given; then the metadata must be there."""
    near = [
        Neighbour(entry_id, 1.0 - float(distance))
        for entry_id, distance in zip(found["ids"][0], found["distances"][0], strict=True)
    ]
    if slugs is None:
        return near
    return [each for each, about in zip(near, found["metadatas"][0], strict=True) if about["slug"] in slugs]


def _collection_name(generation: str, kind: Kind) -> str:
    return f"{kind}-{generation}"
