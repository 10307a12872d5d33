"""What the library hands over its border: guidelines, their sources and sections, passages, versions.

All are frozen; nothing here reads or writes anything.
"""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Record):
    """A publication a guideline rests on. `year` and `url` stay empty when they could not be checked."""

    organisation: str
    title: str
    year: int | None
    url: str | None

    @property
    def citation(self) -> str:
        """For example "NICE, Suspected cancer: recognition and referral (NG12), 2015"."""
        parts = [self.organisation, self.title, *([str(self.year)] if self.year else [])]
        return ", ".join(parts)


class Section(_Record):
    """The text below one heading; `subheading` only below "When to get help"."""

    heading: str
    subheading: str | None
    text: str

    @property
    def label(self) -> str:
        """For example "When to get help / Same day", or "Overview"."""
        return f"{self.heading} / {self.subheading}" if self.subheading else self.heading


class Guideline(_Record):
    """One guideline as its file holds it. `reviewed` is empty until a clinician has reviewed the text."""

    slug: str
    title: str
    disease_class: str
    icd11: str | None
    synonyms: tuple[str, ...]
    sources: tuple[Source, ...]
    jurisdiction: str
    language: str
    version: str
    reviewed: date | None
    review_by: date
    sections: tuple[Section, ...]


class Document(_Record):
    """A free document about one condition, in the form `knowledge.formats` gives: it stands beside the guideline.

    `key` tells it from other documents; `source` is how it is cited.
    """

    key: str
    slug: str
    title: str
    jurisdiction: str
    language: str
    version: str
    reviewed: date | None
    review_by: date
    source: str
    file_name: str
    text: str


class Version(_Record):
    """One publication of a guideline or document. It is live until `retired` is set, by a newer version or by hand.

    The `key` of a guideline is its slug. `restores` is the number of the earlier version it brings back.
    """

    number: int
    key: str
    slug: str
    title: str
    version: str
    jurisdiction: str
    language: str
    author: str
    approved_by: str | None
    published: datetime
    reviewed: date | None
    review_by: date
    valid_from: date | None
    file_name: str
    sha256: str
    restores: int | None
    retired: datetime | None
    retired_by: str | None


class Passage(_Record):
    """A piece of a guideline or document that can be cited and opened word for word.

    `document` is the name of its file, `key` the key under which the library has it. `section` is a label such as
    "When to get help / Same day". `score` orders the results of one search and means nothing across searches; it is 0
    for a passage opened by its id.
    """

    chunk_id: str
    slug: str
    title: str
    section: str
    text: str
    document: str
    key: str
    version: str
    page: int | None
    source: str
    reviewed: date | None
    score: float
    review_by: date | None = None


class Deed(_Record):
    """Who did what, and when; `subject` is a key of the library, a person or a document."""

    number: int
    time: datetime
    actor: str
    action: str
    subject: str
    detail: str
