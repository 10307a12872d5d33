"""What a dermatologist decides by before a document is published: its passages, what was taken out, what changes."""

from pydantic import BaseModel, ConfigDict

from knowledge.formats.extracted import Removed


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CitedPassage(_Part):
    """A passage under the mark [n] of an answer. `key` is the document's in the library, a guideline's is its slug."""

    n: int
    slug: str
    title: str
    section: str
    key: str
    version: str
    page: int | None
    text: str


class GivenAnswer(_Part):
    """An answer as a patient reads it, with the passages it cites in the order of their marks."""

    text: str
    passages: tuple[CitedPassage, ...]


class ChangedAnswer(_Part):
    """A standing question that would be answered otherwise."""

    question: str
    before: GivenAnswer
    after: GivenAnswer


class Comparison(_Part):
    """How many standing questions were asked, and those that would be answered otherwise."""

    questions: int
    changed_answers: tuple[ChangedAnswer, ...]


class Report(_Part):
    """What the author decides by. `new` and `gone` are texts of passages beside the live version.

    `questions` is how many standing questions were asked; None: answers were not compared.
    """

    passages: int
    pages: int | None
    new: tuple[str, ...]
    gone: tuple[str, ...]
    unchanged: int
    removed: tuple[Removed, ...]
    warnings: tuple[str, ...]
    questions: int | None = None
    changed_answers: tuple[ChangedAnswer, ...] = ()
