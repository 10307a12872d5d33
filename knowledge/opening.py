"""Opens the library for one command: on the running house's servers, or without any, in this process alone.

Without a house there is no Chroma and no embedding server. Then the embedding model is loaded here and the
vectors are compared in memory; the first time the starter texts are published, with the vectors that are shipped.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from knowledge.database import open_database
from knowledge.database_index import DatabaseIndex
from knowledge.embedding import Embedder, RemoteEmbedder
from knowledge.library import Library, load_starter, open_library
from knowledge.readership import Readership
from knowledge.search import Search
from knowledge.settings import KnowledgeSettings
from knowledge.vectors import VectorCache


class OwnEmbedder:
    """The embedding model in this process, loaded when the first text has no remembered vector."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._encoder: Any = None

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector per text, in order. Raises EmbedderUnavailable."""
        if self._encoder is None:
            from knowledge.embedder import load_encoder

            self._encoder = load_encoder(self._model)
        vectors: list[list[float]] = self._encoder.encode(texts)
        return vectors

    def rerank(self, question: str, sentences: Sequence[str]) -> None:
        """Nothing: the commands that work without a house choose no sentences."""


@contextmanager
def open_for_command(settings: KnowledgeSettings) -> Iterator[tuple[Library, Search]]:
    """The library and the search of all of it, whoever it is for, with or without a house.

    Raises what opening and publishing raise.
    """
    if servers_answer(settings):
        embedder: Embedder = RemoteEmbedder(settings.embedder_url)
        library = open_library(settings, embedder)
    else:
        embedder = OwnEmbedder(settings.embedding_model)
        engine = open_database(settings)
        library = Library(
            engine, DatabaseIndex(engine, VectorCache(engine, embedder, settings.embedding_model)), embedder, settings
        )
        if not library.documents():
            load_starter(library)
    try:
        yield library, Search(library, embedder, Readership())
    finally:
        library.close()


def servers_answer(settings: KnowledgeSettings) -> bool:
    """Whether Chroma or the embedding server listens where the settings say: a house is there then.

    Where one of them is away, what needs it says so; taking a text or a person's rights back needs neither. Built
    without the house, a text would be missing in its index.
    """
    return any(_listens(url) for url in (settings.chroma_url, settings.embedder_url))


def _listens(url: str) -> bool:
    import socket

    address = urlsplit(url)
    port = address.port or (443 if address.scheme == "https" else 80)
    try:
        with socket.create_connection((address.hostname or "127.0.0.1", port), timeout=0.5):
            return True
    except OSError:
        return False
