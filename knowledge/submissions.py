"""Documents on their way into the library: received, read, shown to their author, approved, published.

A submission keeps the file as it came, so it can be read again after a crash. Reading is slow and runs in the
worker (queue `library`); what it found, the passages, what was taken out, the difference to the live version and
the answers that would change, is the report the author decides by.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update

from knowledge import audit, tables
from knowledge.audit import Action
from knowledge.database import reading, writing
from knowledge.errors import ChangeRefused, DocumentRefused, GuidelineInvalid, KnowledgeError
from knowledge.library import Library, newest_number
from knowledge.preparing import plain_name, prepared, reported
from knowledge.record import Version
from knowledge.rehearsal import Change
from knowledge.report import Comparison
from knowledge.sandbox import refuse_too_large
from knowledge.submission import Details, State, Submission, is_other, submission_of

MOST_STARTS: Final = 5
"""Readings that began and never ended, after which a file counts as one that cannot be read."""

OPEN = (State.RECEIVED, State.READY, State.WAITING)
_READABLE = (State.RECEIVED, State.READY)
UNDECIDED = (*OPEN, State.REFUSED)
"""What may be read again, or taken back."""
_DECIDABLE = (State.READY, State.WAITING)
_FORGOTTEN: Mapping[State, Mapping[str, Any]] = {
    State.PUBLISHED: {"content": b""},
    State.WITHDRAWN: {"content": b"", "edition": None, "report": None},
}
"""What is not kept once it is decided: somebody may have sent a patient's letter by mistake."""

KEPT_REFUSED: Final = timedelta(days=14)
"""How long a refused file waits to be read again or taken back, from when it was refused."""
CLEARED: Final = "skingpt"
"""Who takes back what nobody else does."""

_SHOWN = tuple(column for column in tables.submissions.c if column.name != "content")
"""A file may have 25 MB: it is loaded to be read, and for nothing else."""

Tell = Callable[[int, int], None]
"""Hears how much is done, of how much."""
CompareAnswers = Callable[[Change, Tell], Comparison | None]
"""Asks the standing questions before and after a change."""


class Submissions:
    """All submissions to `library`. Every method may raise LibraryUnavailable."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._engine = library.engine

    def receive(self, content: bytes, file_name: str, author: str, details: Details) -> int:
        """Keeps a file; its number. The same file of the same author, while it is open, is the same submission.

        Raises DocumentRefused for one that is too large.
        """
        refuse_too_large(content)
        sent = {
            "author": author,
            "file_name": plain_name(file_name),
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
            audit.note(connection, author, Action.SUBMITTED, plain_name(file_name), f"submission {key[0]}")
            return int(key[0])

    def get(self, number: int) -> Submission:
        """One submission. Raises ChangeRefused for an unknown number."""
        found = self._those(tables.submissions.c.number == number)
        if not found:
            raise ChangeRefused(f"there is no submission {number}")
        return found[0]

    def pending(self) -> list[Submission]:
        """Those that wait for something, oldest first."""
        return self._those(tables.submissions.c.state.in_(OPEN))

    def amend(self, number: int, actor: str, details: Details) -> None:
        """Has the file read again, with what its author says of it now.

        Anybody may with the same details, to compare it with what is live by now; once it was decided for a later day
        only its author and who decided. Raises ChangeRefused for other details of another person's, and when it was
        published or withdrawn.
        """
        submission = self.get(number)
        if details != submission.details and is_other(actor, submission.author):
            raise ChangeRefused(f"only {submission.author} can say otherwise what submission {number} is about")
        if submission.state is State.WAITING and not submission.may_be_read_again(actor):
            problem = f"submission {number} was decided already by {submission.decided_by}"
            raise ChangeRefused(f"{problem}: only they and {submission.author} can have it read again")
        names = ("edition", "report", "replaces", "decided", "decided_by", "attempts")
        anew = dict.fromkeys(names) | {"state": State.RECEIVED, "progress": "", "details": details.model_dump_json()}
        if not self._set(number, anew, UNDECIDED):
            raise ChangeRefused(f"submission {number} was decided already")

    def read(self, number: int, compare: CompareAnswers | None = None, tell: Tell | None = None) -> Submission:
        """Reads the file and writes the report, or why it is refused. Reading it twice does no harm.

        `compare` asks the standing questions; `tell` hears of pages and then of questions. A reading that never
        ends because its process dies is tried MOST_STARTS times. Raises what `compare` raises; it stays unread then.
        """
        with reading(self._engine) as connection:
            row = _row(connection, number)
        if row.state not in _READABLE or not self._begin(number):
            return self.get(number)
        try:
            found = self._found(row, compare, tell or (lambda done, of: None))
        except KnowledgeError as error:
            # A part that is away is not the file's fault.
            self._set(number, {"attempts": row.attempts, "progress": f"waits: {error}"}, (State.RECEIVED,))
            raise
        # Not if it was withdrawn, or its details changed, while this went on.
        self._set(number, {"attempts": 0, **found}, _READABLE, row.details)
        return self.get(number)

    def _begin(self, number: int) -> bool:
        """Counts a start; False and refused where too many never ended."""
        column = tables.submissions.c
        started = func.coalesce(column.attempts, 0) < MOST_STARTS
        with writing(self._engine) as connection:
            one_more = {"attempts": func.coalesce(column.attempts, 0) + 1, "progress": "reading"}
            ours = update(tables.submissions).where(column.number == number)
            if connection.execute(ours.where(started).values(one_more)).rowcount:
                return True
            problem = f"the reader stopped {MOST_STARTS} times without an end: save the file anew, or split it"
            connection.execute(ours.values(state=State.REFUSED, progress=problem, decided=datetime.now(UTC)))
            return False

    def _found(self, row: Row[Any], compare: CompareAnswers | None, tell: Tell) -> dict[str, Any]:
        """What reading the file comes to, as values of its row."""

        def noting(what: str, step: int) -> Tell:
            def note(at: int, of: int) -> None:
                if at == of or at % step == 0:
                    self._set(row.number, {"progress": f"{at} of {of} {what}"}, _READABLE)
                tell(at, of)

            return note

        details = Details.model_validate_json(row.details)
        try:
            edition, extracted = prepared(row.content, row.file_name, details, self._library, noting("pages read", 20))
        except (DocumentRefused, GuidelineInvalid) as refused:
            of_refused = {"progress": str(refused), "decided": datetime.now(UTC), "edition": None, "report": None}
            return {"state": State.REFUSED, **of_refused}
        newest = self._library.versions(edition.key)[:1]
        live = self._library.edition(edition.key)
        answers = compare(Change.publishing(edition), noting("questions compared", 10)) if compare else None
        return {
            "state": State.READY,
            "progress": "",
            "edition": edition.model_dump_json(),
            "report": reported(edition, live, extracted, answers, self._library).model_dump_json(),
            "replaces": newest_number(newest),
        }

    def publish(self, number: int, actor: str, seen: str | None = None) -> Version | None:
        """Publishes what was read; None if it must wait, for a second person or for the day it is valid from.

        `seen`: only if this is still its reading. Raises ChangeRefused when it is not ready, was decided already, or
        it or the library changed since the report.
        """
        submission = self.get(number)
        edition = submission.edition
        if submission.state not in _DECIDABLE or edition is None:
            raise ChangeRefused(f"submission {number} is {submission.state}: there is nothing to publish")
        if seen not in (None, submission.reading):
            raise ChangeRefused(f"submission {number} was read again since you looked: look at it again")
        if newest_number(self._library.versions(edition.key)) != submission.replaces:
            raise ChangeRefused("somebody changed this guideline since the preview: send the file again to see both")
        approver = next(
            (name for name in (actor, submission.decided_by) if name and is_other(name, submission.author)), None
        )
        if self._library.settings.library_second_approver and approver is None:
            waits = "waiting for a second person to approve it"
            self._set(number, {"state": State.WAITING, "progress": waits}, _DECIDABLE)
            return None
        approval = Action.APPROVED if actor == approver != submission.decided_by else None
        valid_from = edition.valid_from if edition.valid_from and edition.valid_from > self._library.today() else None
        state = State.WAITING if valid_from else State.PUBLISHED

        def decide(connection: Connection) -> None:
            now = submission_of(_row(connection, number))
            if replace(now, progress=submission.progress) != submission:
                raise ChangeRefused(f"somebody decided submission {number} meanwhile: look at it again")
            waits = f"decided; waits for {valid_from}" if valid_from else ""
            self._decide(connection, number, state, approver or actor, approval, waits)

        if valid_from is None:
            return self._library.publish(edition, submission.author, approver, submission.replaces, decide)
        with writing(self._engine) as connection:
            decide(connection)
        return None

    def publish_due(self) -> list[Version]:
        """Publishes what was decided already and is valid by now; what cannot be says why and goes on waiting.

        And takes back what was refused long ago.
        """
        self._clear()
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
                self._set(submission.number, {"progress": str(refused)}, (State.WAITING,))
                continue
            published.extend([version] if version else [])
        return published

    def withdraw(self, number: int, actor: str) -> None:
        """Takes a submission back; its file is not kept. Raises ChangeRefused when it was decided already."""
        with writing(self._engine) as connection:
            if _row(connection, number).state not in UNDECIDED:
                raise ChangeRefused(f"submission {number} was decided already")
            self._decide(connection, number, State.WITHDRAWN, actor, Action.WITHDREW, "")

    def _clear(self) -> None:
        """Takes back what was refused and nobody took up: it may be a patient's letter, sent by mistake."""
        column = tables.submissions.c
        refused = func.coalesce(column.decided, column.received)
        old = (column.state == State.REFUSED, refused < datetime.now(UTC) - KEPT_REFUSED)
        with writing(self._engine) as connection:
            for number in connection.execute(select(column.number).where(*old)).scalars().all():
                self._decide(connection, number, State.WITHDRAWN, CLEARED, Action.WITHDREW, "")

    def _those(self, *conditions: ColumnElement[bool]) -> list[Submission]:
        asked = select(*_SHOWN).where(*conditions).order_by(tables.submissions.c.number)
        with reading(self._engine) as connection:
            return [submission_of(row) for row in connection.execute(asked)]

    def _set(
        self,
        number: int,
        values: Mapping[str, Any],
        states: Collection[State] = tuple(State),
        details: str | None = None,
    ) -> bool:
        """Writes `values` where the submission is in one of `states` (and has these details); whether it was."""
        column = tables.submissions.c
        change = update(tables.submissions).where(column.number == number, column.state.in_(states))
        if details is not None:
            change = change.where(column.details == details)
        with writing(self._engine) as connection:
            return bool(connection.execute(change.values(**values)).rowcount)

    def _decide(
        self, connection: Connection, number: int, state: State, actor: str, action: Action | None, progress: str
    ) -> None:
        values = {"state": state, "decided": datetime.now(UTC), "decided_by": actor, "progress": progress}
        values |= _FORGOTTEN.get(state, {})
        connection.execute(update(tables.submissions).where(tables.submissions.c.number == number).values(values))
        if action is not None:
            audit.note(connection, actor, action, _row(connection, number).file_name, f"submission {number}")


def _row(connection: Connection, number: int) -> Row[Any]:
    row = connection.execute(select(tables.submissions).where(tables.submissions.c.number == number)).first()
    if row is None:
        raise ChangeRefused(f"there is no submission {number}")
    return row
