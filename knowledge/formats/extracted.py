"""What reading a document gives: its visible text, and what was taken out of it."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

PAGE = "\f"
"""Ends a page of a text."""


class Trick(StrEnum):
    """Why something was taken out of a document."""

    INVISIBLE = "invisible text"
    CONTROL = "invisible characters"
    COMMENT = "a comment"
    SCRIPT = "a script"
    MARKUP = "markup"
    BESIDE = "beside the text"
    UNREADABLE = "something that cannot be read"
    INSTRUCTION = "an instruction to a machine"

    @classmethod
    def _missing_(cls, value: object) -> "Trick":
        """What a newer program told of, in words of its own, is something that this one cannot read."""
        return cls.UNREADABLE


class Removed(BaseModel):
    """Something taken out: why, where (a page, or empty) and how it began."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trick: Trick
    place: str
    excerpt: str

    @property
    def words(self) -> str:
        """All three in a line."""
        return f"{self.trick}{f', {self.place}' if self.place else ''}: {self.excerpt}"


class Extracted(BaseModel):
    """A document's visible text: Markdown, each page ended by `PAGE`; `pages` is None where there are none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    pages: int | None
    removed: tuple[Removed, ...] = ()


def removed(trick: Trick, text: str, place: str = "") -> Removed:
    """The note of something taken out, shortened to be shown."""
    shown = " ".join("".join(letter if letter.isprintable() else "·" for letter in text).split())
    return Removed(trick=trick, place=place, excerpt=shown[:160])
