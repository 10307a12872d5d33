"""Where on the body something is, as a patient names it: the part and its side. Photos are told apart by it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from agents.stems import stem
from agents.subjects import CAME_BACK
from agents.triage.carried import RELATIVES
from cases.record import History

_PARTS = {
    "head scalp crown hairline": "head",
    "temple temples": "head face",
    "face cheek cheeks nose nostril nostrils forehead chin jaw lip lips eyebrow eyebrows eyelid eyelids": "face",
    "ear ears earlobe earlobes": "ear",
    "neck nape": "neck",
    "collarbone": "neck chest shoulder",
    "chest breast breasts nipple nipples ribs sternum": "chest",
    "shoulder shoulders": "shoulder arm back",
    "back spine": "back",
    "belly tummy stomach abdomen navel": "belly",
    "waist flank flanks": "belly back chest",
    "hip hips": "belly leg buttock",
    "arm arms forearm forearms elbow elbows bicep biceps": "arm",
    "armpit armpits": "armpit",
    "wrist wrists": "arm hand",
    "hand hands finger fingers thumb thumbs palm palms knuckle knuckles fingernail fingernails": "hand",
    "groin": "groin genital leg belly",
    "genital genitals penis vulva scrotum labia testicle testicles": "genital",
    "buttock buttocks bum": "buttock",
    "leg legs knee knees thigh thighs shin shins calf calves": "leg",
    "ankle ankles": "leg foot",
    "foot feet toe toes heel heels sole soles toenail toenails": "foot",
}
"""Words for a place, and the parts of the body that it may belong to."""
_PARTS_OF = {word: frozenset(parts.split()) for words, parts in _PARTS.items() for word in words.split()}
_WORD = "|".join(sorted(_PARTS_OF, key=len, reverse=True))
_NAMED = re.compile(rf"\b(?:{_WORD})\b")
_SIDE = re.compile(
    rf"\b(left|right)[- ](?:(?:upper|lower|inner|outer|front|big|little|middle|ring|index)[- ])*(?=(?:{_WORD}|side)\b)"
)
_NO_PLACE = re.compile(
    rf"{CAME_BACK}|\bon the other hand\b|(?<=left|ight)[- ]hand(?= side)|\b(?:hand|arm)['’]?s (?:width|length)\b"
)
"""Words for a place that name none."""
_WHOSE = re.compile(
    rf"\b(?:my|our) (?:[\w-]+ ){{0,3}}?({RELATIVES})(?=['’]s?\b| (?:has|have|had|is|got)\b)"
    rf"|\b(?:on|of) (?:my|our) (?:[\w-]+ ){{0,3}}?({RELATIVES})\b"
)
_BACK_OF = re.compile(rf"\b(?:{RELATIVES})['’]s (?=back\b)")
_BY_BUTTON = {
    "face": "head face ear neck",
    "trunk": "chest back belly shoulder buttock armpit",
    "folds": "groin armpit buttock genital chest belly neck arm leg",
    "limbs": "arm leg",
    "hands": "hand foot arm leg",
    "genital": "genital groin buttock",
}
"""What the answers to the question where it is leave open."""
_SITE = "site:"


@dataclass(frozen=True, slots=True)
class Place:
    """`named`: stems of the words for it. `parts`: of the body that it may belong to. `sides`: left, right.

    `people`: others than who writes, on whose body it is.
    """

    named: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()
    sides: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()

    def is_elsewhere(self, other: "Place") -> bool:
        """Whether both are known and cannot be the same place."""
        sides = self.sides | other.sides
        opposite = len(self.sides) == len(other.sides) == 1 and len(sides) == 2
        return opposite or bool(self.parts and other.parts and self.parts.isdisjoint(other.parts))

    def is_called_the_same(self, other: "Place") -> bool:
        """Whether both are named by one and the same word, and side, of one and the same person."""
        alike = self.named == other.named and self.sides == other.sides and self.people == other.people
        return len(self.named) == 1 and alike


UNTOLD = Place()
"""Nothing was said of the place."""


def place_of(history: History, texts: Iterable[str]) -> Place:
    """The place of a case: the region, or what the texts name, or else what was pressed. Empty where none was told."""
    in_words = _read(". ".join(texts))
    told = _read(history.region or "")
    told = told if told.named else in_words
    if told.named:
        return replace(told, people=in_words.people)
    pressed = (each.removeprefix(_SITE) for each in history.answers if each.startswith(_SITE))
    return Place(parts=frozenset(part for site in pressed for part in _BY_BUTTON.get(site, "").split()))


def _read(text: str) -> Place:
    told = text.casefold()
    plain = " ".join(_NO_PLACE.sub(" ", _BACK_OF.sub("his ", told)).split())
    words = _NAMED.findall(plain)
    return Place(
        named=frozenset(map(stem, words)),
        parts=frozenset(part for word in words for part in _PARTS_OF[word]),
        sides=frozenset(_SIDE.findall(plain)),
        people=frozenset(match[match.lastindex or 0] for match in _WHOSE.finditer(told)),
    )
