"""The guideline library: publishes and retires guidelines, keeps every version, opens passages.

The database is the truth; `publications` writes its rows, `catalogue` reads them, `index_keeper` keeps Chroma
in step.
"""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, Engine

from knowledge import catalogue, publications
from knowledge.chunks import chunks
from knowledge.database import open_database, reading, writing
from knowledge.embedding import Embedder, RemoteEmbedder
from knowledge.errors import GuidelineNotFound, PassageNotFound
from knowledge.guideline_file import parse_guideline, read_guideline
from knowledge.index_keeper import IndexKeeper
from knowledge.publications import Entries
from knowledge.record import Guideline, Passage, Version
from knowledge.settings import KnowledgeSettings
from knowledge.vector_index import VectorIndex
from knowledge.vectors import VectorCache

STARTER_TEXTS = Path(__file__).parent / "guidelines"
STARTER = "starter"
"""The author of the starter texts. Whatever a person has published or retired is not overwritten by them."""


def open_library(settings: KnowledgeSettings, embedder: Embedder | None = None) -> "Library":
    """The library on its migrated database, with the settings' embedding server unless another is given.

    Raises LibraryUnavailable. Chroma and the embedder are first needed by a publication or a search.
    """
    return Library(
        engine=open_database(settings),
        index=VectorIndex(settings.chroma_url),
        embedder=embedder or RemoteEmbedder(settings.embedder_url),
        model=settings.embedding_model,
    )


def load_starter(library: "Library", folder: Path = STARTER_TEXTS) -> int:
    """Publishes the guideline files of `folder` that are new or changed; how many. Mends the index first.

    A guideline that a person has published or retired is left as they left it. All files are read before any
    is published. Raises GuidelineInvalid and whatever `publish` raises.
    """
    guidelines = [read_guideline(path) for path in sorted(folder.glob("*.md"))]
    library.ensure_index()
    wanted = [guideline for guideline in guidelines if _is_due(library.versions(guideline.slug), guideline)]
    for guideline in wanted:
        library.publish(guideline, STARTER)
    return len(wanted)


def _is_due(versions: Sequence[Version], guideline: Guideline) -> bool:
    if not versions:
        return True
    newest = versions[0]
    untouched = newest.author == STARTER and newest.retired is None
    return untouched and newest.sha256 != publications.digest(guideline)


class Library:
    """All guidelines. Every method may raise LibraryUnavailable.

    Those that write also what the indexes raise.
    """

    def __init__(self, engine: Engine, index: VectorIndex, embedder: Embedder, model: str) -> None:
        self.engine = engine
        self.index = index
        self.model = model
        self._keeper = IndexKeeper(engine, index, VectorCache(engine, embedder, model), model)

    def publish(self, guideline: Guideline, author: str) -> Version:
        """Makes `guideline` the live version of its slug; publishing the live text again changes nothing."""
        pieces = chunks(guideline)
        names = publications.names_of(guideline)
        self._keeper.begin()
        chunk_entries = self._keeper.chunk_entries(guideline.slug, guideline.title, pieces)
        name_entries = self._keeper.name_entries(guideline.slug, names)
        with writing(self.engine) as connection:
            before = _live(connection, guideline.slug)
            if before and before.sha256 == publications.digest(guideline):
                return before
            self._keeper.add(connection, chunk_entries, name_entries)
            gone = publications.retire(connection, before.number, author) if before else Entries()
            publications.store(connection, guideline, author, pieces)
            published = catalogue.versions_of(connection, guideline.slug)[0]
        stay = {entry.entry_id for entry in (*chunk_entries, *name_entries)}
        self._keeper.clean(
            Entries(
                tuple(chunk_id for chunk_id in gone.chunk_ids if chunk_id not in stay),
                tuple(name_id for name_id in gone.name_ids if name_id not in stay),
            )
        )
        return published

    def retire(self, slug: str, author: str) -> Version:
        """Takes a guideline out of every search; its passages stay openable. Raises GuidelineNotFound."""
        with writing(self.engine) as connection:
            gone = publications.retire(connection, _found(connection, slug).number, author)
            retired = catalogue.versions_of(connection, slug)[0]
        self._keeper.clean(gone)
        return retired

    def close(self) -> None:
        """Gives the database's connections back."""
        self.engine.dispose()

    def documents(self) -> list[Version]:
        """The live guidelines by slug."""
        with reading(self.engine) as connection:
            return catalogue.live_versions(connection)

    def versions(self, slug: str) -> list[Version]:
        """Every version of a guideline, newest first; empty for an unknown slug."""
        with reading(self.engine) as connection:
            return catalogue.versions_of(connection, slug)

    def guideline(self, slug: str) -> Guideline:
        """The live guideline itself. Raises GuidelineNotFound."""
        with reading(self.engine) as connection:
            document = catalogue.document_of(connection, _found(connection, slug).number)
        return parse_guideline(document, f"{slug}.md")

    def passage(self, chunk_id: str) -> Passage:
        """The passage with this id, live or retired, so that a citation stays openable.

        Raises PassageNotFound.
        """
        with reading(self.engine) as connection:
            found = catalogue.newest_passage(connection, chunk_id)
        if found is None:
            raise PassageNotFound(f"no passage has the id '{chunk_id}'")
        return found

    def ensure_index(self) -> None:
        """Rebuilds the vector index unless it holds everything that is live."""
        self._keeper.ensure()

    def rebuild(self) -> int:
        """Builds the vector index anew beside the live one and switches it in; the number of chunks in it."""
        return self._keeper.rebuild()

    def check(self) -> list[str]:
        """What is wrong with the vector index, in words; empty when it holds exactly what is live."""
        return [*self._keeper.missing(), *self._keeper.left_over()]


def _live(connection: Connection, slug: str) -> Version | None:
    newest = catalogue.versions_of(connection, slug)[:1]
    return newest[0] if newest and newest[0].retired is None else None


def _found(connection: Connection, slug: str) -> Version:
    live = _live(connection, slug)
    if live is None:
        raise GuidelineNotFound(f"no live guideline is called '{slug}'; see: ./run knowledge list")
    return live
