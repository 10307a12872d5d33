"""What a patient's record is made of: frozen values, the same in the database, the tasks, the chat and the
export.
"""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from conditions import Domain, TriageLevel


class Record(BaseModel):
    """Base of all records: unchangeable, and a field it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def day_in_words(day: date | datetime) -> str:
    """For example 3 March 2026."""
    return f"{day.day} {day:%B %Y}"


class DangerSign(StrEnum):
    """The buttons: breathing or swelling · fever or ill · peeling or mouth sores · spreading or severe pain ·
    eye.
    """

    BREATHING = "breathing"
    FEVER = "fever"
    PEELING = "peeling"
    SPREADING = "spreading"
    EYE = "eye"
    NONE = "none"


_TOGETHER = frozenset({"danger", "answers", "wrong", "right"})
"""Fields of a history that grow instead of being replaced."""


class History(Record):
    """What was asked besides the photo; None: not asked, or not known. `age` in years; `region` as in
    PAD-UFES-20.
    """

    age: int | None = Field(default=None, ge=0, le=130)
    itch: bool | None = None
    grew: bool | None = None
    hurt: bool | None = None
    changed: bool | None = None
    bleed: bool | None = None
    elevation: bool | None = None
    region: str | None = None
    spot_or_rash: Literal["spot", "rash"] | None = None
    danger: frozenset[DangerSign] = frozenset()
    pregnant: bool | None = None
    immunosuppressed: bool | None = None
    answers: frozenset[str] = frozenset()
    """What the agent asked further, as "feature:option"; one answer a feature."""
    wrong: frozenset[str] = frozenset()
    """Names of facts read from the patient's words that the patient called wrong."""
    right: frozenset[str] = frozenset()
    """Names of facts that were called wrong and are right after all; said once, never kept."""

    def merged(self, other: "History") -> "History":
        """Both together: the other's answers win where it has any; a danger sign, once told, is never taken
        back.
        """
        told = {name: value for name, value in other if value is not None and name not in _TOGETHER}
        danger = self.danger | other.danger
        if danger != {DangerSign.NONE}:
            danger -= {DangerSign.NONE}
        again = {answer.partition(":")[0] for answer in other.answers}
        answers = other.answers | {each for each in self.answers if each.partition(":")[0] not in again}
        wrong = (self.wrong | other.wrong) - other.right
        return self.model_copy(update={**told, "danger": danger, "answers": answers, "wrong": wrong})


class Reason(Record):
    """Why so urgent: one rule that held. `text` and `action` are for the patient."""

    rule: str
    level: TriageLevel
    text: str
    action: str
    source: str


class Triage(Record):
    """How soon to be seen, and the reasons, most urgent first. Self-care without reasons: no rule held."""

    level: TriageLevel
    reasons: tuple[Reason, ...]


class Possibility(Record):
    """One of the model's choices and its probability, 0 to 1."""

    slug: str
    probability: float = Field(ge=0, le=1)


class Findings(Record):
    """What the vision model said. `differential`: all choices, most likely first; `seconds`: how long it
    took.
    """

    domain: Domain | None
    description: str
    concepts: tuple[str, ...]
    differential: tuple[Possibility, ...]
    abstained: bool
    reason: str | None
    model: str
    seconds: float


class Citation(Record):
    """One passage of a guideline, as the patient can open it; `n` is its mark in the text: [n].

    `review_by`: the day by which somebody should have reviewed the text that was cited; None in older records.
    """

    n: int
    chunk_id: str
    slug: str
    title: str
    section: str
    passage: str
    source: str
    reviewed: date | None
    review_by: date | None = None

    def is_overdue(self, today: date) -> bool:
        """Whether its review was due before `today`, the day on which it is shown: a source may be opened, and acted
        upon, long after the answer that cites it.
        """
        return self.review_by is not None and self.review_by < today


class Statement(Record):
    """One sentence and the numbers of the citations that support it."""

    text: str
    citations: tuple[int, ...]


class PossibilityInWords(Record):
    """What it may be; `words` say how sure, with an action."""

    slug: str
    title: str
    words: str


class FollowUp(Record):
    """A question of the agent with its answers as buttons: (option, label), in order."""

    feature: str
    text: str
    options: tuple[tuple[str, str], ...]


class Advice(Record):
    """The answer to a case, for the history's `revision`. `ask`: what would help to tell the possibilities apart."""

    triage: Triage
    now: str
    seen: str
    possibilities: tuple[PossibilityInWords, ...] = Field(max_length=3)
    statements: tuple[Statement, ...]
    citations: tuple[Citation, ...]
    watch_for: tuple[str, ...]
    see_by: date
    see_whom: str
    limits: str
    revision: int = Field(ge=0)
    ask: FollowUp | None = None

    @property
    def text(self) -> str:
        """The whole answer as plain text, what to do now first, with [n] at each supported sentence."""
        parts = (
            self.now,
            self.seen,
            _listed("What it may be:", (f"{each.title}: {each.words}" for each in self.possibilities)),
            "\n".join(marked(statement) for statement in self.statements),
            _listed("Watch for:", self.watch_for),
            f"See {self.see_whom} by {day_in_words(self.see_by)}." if self.see_whom else "",
            self.limits,
            _listed("Sources:", map(_source_line, self.citations), mark=""),
        )
        return "\n\n".join(part for part in parts if part)


def marked(statement: Statement) -> str:
    """The sentence with its marks: 'Keep it dry. [1][3]'."""
    marks = "".join(f"[{n}]" for n in statement.citations)
    return f"{statement.text} {marks}".rstrip()


def _listed(heading: str, lines: Iterable[str], mark: str = "• ") -> str:
    items = [f"{mark}{line}" for line in lines]
    return "\n".join([heading, *items]) if items else ""


def _source_line(citation: Citation) -> str:
    # The day stands there, and not whether it has passed: nobody knows when a text that is kept will be read.
    due = f"; review due {citation.review_by}" if citation.review_by else ""
    reviewed = f"reviewed {citation.reviewed:%Y-%m-%d}" if citation.reviewed else "not reviewed by a clinician"
    return f"[{citation.n}] {citation.title}, {citation.section}. {citation.source} ({reviewed}{due})"


class Role(StrEnum):
    """Who said it."""

    PATIENT = "patient"
    ASSISTANT = "assistant"


class Turn(Record):
    """One thing said in a case's conversation; `answers` is the id of the patient's turn that this one
    answers.
    """

    id: int
    case_id: str
    role: Role
    text: str
    statements: tuple[Statement, ...] = ()
    citations: tuple[Citation, ...] = ()
    answers: int | None = None
    created: datetime


class Said(Record):
    """Words of the patient, and when they wrote them."""

    text: str
    at: datetime


class OtherCase(Record):
    """What the patient told in another of their cases: in words, oldest first, and by button."""

    id: str
    history: History
    said: tuple[Said, ...]
    created: datetime


class CaseStatus(StrEnum):
    """The stage that is complete; RECEIVED: stored, and waiting for the model."""

    RECEIVED = "received"
    EXAMINED = "examined"
    ADVISED = "advised"
    DELIVERED = "delivered"
    FAILED = "failed"
    CLOSED = "closed"


UNADVISED = (CaseStatus.RECEIVED, CaseStatus.EXAMINED)
ANSWERED = (CaseStatus.ADVISED, CaseStatus.DELIVERED)
ADVISABLE = (CaseStatus.EXAMINED, *ANSWERED)


class Case(Record):
    """A snapshot of one case. `id` is a uuid4 in hex; `words` the caption, or the words that opened it; `stalled` since
    when its present stage waits for a part that is not available; `explainable` whether the model that gave the
    findings can show what it looked at.
    """

    id: str
    patient_id: int
    chat_id: int
    status: CaseStatus
    history: History
    history_revision: int
    words: str
    photo_ids: tuple[int, ...]
    findings: Findings | None
    advice: Advice | None
    status_message_id: int | None
    attempts: int
    stalled: datetime | None = None
    explainable: bool = False
    created: datetime


class Patient(Record):
    """Whoever writes in one private chat; `language` as Telegram gives it, e.g. "en"."""

    id: int
    chat_id: int
    language: str


OutgoingKind = Literal["case", "turn", "text", "notice", "overlay"]


class Outgoing(Record):
    """A message to be sent. `attempts`: how often it was handed out, this time included. `message_id`: the message in
    the chat that was sent for it and is still to be filled.
    """

    id: int
    chat_id: int
    kind: OutgoingKind
    reference: str
    payload: bytes
    attempts: int
    message_id: int | None = None


class Erasure(Record):
    """What was erased: rows by table."""

    counts: dict[str, int]
