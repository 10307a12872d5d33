"""Whom answers are for: where they are and what they read decide which texts may answer them."""

import re
from dataclasses import dataclass
from typing import Final

INTERNATIONAL: Final = "international"
"""The jurisdiction of a text that holds anywhere."""
LANGUAGE_TAG: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
"""A BCP 47 tag, as far as guidelines need it: en, pt-BR."""


@dataclass(frozen=True, slots=True)
class Readership:
    """Readers in one jurisdiction, of one language; None: in any, of any."""

    jurisdiction: str | None = None
    language: str | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether there may be texts that are not for them."""
        return self.jurisdiction is not None or self.language is not None

    def may_be_told(self, jurisdiction: str, language: str) -> bool:
        """Whether a text for `jurisdiction` in `language` may answer them.

        What holds where they are or anywhere may; of languages as RFC 4647's basic filtering has it: readers of en
        may be told what is in en-GB, those of en-GB not what is in en.
        """
        somewhere_else = self.jurisdiction is not None and _plain(jurisdiction) != INTERNATIONAL
        if somewhere_else and not self.is_own(jurisdiction):
            return False
        tag = _plain(language)
        return self.language is None or f"{tag}-".startswith(f"{_plain(self.language)}-")

    def is_own(self, jurisdiction: str) -> bool:
        """Whether a text for `jurisdiction` is for just where they are."""
        return self.jurisdiction is not None and _plain(jurisdiction) == _plain(self.jurisdiction)

    @property
    def words(self) -> str:
        """The texts that may answer them, for example "for UK or international, in en"; empty where all may."""
        own = self.jurisdiction
        where = (
            "" if own is None else "for international" if self.is_own(INTERNATIONAL) else f"for {own} or international"
        )
        return ", ".join(filter(None, (where, f"in {self.language}" if self.language else "")))


def spoken(language: str) -> str:
    """What two tags have in common that are kinds of one language: "en" of en-GB."""
    return _plain(language).split("-")[0]


def _plain(name: str) -> str:
    return name.strip().casefold()
