"""What the words of a question say of whether a library of skin guidelines can answer it.

A search always finds something near; near is not an answer. Two things say that a question lies outside: it speaks of
another matter (another organ, an animal as the patient, money, machines; `words.yaml`), or of something that no found
passage mentions.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import yaml

from agents.intents import asking_clauses, asks, intents
from agents.scope.other_illnesses import names_other_medicine, names_other_skin
from agents.sentences import sentences
from agents.stems import content_stems
from agents.subjects import named_in
from agents.vocabulary import RELATED, SAME
from knowledge.record import Passage

_FILE = Path(__file__).with_name("words.yaml")
_CONTACT = re.compile(r"\b(?:from|catch|give|infect\w*|touch\w*|pass)\b", re.IGNORECASE)
"""With these a question about an animal is one about the patient."""
_DOSE = re.compile(
    r"\b(?:dos(?:e|age)s?|how (?:much|many|often)|\d+ ?mg|tablets?|safe with|"
    r"take(?! an? (?:biopsy|sample|photo|swab)))\b",
    re.IGNORECASE,
)
SIGNS = 11
"""Numbers in `signs`."""
_LONG = 40
"""Words from which a question counts as long."""
_TELLING = 2
_DESCRIBES = 2
"""Describing words that make a question one about a skin problem."""
_NO_ILLNESS = frozenset(
    content_stems("diagnosis prognosis dermatitis disease syndrome aroma diploma coma which skin this")
)
_GENERAL = frozenset(
    content_stems(
        "treat treatment cure help cause symptom sign best good safe dangerous serious long last take use need "
        "want know think tell do make get go come see look doctor pharmacist hospital day week month year time "
        "often much many people person child baby adult son daughter wife husband mother father woman man "
        "pregnant pregnancy work school thing way kind part body skin area problem condition illness disease "
        "medicine tablet cream dose usual normal start stop prevent avoid contagious catch spread eat drink wash "
        "show worse better bad new old first last next happen mean call hurt itch explain question answer "
        "guideline information try bring leave live find give put"
    )
)


@lru_cache(maxsize=1)
def _about() -> Mapping[str, re.Pattern[str]]:
    """The patterns of `words.yaml` by name."""
    words: Mapping[str, list[str]] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return {name: re.compile(rf"\b(?:{'|'.join(each)})\b", re.IGNORECASE) for name, each in words.items()}


def signs(question: str) -> tuple[float, ...]:
    """What `covering` weighs beside the question's vector: which kinds of words it has, and how long it is."""
    about = _about()
    told = (
        named_in(question),
        names_other_skin(question),
        names_other_medicine(question),
        describes(question),
        about["animals"].search(question) and not _CONTACT.search(question),
        about["other_matters"].search(question),
        about["other_medicine"].search(question),
        about["skin"].search(question),
        about["illness"].search(question),
        _DOSE.search(question),
    )
    return (*(float(bool(each)) for each in told), min(len(question.split()), _LONG) / _LONG)


def says_little(question: str) -> bool:
    """Whether too few words tell what it is about, as of one that asks on in a case."""
    return len({each for each in content_stems(question) if each not in _GENERAL}) < _TELLING


def outside_by_words(question: str, found: Sequence[Passage]) -> bool:
    """Whether the library cannot answer any sentence of the question, given the passages `found` for it."""
    parts = sentences(question)
    return bool(parts) and all(_is_outside(part, found) for part in parts)


def describes(text: str) -> bool:
    """Whether words of the text describe skin: one alone may stand there by chance."""
    return len({word.casefold() for word in _about()["describing"].findall(text)}) >= _DESCRIBES


def _is_outside(part: str, found: Sequence[Passage]) -> bool:
    about = _about()
    if about["animals"].search(part) and not _CONTACT.search(part):
        return True
    named = bool(named_in(part))
    if not named and (names_other_skin(part) or _names_other_illness(part, found)):
        return True
    if describes(part) and not _DOSE.search(part):
        return False
    if about["other_matters"].search(part):
        return True
    if not named and about["other_medicine"].search(part) and not about["skin"].search(part):
        return True
    return asks(part) and _asks_unknown(part, found, named and bool(intents(asking_clauses(part))))


def _names_other_illness(part: str, found: Sequence[Passage]) -> bool:
    """Whether an illness is named that none of the `found` is about."""
    titled = {stem for passage in found for stem in content_stems(passage.title)} | _NO_ILLNESS
    named = (content_stems(match) for match in _about()["illness"].findall(part))
    return any(stems and not titled.issuperset(stems) for stems in named)


def _asks_unknown(part: str, found: Sequence[Passage], understood: bool) -> bool:
    """Whether most telling words stand in no passage, or any where a dose is asked.

    Where it is `understood` what is asked, and of which condition, words that stand nowhere do not count.
    """
    telling = [each for each in dict.fromkeys(content_stems(part)) if each not in _GENERAL]
    held = {stem for passage in found for stem in content_stems(f"{passage.title} {passage.section} {passage.text}")}
    unknown = [each for each in telling if not _meanings(each) & held]
    if not unknown:
        return False
    return (not understood and len(unknown) * 2 > len(telling)) or bool(
        _DOSE.search(part) and not _about()["skin"].search(part)
    )


def _meanings(stem: str) -> frozenset[str]:
    return frozenset({stem}) | RELATED.get(stem, frozenset()) | SAME.get(stem, frozenset())
