"""A library for the tests of the bot: a database of its own, an index in it, and an embedder that needs no model."""

from pathlib import Path
from typing import Any

from bot.guidelines.desk import Opened
from knowledge.database import open_database
from knowledge.database_index import DatabaseIndex
from knowledge.library import Library
from knowledge.search import Search
from knowledge.settings import KnowledgeSettings
from knowledge.vectors import VectorCache
from tests.knowledge.samples import HashEmbedder


def shelf(folder: Path, **settings: Any) -> Opened:
    """An empty library in `folder`."""
    chosen = KnowledgeSettings(data=folder, **settings)
    engine, embedder = open_database(chosen), HashEmbedder()
    index = DatabaseIndex(engine, VectorCache(engine, embedder, chosen.embedding_model))
    library = Library(engine, index, embedder, chosen)
    library.rebuild()
    return Opened(library, Search(library, embedder))
