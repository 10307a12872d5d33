"""Documents on their way into the library: received, read, shown to their author, approved, published.

A submission keeps the file as it came, so it can be read again after a crash. Reading is slow and runs in the
worker (queue `library`); what it found, the passages, what was taken out, the difference to the live version and
the answers that would change, is the report the author decides by.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, Row, insert, select, update

from conditions import CONDITIONS
from knowledge import audit, tables
from knowledge.audit import Action
from knowledge.database import reading, writing
from knowledge.editions import Edition, edition_of
from knowledge.errors import ChangeRefused, DocumentRefused, GuidelineInvalid
from knowledge.formats.extracted import Extracted, Removed
from knowledge.guideline_file import parse_guideline
from knowledge.library import Library
from knowledge.record import Document, Version
from knowledge.sandbox import LARGEST_FILE, read_safely

REVIEW_AFTER = timedelta(days=365)
"""When a document that names no date must be reviewed."""


class State(StrEnum):
    """Where a submission stands."""

    RECEIVED = "received"
    READY = "ready"
    REFUSED = "refused"
    WAITING = "waiting"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


OPEN = (State.RECEIVED, State.READY, State.WAITING)


class Details(BaseModel):
    """What the author says of a free document; a guideline in the fixed form says it itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slug: str | None = None
    title: str | None = None
    version: str | None = None
    jurisdiction: str = "international"
    language: str = "en"
    source: str | None = None
    review_by: date | None = None
    valid_from: date | None = None


class ChangedAnswer(BaseModel):
    """A standing question that would be answered otherwise: both answers with the passages they rest on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    before: str
    after: str
    before_passages: tuple[str, ...]
    after_passages: tuple[str, ...]


class Report(BaseModel):
    """What the author decides by."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    passages: int
    pages: int | None
    new: tuple[str, ...]
    gone: tuple[str, ...]
    unchanged: int
    removed: tuple[Removed, ...]
    warnings: tuple[str, ...]
    changed_answers: tuple[ChangedAnswer, ...]


@dataclass(frozen=True, slots=True)
class Submission:
    """One document on its way. `replaces` is the number of the live version it was compared with."""

    number: int
    received: datetime
    author: str
    file_name: str
    state: State
    progress: str
    edition: Edition | None
    report: Report | None
    replaces: int | None
    decided_by: str | None


class Submissions:
    """All submissions to `library`. Every method may raise LibraryUnavailable."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._engine = library.engine

    def receive(self, content: bytes, file_name: str, author: str, details: Details) -> int:
        """Keeps a file; its number. The same file of the same author, while it is open, is the same submission.

        Raises DocumentRefused for one that is too large.
        """
        if len(content) > LARGEST_FILE:
            problem = f"this file has {len(content) // 1_000_000} MB, and at most {LARGEST_FILE // 1_000_000} are taken"
            raise DocumentRefused(f"{problem}: remove its pictures or split it")
        sent = {
            "author": author,
            "file_name": _plain_name(file_name),
            "content": content,
            "details": details.model_dump_json(),
        }
        column = tables.submissions.c
        same = select(column.number).where(
            column.state.in_(OPEN), *(column[name] == value for name, value in sent.items())
        )
        with writing(self._engine) as connection:
            if (known := connection.execute(same).scalar()) is not None:
                return int(known)
            values = {**sent, "received": datetime.now(UTC), "state": State.RECEIVED, "progress": ""}
            key = connection.execute(insert(tables.submissions).values(values)).inserted_primary_key
            assert key is not None
            audit.note(connection, author, Action.SUBMITTED, _plain_name(file_name), f"submission {key[0]}")
            return int(key[0])

    def get(self, number: int) -> Submission:
        """One submission. Raises ChangeRefused for an unknown number."""
        with reading(self._engine) as connection:
            return _submission(_row(connection, number))

    def pending(self) -> list[Submission]:
        """Those that wait for something, oldest first."""
        column = tables.submissions.c
        asked = select(tables.submissions).where(column.state.in_(OPEN)).order_by(column.number)
        with reading(self._engine) as connection:
            return [_submission(row) for row in connection.execute(asked)]

    def read(
        self,
        number: int,
        changed_answers: Callable[[Edition], list[ChangedAnswer]] = lambda edition: [],
        tell: Callable[[str], None] = lambda progress: None,
    ) -> Submission:
        """Reads the file and writes the report, or why it is refused. Reading it twice does no harm.

        `tell` hears how far it is.
        """
        with reading(self._engine) as connection:
            row = _row(connection, number)
        if row.state not in (State.RECEIVED, State.READY):
            return _submission(row)

        def told(progress: str) -> None:
            self._set(number, progress=progress)
            tell(progress)

        def page(at: int, of: int) -> None:
            if at == of or at % 20 == 0:
                told(f"page {at} of {of}")

        try:
            edition, extracted = prepared(
                row.content, row.file_name, Details(**json.loads(row.details)), self._library, page
            )
            told("comparing answers")
            live = self._library.edition(edition.key)
            report = reported(edition, live, extracted, changed_answers(edition))
        except (DocumentRefused, GuidelineInvalid) as refused:
            self._set(number, state=State.REFUSED, progress=str(refused))
            return self.get(number)
        newest = self._library.versions(edition.key)[:1]
        self._set(
            number,
            state=State.READY,
            progress="",
            edition=edition.model_dump_json(),
            report=report.model_dump_json(),
            replaces=newest[0].number if newest else 0,
        )
        return self.get(number)

    def publish(self, number: int, actor: str) -> Version | None:
        """Publishes what was read; None if it must wait, for a second person or for the day it is valid from.

        Raises ChangeRefused when it is not ready, was decided already, or the library changed since the report.
        """
        submission = self.get(number)
        edition = submission.edition
        if submission.state not in (State.READY, State.WAITING) or edition is None:
            raise ChangeRefused(f"submission {number} is {submission.state}: there is nothing to publish")
        if not self._is_as_previewed(submission, edition):
            raise ChangeRefused("somebody changed this guideline since the preview: send the file again to see both")
        approver = next(
            (name for name in (actor, submission.decided_by) if name and is_other(name, submission.author)), None
        )
        if self._library.settings.library_second_approver and approver is None:
            self._set(number, state=State.WAITING, progress="waiting for a second person to approve it")
            return None
        approval = Action.APPROVED if actor == approver != submission.decided_by else None
        if edition.valid_from and edition.valid_from > self._library.today():
            waits = f"decided; waits for {edition.valid_from}"
            self._decide(number, State.WAITING, approver or actor, approval, waits)
            return None
        version = self._library.publish(edition, submission.author, approver)
        self._decide(number, State.PUBLISHED, approver or actor, approval, "")
        return version

    def publish_due(self) -> list[Version]:
        """Publishes what was decided already and is valid by now; what cannot be says why and goes on waiting."""
        published = []
        for submission in self.pending():
            valid = submission.edition.valid_from if submission.edition else None
            if submission.state is not State.WAITING or not submission.decided_by or not valid:
                continue
            if valid > self._library.today():
                continue
            try:
                version = self.publish(submission.number, submission.decided_by)
            except ChangeRefused as refused:
                self._set(submission.number, progress=str(refused))
                continue
            published.extend([version] if version else [])
        return published

    def withdraw(self, number: int, actor: str) -> None:
        """Takes a submission back. Raises ChangeRefused when it was decided already."""
        if self.get(number).state not in OPEN:
            raise ChangeRefused(f"submission {number} was decided already")
        self._decide(number, State.WITHDRAWN, actor, Action.WITHDREW, "")

    def _is_as_previewed(self, submission: Submission, edition: Edition) -> bool:
        newest = self._library.versions(edition.key)[:1]
        if (newest[0].number if newest else 0) == submission.replaces:
            return True
        # It was published, and the process was killed before it could write that down.
        return (
            bool(newest)
            and newest[0].retired is None
            and newest[0].sha256 == edition.sha256
            and (newest[0].version == edition.version)
        )

    def _set(self, number: int, **values: Any) -> None:
        with writing(self._engine) as connection:
            connection.execute(update(tables.submissions).where(tables.submissions.c.number == number).values(values))

    def _decide(self, number: int, state: State, actor: str, action: Action | None, progress: str) -> None:
        with writing(self._engine) as connection:
            values = {"state": state, "decided": datetime.now(UTC), "decided_by": actor, "progress": progress}
            connection.execute(update(tables.submissions).where(tables.submissions.c.number == number).values(values))
            if action is not None:
                audit.note(connection, actor, action, _row(connection, number).file_name, f"submission {number}")


def prepared(
    content: bytes,
    file_name: str,
    details: Details,
    library: Library,
    tell: Callable[[int, int], None] = lambda page, of: None,
) -> tuple[Edition, Extracted]:
    """The edition a file amounts to. Raises DocumentRefused or GuidelineInvalid."""
    extracted = read_safely(content, file_name, tell)
    # A Markdown file that is named after a condition means to be its guideline.
    is_guideline = PurePath(file_name).suffix == ".md" and PurePath(file_name).stem in CONDITIONS
    if is_guideline or extracted.text.startswith("---\n"):
        return edition_of(parse_guideline(extracted.text, file_name), details.valid_from), extracted
    heading = re.search(r"^#{1,6}\s+(.*\S)", extracted.text, re.MULTILINE)
    title = details.title or (heading[1] if heading else PurePath(file_name).stem.replace("_", " ").replace("-", " "))
    slug = details.slug or _named_slug(f"{title}. {PurePath(file_name).stem}", library)
    if slug is None or slug not in CONDITIONS:
        problem = (
            f"'{details.slug}' is no known condition"
            if details.slug
            else "it is not clear which condition this is about"
        )
        raise DocumentRefused(f"{problem}: name one by its slug, for example psoriasis")
    version = details.version or _today().isoformat()
    document = Document(
        key=_key(file_name, slug),
        slug=slug,
        title=title[:200],
        jurisdiction=details.jurisdiction,
        language=details.language,
        version=version,
        reviewed=None,
        review_by=details.review_by or _today() + REVIEW_AFTER,
        source=details.source or f"{title[:200]}, {version}",
        file_name=_plain_name(file_name),
        text=extracted.text,
    )
    edition = edition_of(document, details.valid_from)
    if not edition.pieces:
        raise DocumentRefused("this document holds no text that could be cited")
    return edition, extracted


def reported(
    edition: Edition, live: Edition | None, extracted: Extracted, changed_answers: list[ChangedAnswer]
) -> Report:
    """The report on an edition beside the live one."""
    before = [piece.text for piece in live.pieces] if live else []
    after = [piece.text for piece in edition.pieces]
    return Report(
        passages=len(after),
        pages=extracted.pages,
        new=tuple(text for text in after if text not in set(before)),
        gone=tuple(text for text in before if text not in set(after)),
        unchanged=sum(text in set(before) for text in after),
        removed=extracted.removed,
        warnings=tuple(_warnings(edition, live)),
        changed_answers=tuple(changed_answers),
    )


def _warnings(edition: Edition, live: Edition | None) -> list[str]:
    found = []
    if edition.reviewed is None:
        found.append("No review date: patients will read “not reviewed by a clinician” at every citation.")
    elif edition.reviewed > _today():
        found.append("The review date lies in the future.")
    if edition.review_by < _today():
        found.append("The date for the next review has passed already.")
    if live and live.version == edition.version and live.sha256 != edition.sha256:
        found.append(f"The text changed, but the version is still {edition.version}.")
    if live and live.jurisdiction != edition.jurisdiction:
        found.append(f"The live version is for {live.jurisdiction}, this one for {edition.jurisdiction}.")
    return found


def _named_slug(words: str, library: Library) -> str | None:
    """The one condition that a title or a file name names."""
    from knowledge.catalogue import live_names
    from knowledge.naming import KnownName, named_slugs

    with reading(library.engine) as connection:
        names = [KnownName(row.phrase, row.slug) for row in live_names(connection) if row.key == row.slug]
    names += [KnownName(slug.replace("-", " "), slug) for slug in CONDITIONS]
    found = named_slugs(words, names)
    return next(iter(found)) if len(found) == 1 else None


def is_other(name: str, author: str) -> bool:
    """Whether `name` is somebody else than `author`, and so may approve what that one hands in."""
    return name.strip().casefold() != author.strip().casefold()


def _key(file_name: str, slug: str) -> str:
    stem = re.sub(r"[^a-z0-9]+", "-", PurePath(file_name).stem.casefold()).strip("-")[:60] or "document"
    return f"{slug}.{stem}"


def _plain_name(file_name: str) -> str:
    name = PurePath(file_name.replace("\\", "/")).name
    return "".join(letter for letter in name if letter.isprintable())[:100] or "document"


def _today() -> date:
    return datetime.now(UTC).date()


def _row(connection: Connection, number: int) -> Row[Any]:
    row = connection.execute(select(tables.submissions).where(tables.submissions.c.number == number)).first()
    if row is None:
        raise ChangeRefused(f"there is no submission {number}")
    return row


def _submission(row: Row[Any]) -> Submission:
    return Submission(
        number=row.number,
        received=row.received,
        author=row.author,
        file_name=row.file_name,
        state=State(row.state),
        progress=row.progress,
        edition=Edition.model_validate_json(row.edition) if row.edition else None,
        report=Report.model_validate_json(row.report) if row.report else None,
        replaces=row.replaces,
        decided_by=row.decided_by,
    )
