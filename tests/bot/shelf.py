"""A library for the tests of the bot: a database of its own, an index in it, and an embedder that needs no model."""

from bot.guidelines.desk import Opened
from knowledge.database import open_database
from knowledge.database_index import DatabaseIndex
from knowledge.library import Library
from knowledge.search import Search
from knowledge.settings import KnowledgeSettings
from knowledge.vectors import VectorCache
from tests.knowledge.samples import HashEmbedder


def shelf(settings: KnowledgeSettings) -> Opened:
    """An empty library."""
    engine, embedder = open_database(settings), HashEmbedder()
    index = DatabaseIndex(engine, VectorCache(engine, embedder, settings.embedding_model))
    library = Library(engine, index, embedder, settings)
    library.rebuild()
    return Opened(library, Search(library, embedder))
