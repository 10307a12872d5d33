"""Whether an earlier photo shows the same spot as the newest: by what the patient says of it, and by the place.

Two moles that are taken for one would be described as one that changed, or did not. So nothing is compared unless the
patient says that it is one spot, names the same place for both, or asks to compare with the only other photo there is;
and where they do not say that it is one, the answer does not take it for granted.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from agents.body_place import Place
from agents.vision import EarlierPhoto

_NOUN = r"(?:spot|mole|lump|mark|freckle|growth|lesion|patch|bump|blemish)"
_SAME = re.compile(rf"\b(?:the|that|this) (?:exact |very )?same (?:{_NOUN}|one)\b", re.IGNORECASE)
_NOT_SAID = re.compile(
    r"\b(?:in|on|at)\s*$"
    r"|(?:\b(?:not|never|no longer|if|whether|wonder\w*|think|unsure|maybe|perhaps|probably|possibly|might be|may be|"
    r"could be)\b|n['’]t\b|\b(?:is|are) (?:it|this|that|these|they|both)\b)[^.!?,;:]{0,20}$",
    re.IGNORECASE,
)
"""Before "the same mole": it is denied, asked or supposed, or is where something else came up."""
_ASKED = re.compile(r"[^.!?,;:]*\?")
"""After it: "it's the same mole?"."""
_OTHER = re.compile(
    rf"\b(?:another|a (?:\w+ )?different|a (?:brand )?new|a second) {_NOUN}\b"
    rf"|\b(?:not|n['’]t) (?:exactly |really )?the same {_NOUN}\b",
    re.IGNORECASE,
)
_BEFORE = r"\b(?:last|earlier|previous|first|old|other|before)"
_NAMES_EARLIER = rf"\bcompar\w*|{_BEFORE} (?:photo|picture|image|one)\b"
_EARLIER_PHOTO = re.compile(
    rf"{_BEFORE} (?:photo|picture|image)s?\b"
    r"|\bcompar\w*[^.!?]{0,40}\b(?:photo|picture|image)s?\b",
    re.IGNORECASE,
)
_COMPARES = re.compile(
    rf"{_NAMES_EARLIER}|\b(?:has it|did it|is it) (?:changed?|grown?|bigger|different)\b|\bchanged since\b"
    r"|\bsince (?:the )?last\b",
    re.IGNORECASE,
)
_SAYS_ONLY_THAT = re.compile(
    rf"^\W*(?:yes\W+)?(?:(?:it|this|that)(?:['’]?s| is)|(?:they|both) (?:are|show)|both photos (?:are|show))?\W*"
    rf"(?:of )?(?:still )?(?:the )?(?:exact |very )?same (?:{_NOUN}|one)"
    r"(?:\W*$|\W+(?:as|like|that|from|again|i sent|in (?:my|the)|on (?:my|the|both))\b)",
    re.IGNORECASE,
)
"""The answer to being told that nothing is compared before this is said."""


@dataclass(frozen=True, slots=True)
class Comparable:
    """The photo to compare the newest with, if there is one. `sure`: the patient says that it shows the same spot.

    `undecided`: where there is none, those that may show it.
    """

    photo: EarlierPhoto | None = None
    sure: bool = False
    undecided: tuple[EarlierPhoto, ...] = ()


def asks_to_compare(question: str) -> bool:
    """Whether an earlier photo is asked about, or a question about one is answered: "it is the same mole"."""
    return bool(_COMPARES.search(question) or _SAYS_ONLY_THAT.search(question))


def asks_of_earlier_photo(question: str) -> bool:
    """Whether an earlier photo is named, so that it must be said where none could be compared."""
    return _EARLIER_PHOTO.search(question) is not None


def comparable(question: str, texts: Sequence[str], place: Place, earlier: Sequence[EarlierPhoto]) -> Comparable:
    """Which of the `earlier` photos, the newest first, may be compared, by the question and the case's other `texts`.

    `place`: of the newest photo.
    """
    near = tuple(each for each in earlier if not each.place.is_elsewhere(place))
    same = _says_same(question)
    if not same and any(_OTHER.search(text) for text in (question, *texts)):
        return Comparable(undecided=near)
    same = same or any(map(_says_same, texts))
    of_day = [each for each in near if _names_day(question, each.day)]
    if len(of_day) == 1:
        return Comparable(of_day[0], sure=same)
    if len(near) == 1 and (same or re.search(_NAMES_EARLIER, question, re.IGNORECASE)):
        return Comparable(near[0], sure=same)
    called = [each for each in near if each.place.is_called_the_same(place)]
    return Comparable(called[0]) if called and not of_day else Comparable(undecided=near)


def _says_same(text: str) -> bool:
    if _SAYS_ONLY_THAT.search(text) and not text.rstrip().endswith("?"):
        return True
    return any(
        not _NOT_SAID.search(text[: match.start()]) and not _ASKED.match(text, match.end())
        for match in _SAME.finditer(text)
    )


def _names_day(text: str, day: date) -> bool:
    number, month = rf"{day.day}(?:st|nd|rd|th)?", f"{day:%B}".casefold()
    named = rf"\b(?:{number} (?:of )?{month}|{month} {number})\b(?! ?,? ?(?!{day.year})\d{{4}})"
    return re.search(named, text.casefold()) is not None
