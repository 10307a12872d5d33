"""The library as it would be after a publication, in a place of its own, to compare answers before and after."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from knowledge import catalogue
from knowledge.database import open_database, reading
from knowledge.database_index import DatabaseIndex
from knowledge.editions import Edition
from knowledge.embedding import Embedder
from knowledge.library import STARTER, Library
from knowledge.search import Search
from knowledge.settings import KnowledgeSettings
from knowledge.vectors import VectorCache


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A copy of the live library, and the same with one edition published in it."""

    before: Search
    after: Search


@contextmanager
def rehearsed(library: Library, edition: Edition, embedder: Embedder) -> Iterator[Rehearsal]:
    """Both copies, in a temporary folder, the edition as it will be on the day it is valid from.

    Of the library itself nothing changes but which vectors it remembers. Raises what publishing raises.
    """
    vectors = VectorCache(library.engine, embedder, library.model)
    with reading(library.engine) as connection:
        live = [catalogue.edition_of(connection, version.number) for version in catalogue.live_versions(connection)]
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder, ExitStack() as opened:
        before = opened.enter_context(closing(_empty(Path(folder) / "before", library, vectors)))
        after = opened.enter_context(closing(_empty(Path(folder) / "after", library, vectors)))
        before.publish_all(live, STARTER)
        after.publish_all([*live, edition.model_copy(update={"valid_from": None})], STARTER)
        yield Rehearsal(Search(before, embedder), Search(after, embedder))


def _empty(folder: Path, library: Library, vectors: VectorCache) -> Library:
    settings = KnowledgeSettings(
        data=folder,
        knowledge_url=f"sqlite:///{folder / 'knowledge.db'}",
        embedding_model=library.model,
        library_grace_days=library.settings.library_grace_days,
    )
    engine = open_database(settings)
    index = DatabaseIndex(engine, VectorCache(engine, vectors, library.model))
    copy = Library(engine, index, vectors, settings)
    copy.rebuild()  # An empty library has no index until something is published, and could not be asked.
    return copy
