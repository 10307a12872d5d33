"""The library as it would be after a change, in a place of its own, to compare answers before and after."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from database_copy import copy_sqlite
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
class Change:
    """What becomes of a key of the library: the edition that is live under it; None: nothing is."""

    key: str
    edition: Edition | None

    @classmethod
    def publishing(cls, edition: Edition) -> "Change":
        """The edition replaces what is live under its key, as it will be on the day it is valid from."""
        return cls(edition.key, edition.model_copy(update={"valid_from": None}))


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A copy of the live library, and the same after the change. Both may be searched from one thread only."""

    before: Search
    after: Search


@contextmanager
def rehearsed(library: Library, change: Change, embedder: Embedder) -> Iterator[Rehearsal]:
    """Both copies, in a temporary folder.

    Of the library itself nothing changes but which vectors it remembers: those of passages, and those of what is asked
    of the copies. Never ask them what a patient wrote. Raises what publishing and retiring
    raise.
    """
    vectors = VectorCache(library.engine, embedder, library.model)
    with reading(library.engine) as connection:
        live = [catalogue.edition_of(connection, version.number) for version in catalogue.live_versions(connection)]
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder, ExitStack() as opened:
        before = opened.enter_context(closing(_copy(Path(folder) / "before.db", library, vectors)))
        before.rebuild()  # An empty library has no index until something is published, and could not be asked.
        before.publish_all(live, STARTER)
        copy_sqlite(Path(folder) / "before.db", Path(folder) / "after.db")
        after = opened.enter_context(closing(_copy(Path(folder) / "after.db", library, vectors)))
        if change.edition is None:
            after.retire(change.key, STARTER)
        else:
            after.publish(change.edition, STARTER)
        yield Rehearsal(Search(before, vectors), Search(after, vectors))


def _copy(file: Path, library: Library, vectors: VectorCache) -> Library:
    settings = KnowledgeSettings(
        data=file.parent,
        knowledge_url=f"sqlite:///{file}",
        embedding_model=library.model,
        migrate=True,
        library_grace_days=library.settings.library_grace_days,
        library_jurisdiction=library.settings.library_jurisdiction,
        library_language=library.settings.library_language,
    )
    engine = open_database(settings)
    return Library(engine, DatabaseIndex(engine, VectorCache(engine, vectors, library.model)), vectors, settings)
