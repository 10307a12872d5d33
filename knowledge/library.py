"""The guideline library: publishes, retires and restores guidelines and documents, keeps every version, opens passages.

The database is the truth; `publications` writes its rows, `catalogue` reads them, `index_keeper` keeps Chroma
in step.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine

from knowledge import audit, catalogue, publications
from knowledge.audit import Action
from knowledge.database import open_database, reading, writing
from knowledge.editions import Edition, edition_of
from knowledge.embedding import Embedder, RemoteEmbedder
from knowledge.errors import ChangeRefused, GuidelineNotFound, PassageNotFound
from knowledge.guideline_file import parse_guideline, read_guideline
from knowledge.index_keeper import IndexKeeper
from knowledge.publications import Entries
from knowledge.record import Deed, Document, Guideline, Passage, Version
from knowledge.settings import KnowledgeSettings
from knowledge.submission import is_other
from knowledge.vector_index import Index, VectorIndex
from knowledge.vectors import VectorCache

STARTER_TEXTS = Path(__file__).parent / "guidelines"
_OVERTAKEN = "somebody changed this guideline meanwhile: look at it again"
Decide = Callable[[Connection], None]
"""Writes, in the transaction that makes a text live, that this was decided; raises ChangeRefused if it may not be."""
STARTER = "starter"
"""The author of the starter texts. Whatever a person has published or retired is not overwritten by them."""


def open_library(
    settings: KnowledgeSettings, embedder: Embedder | None = None, index: Index | None = None
) -> "Library":
    """The library on its migrated database, with the settings' embedding server and Chroma unless others are given.

    Raises LibraryUnavailable. Chroma and the embedder are first needed by a publication or a search.
    """
    return Library(
        engine=open_database(settings),
        index=index or VectorIndex(settings.chroma_url),
        embedder=embedder or RemoteEmbedder(settings.embedder_url),
        settings=settings,
    )


def load_starter(library: "Library", folder: Path = STARTER_TEXTS) -> int:
    """Publishes the guideline files of `folder` that are new or changed; how many. Mends the index first.

    A guideline that a person has published or retired is left as they left it. All files are read before any
    is published. Raises GuidelineInvalid and whatever `publish` raises.
    """
    guidelines = [read_guideline(path) for path in sorted(folder.glob("*.md"))]
    if folder == STARTER_TEXTS and not library.documents():
        library.remember_shipped_vectors()
    library.ensure_index()
    return sum(_bring_in(library, guideline) for guideline in guidelines)


def _bring_in(library: "Library", guideline: Guideline) -> bool:
    versions = library.versions(guideline.slug)
    if not _is_due(versions, guideline):
        return False
    try:
        library.publish(guideline, STARTER, after=newest_number(versions))
    except ChangeRefused:
        return False  # A person was quicker.
    return True


def _is_due(versions: Sequence[Version], guideline: Guideline) -> bool:
    if not versions:
        return True
    newest = versions[0]
    untouched = newest.author == STARTER and newest.retired is None
    return untouched and newest.sha256 != edition_of(guideline).sha256


class Library:
    """All guidelines and documents, each under its key. Every method may raise LibraryUnavailable.

    Those that write also what the indexes raise. A change is one transaction: a reader sees the state before
    it or the state after it, and so does whoever comes after a process was killed in the middle.
    """

    def __init__(self, engine: Engine, index: Index, embedder: Embedder, settings: KnowledgeSettings) -> None:
        self.engine = engine
        self.index = index
        self.settings = settings
        self.model = settings.embedding_model
        self._vectors = VectorCache(engine, embedder, self.model)
        self._keeper = IndexKeeper(engine, index, self._vectors, self.model)

    def publish(
        self,
        text: Guideline | Document | Edition,
        author: str,
        approved_by: str | None = None,
        after: int | None = None,
        decide: Decide | None = None,
    ) -> Version:
        """Makes `text` the live version of its key; publishing the live text again changes nothing.

        `after`: only if that is still the number of the newest version, 0 for none. `decide` writes in the same
        transaction why it is published, or raises. Raises ChangeRefused where a second person must approve and nobody
        else did, where it is not valid yet, or where somebody was quicker.
        """
        edition = text if isinstance(text, Edition) else edition_of(text)
        self._refuse_publication(edition, author, approved_by)
        return self._put_live(edition, author, approved_by, None, after, decide)

    def publish_all(self, editions: Sequence[Edition], author: str) -> None:
        """Makes many editions live, each in a transaction of its own."""
        for edition in editions:
            self.publish(edition, author)

    def restore(self, key: str, author: str, number: int | None = None, after: int | None = None) -> Version:
        """Makes an earlier version live again, word for word: version `number`, or else the one before.

        Where a version is live this rolls it back, where none is it brings the last one back. `after`: only if that
        is still the newest version. Raises GuidelineNotFound, or ChangeRefused where there is nothing to go back to,
        somebody was quicker, its review is long overdue, or whoever wrote it may not be the one to bring it back.
        """
        edition, earlier = self._earlier(key, number)
        self._refuse_restoration(edition, earlier, author)
        return self._put_live(edition, author, earlier.approved_by, earlier.number, after)

    def earlier(self, key: str, number: int | None = None) -> Edition:
        """What `restore` would bring back. Raises what it raises."""
        return self._earlier(key, number)[0]

    def _earlier(self, key: str, number: int | None) -> tuple[Edition, Version]:
        with reading(self.engine) as connection:
            versions = catalogue.versions_of(connection, key)
            if not versions:
                raise GuidelineNotFound(f"nothing in the library is called '{key}'; see: ./run knowledge list")
            earlier = _earlier(versions, number)
            return catalogue.edition_of(connection, earlier.number), earlier

    def retire(self, key: str, author: str, number: int | None = None) -> Version:
        """Takes a guideline out of every search; its passages stay openable. `number`: only if that version is live.

        Raises GuidelineNotFound, or ChangeRefused where another version is live by now.
        """
        with writing(self.engine) as connection:
            live = _found(connection, key).number
            if number not in (None, live):
                raise ChangeRefused(_OVERTAKEN)
            gone = publications.retire(connection, live, author)
            retired = catalogue.versions_of(connection, key)[0]
            audit.note(connection, author, Action.RETIRED, key, f"version {retired.version}")
        self._keeper.clean(gone)
        return retired

    def remember_shipped_vectors(self) -> None:
        """Takes over the vectors that come with the starter texts, so that they need not be computed."""
        from knowledge import shipped_vectors

        self._vectors.remember(shipped_vectors.read())

    def close(self) -> None:
        """Gives the database's connections back."""
        self.engine.dispose()

    def documents(self) -> list[Version]:
        """The live guidelines and documents by slug."""
        with reading(self.engine) as connection:
            return catalogue.live_versions(connection)

    def versions(self, key: str) -> list[Version]:
        """Every version of a guideline or document, newest first; empty for an unknown key."""
        with reading(self.engine) as connection:
            return catalogue.versions_of(connection, key)

    def version(self, number: int) -> Version:
        """One version, live or not. Raises GuidelineNotFound."""
        with reading(self.engine) as connection:
            found = catalogue.version(connection, number)
        if found is None:
            raise GuidelineNotFound(f"no version has the number {number}")
        return found

    def document(self, number: int) -> str:
        """The whole text of a version, word for word. Raises GuidelineNotFound."""
        with reading(self.engine) as connection:
            if catalogue.version(connection, number) is None:
                raise GuidelineNotFound(f"no version has the number {number}")
            return catalogue.document_of(connection, number)

    def retired(self) -> list[Version]:
        """The last version of each guideline and document that has no live one, by slug."""
        with reading(self.engine) as connection:
            return catalogue.retired_versions(connection)

    def edition(self, key: str) -> Edition | None:
        """All that is stored of the live version, or None."""
        with reading(self.engine) as connection:
            live = _live(connection, key)
            return None if live is None else catalogue.edition_of(connection, live.number)

    def deeds(self, limit: int = 50, subject: str | None = None) -> list[Deed]:
        """Who did what, newest first."""
        return audit.deeds(self.engine, limit, subject)

    def today(self) -> date:
        """The day by which validity and reviews are judged, in UTC."""
        return datetime.now(UTC).date()

    def due_from(self, today: date | None = None) -> date:
        """The earliest day a review may have been due for the text still to be searched."""
        return (today or self.today()) - timedelta(days=self.settings.library_grace_days)

    def guideline(self, slug: str) -> Guideline:
        """The live guideline itself. Raises GuidelineNotFound."""
        with reading(self.engine) as connection:
            found = _found(connection, slug)
            if found.key != found.slug:
                raise GuidelineNotFound(f"'{slug}' is a document, not a guideline in the fixed form")
            document = catalogue.document_of(connection, found.number)
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

    def rebuild(self, tell: Callable[[int, int], None] = lambda done, of: None) -> int:
        """Builds the vector index anew beside the live one and switches it in; the number of chunks in it.

        `tell` hears how many texts are embedded, of how many.
        """
        return self._keeper.rebuild(tell)

    def check(self) -> list[str]:
        """What is wrong with the vector index, in words; empty when it holds exactly what is live."""
        return [*self._keeper.missing(), *self._keeper.left_over()]

    def _refuse_publication(self, edition: Edition, author: str, approved_by: str | None) -> None:
        second = (approved_by or "").strip().casefold()
        if self.settings.library_second_approver and author != STARTER and second in ("", author.strip().casefold()):
            raise ChangeRefused(
                "a second person must approve what is published here: submit it, and let somebody else approve it"
            )
        if edition.valid_from and edition.valid_from > self.today():
            raise ChangeRefused(f"this text is valid from {edition.valid_from}: submit it, and it is published then")

    def _refuse_restoration(self, edition: Edition, earlier: Version, author: str) -> None:
        if self.settings.library_second_approver and not is_other(author, self._writer(earlier)):
            raise ChangeRefused(
                "a second person must bring back what you wrote: ask somebody else, or retire what is live"
            )
        if edition.review_by < self.due_from():
            raise ChangeRefused(
                f"its review was due {edition.review_by} and nobody would find it: submit it with a new review date"
            )

    def _writer(self, version: Version) -> str:
        """Who published the text of a version first, whoever brought it back since."""
        while version.restores:
            version = self.version(version.restores)
        return version.author

    def _put_live(
        self,
        edition: Edition,
        author: str,
        approved_by: str | None,
        restores: int | None,
        after: int | None = None,
        decide: Decide | None = None,
    ) -> Version:
        self._keeper.begin()
        chunk_entries = self._keeper.chunk_entries(edition.slug, edition.title, edition.pieces)
        name_entries = self._keeper.name_entries(edition.slug, publications.names_of(edition))
        with writing(self.engine) as connection:
            before = _live(connection, edition.key)
            is_live = before is not None and catalogue.edition_of(connection, before.number) == edition
            if not is_live and after not in (None, newest_number(catalogue.versions_of(connection, edition.key))):
                raise ChangeRefused(_OVERTAKEN)
            if decide is not None:
                decide(connection)
            if before is not None and is_live:
                return before
            self._keeper.add(connection, chunk_entries, name_entries)
            gone = publications.retire(connection, before.number, author) if before else Entries()
            publications.store(connection, edition, author, approved_by, restores)
            published = catalogue.versions_of(connection, edition.key)[0]
            action = Action.PUBLISHED if restores is None else Action.RESTORED
            approval = f", approved by {approved_by}" if approved_by else ""
            audit.note(connection, author, action, edition.key, f"version {edition.version}{approval}")
        self._keeper.clean(gone)
        return published


def _earlier(versions: Sequence[Version], number: int | None) -> Version:
    """The version to go back to."""
    if number is not None:
        found = next((version for version in versions if version.number == number), None)
        if found is None or found.retired is None:
            raise ChangeRefused(f"there is no earlier version with the number {number}; see: ./run knowledge versions")
        return found
    if versions[0].retired is not None:
        return versions[0]
    # A version that was itself brought back is no step forward: go on from the one it restored.
    at = versions[0].restores or versions[0].number
    older = [version for version in versions if version.number < at and version.restores is None]
    if not older:
        raise ChangeRefused(f"there is no version of '{versions[0].key}' before the live one")
    return older[0]


def newest_number(versions: Sequence[Version]) -> int:
    """The number of the newest of a key's versions, 0 where there is none."""
    return versions[0].number if versions else 0


def _live(connection: Connection, key: str) -> Version | None:
    newest = catalogue.versions_of(connection, key)[:1]
    return newest[0] if newest and newest[0].retired is None else None


def _found(connection: Connection, key: str) -> Version:
    live = _live(connection, key)
    if live is None:
        raise GuidelineNotFound(f"no live guideline is called '{key}'; see: ./run knowledge list")
    return live
