"""What a patient told of themselves in other cases, which holds in this one: allergies and weak immunity, and for
forty weeks pregnancy and breastfeeding.

Only what whoever writes says of themselves is carried over: "my wife is pregnant" is of one case. The newest statement
wins, in whichever case it stands; so does a button that calls a fact wrong.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from agents.triage.allergies import placed_allergens
from agents.triage.reading import terms
from agents.triage.sentences import sentences
from agents.triage.told import (
    ALLERGY,
    MOST,
    OWN_SKIN,
    Fact,
    Telling,
    called_wrong,
    facts_in,
    gathered,
    placed_breastfeeding,
    relied_on,
)
from cases.record import Case, History, OtherCase, Role, Said, Turn

_PREGNANCY = timedelta(weeks=40)
_FOR_A_PREGNANCY = frozenset({"pregnant", "breastfeeding"})
_STATES = _FOR_A_PREGNANCY | {"immunosuppressed"}
"""What somebody is, beside what they are allergic to."""
_CLAUSES = {"immunosuppressed": "your immune system is weak"}
_CHILD = 12
"""Years: whoever is younger is not the one who writes of a pregnancy."""
RELATIVES = (
    r"(?:step|grand|god|foster)?-?(?:sons?|daughters?|child(?:ren)?|mothers?|fathers?|mums?|moms?|dads?|parents?)"
    r"|wife|husband|partner|spouse|girlfriend|boyfriend|fianc[eé]e?|bab(?:y|ies)|kids?|toddler|infant|newborn|boys?"
    r"|girls?|twins?|mam|mummy|mommy|daddy|sisters?|brothers?|siblings?|nana?|gran(?:ny|ma|dad|dma|dpa)?|nephews?"
    r"|nieces?|cousins?|aunt(?:ie)?|uncle|friends?|(?:flat|house|room)?mates?|neighbou?rs?|colleagues?"
)
"""Words for somebody else whom one writes for."""
_PERSON = re.compile(
    rf"\b(?:{RELATIVES}|patients?|someone|somebody|anyone|anybody|everyone|people|person|wom[ae]n|m[ae]n|lady|guy|dog"
    r"|cat|he|she|him|hers?|his|hes|shes)\b",
    re.IGNORECASE,
)
_WHOSE = re.compile(rf"(?P<own>\b(?:i|im|ive|am|my|myself)\b)|(?P<other>{_PERSON.pattern})", re.IGNORECASE)
_NAMES_SELF = re.compile(
    r"\b(?:i am|i['’]?m|am|as) (?:(?:an?|the|also|pregnant|new|young|old|older|single|\d[\w-]*|years?|yrs?) )*$",
    re.IGNORECASE,
)
"""Before a word for another person: "I am a mother of two", "I'm a 34 year old woman"."""
_GOES_ON_OF_OTHER = re.compile(r", (?:is|has|gets)\b")
"""After "my son, whom I nurse"."""
_QUOTED = re.compile(
    rf"(?:{_PERSON.pattern})(?: \w+)? (?:says?|said|writes?|wrote|asks?|asked)\W*[:\"“][^\"”]*$", re.IGNORECASE
)
"""Before another's own words: 'my wife says: I am pregnant'."""
_ONLY_IF = re.compile(r"\b(?:if|whether|in case) (?:i am|im|i) (?:\w+ )*$")
_PREGNANT = re.compile(
    rf"\bpregnant\b(?! (?:\w+ )?(?:{RELATIVES}|wom[ae]n|people|patients?|lady|ladies))|\bmy (?P<my>pregnancy)\b"
    r"(?![^.!?]{0,40}\byears? ago\b)",
    re.IGNORECASE,
)
_OF_ANOTHER = re.compile(
    rf"\b(?:my|our) (?:(?!(?:my|our|and|i|it|on|in)\b)[\w-]+ ){{0,4}}?(?:{RELATIVES})(?:['’]s? |"
    r" (?:\w+ )?(?:has|have|had|is(?! (?:due|moving|kicking)\b)|are|got|gets|keeps|came|woke|developed|broke)\b)",
    re.IGNORECASE,
)
_SENTENCE_ENDS = ".!?;\n"


@dataclass(frozen=True, slots=True)
class Carried:
    """A fact that was told in another case, and when."""

    fact: Fact
    at: datetime

    @property
    def day(self) -> date:
        """The day on which it was told."""
        return self.at.date()

    @property
    def clause(self) -> str:
        """The fact as said to the patient: "you are pregnant"."""
        return _CLAUSES.get(self.fact.name, f"you are {self.fact.words}")


@dataclass(frozen=True, slots=True)
class Told:
    """What answers rely on: facts told in the case at hand (`here`), and `carried` over from others, oldest first.

    `wrong`: facts that nothing relies on, because the patient called them wrong in this case.
    """

    here: tuple[Fact, ...]
    carried: tuple[Carried, ...]
    wrong: tuple[Fact, ...]

    @property
    def facts(self) -> tuple[Fact, ...]:
        """All that is relied on, wherever it was told."""
        return (*self.here, *(each.fact for each in self.carried))


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where and when a fact was told that was not told in the case at hand."""

    case: OtherCase
    at: datetime


def said_in(case: Case, turns: Sequence[Turn]) -> tuple[Said, ...]:
    """What the patient wrote in a case: the words that opened it, then those of its turns."""
    later = (Said(text=turn.text, at=turn.created) for turn in turns if turn.role is Role.PATIENT)
    return (Said(text=case.words, at=case.created), *later)


def all_told(said: Sequence[Said], history: History, others: Sequence[OtherCase], today: date) -> Told:
    """What the patient told: `said` and `history` are of the case at hand, `others` are their other cases."""
    found = gathered(_tellings(said, others)).values()
    here = [fact for fact, origin in found if origin is None]
    relied = relied_on(here, history)
    names = {fact.name for fact in (*here, *relied)}
    elsewhere = [(fact, origin) for fact, origin in found if origin is not None and fact.name not in names]
    states = _is_own(said, relied) and not _neither(history)
    carried = [
        Carried(fact, origin.at)
        for fact, origin in elsewhere
        if (states or fact.name not in _STATES) and not _is_over(fact, origin, others, today)
    ]
    wrong = [each.fact for each in carried if each.fact.name in history.wrong]
    right = sorted((each for each in carried if each.fact not in wrong), key=lambda each: each.at)
    return Told(relied, tuple(right[-MOST:]), (*called_wrong(here, history), *wrong))


def _tellings(said: Sequence[Said], others: Sequence[OtherCase]) -> list[Telling[_Origin]]:
    """All that the patient wrote, oldest first, with the facts of each that count here."""
    here = [(each.at, _telling(each.text, said[:at], None)) for at, each in enumerate(said)]
    elsewhere = [
        (each.at, _telling(each.text, other.said[:at], _Origin(other, each.at)))
        for other in others
        for at, each in enumerate(other.said)
    ]
    return [each for _, each in sorted((*here, *elsewhere), key=lambda telling: telling[0])]


def _telling(text: str, before: Sequence[Said], origin: _Origin | None) -> Telling[_Origin]:
    """A text with its facts: told elsewhere, only those that whoever writes tells of themselves hold beyond the case.

    `before`: what was said in its case before it.
    """
    alone = not any(_PERSON.search(each) for each in (text, *(said.text for said in before)))
    own = frozenset(_own_names(text, alone))
    facts = (
        tuple(fact for fact in facts_in(text) if fact.name in own or origin is None) if own or origin is None else ()
    )
    return Telling(text, facts, own, origin)


def _is_own(said: Sequence[Said], facts: Sequence[Fact]) -> bool:
    """Whether the case may be of whoever writes: neither of a child by its age, nor of a relative by what is told."""
    ages = (int(fact.words.split()[-1]) for fact in facts if fact.name == "age")
    if any(age < _CHILD for age in ages):
        return False
    text = "\n".join(each.text for each in said)
    return not _OF_ANOTHER.search(text) or bool(OWN_SKIN.search(_OF_ANOTHER.sub(" theirs ", text)))


def _neither(history: History) -> bool:
    """Whether the patient pressed that they are neither pregnant nor have weak immunity."""
    return history.pregnant is False and history.immunosuppressed is False


def _is_over(fact: Fact, origin: _Origin, others: Sequence[OtherCase], today: date) -> bool:
    """Whether it was told too long ago, or called wrong where it was told or in a case that was opened later.

    What is wrong of somebody else, whose case it is, is wrong in that case alone.
    """
    if fact.name in _FOR_A_PREGNANCY and today - origin.at.date() > _PREGNANCY:
        return True
    later = [
        other for other in others if origin.at < other.created and _is_own(other.said, relied_on((), other.history))
    ]
    if any(fact.name in other.history.wrong for other in (origin.case, *later)):
        return True
    return fact.name in _STATES and any(_neither(other.history) for other in later)


def _own_names(text: str, alone: bool) -> Iterator[str]:
    for what, place in placed_allergens(text):
        if _says_of_self(text, place, alone):
            yield f"{ALLERGY}{what}"
    for match in _PREGNANT.finditer(text):
        if _says_of_self(text, match.start(match.lastgroup or 0), alone):
            yield "pregnant"
    for sentence, place in placed_breastfeeding(text):
        supposed = _ONLY_IF.search(sentence.line[:place])
        if not supposed and _says_of_self(sentence.line, place, alone and not sentence.question):
            yield "breastfeeding"
    weak = terms()["immunosuppressed"].pattern
    for sentence in sentences(text):
        for match in weak.finditer(sentence.line):
            if _says_of_self(sentence.line, match.start(), alone and not sentence.question):
                yield "immunosuppressed"


def _says_of_self(text: str, place: int, alone: bool) -> bool:
    """Whether what stands at `place` is said of whoever writes: by whom its sentence named last before it.

    `alone`: nobody else has been spoken of, so that a statement without a subject is of whoever writes.
    """
    begins = max(text.rfind(end, 0, place) for end in _SENTENCE_ENDS) + 1
    before = text[begins:place]
    if _QUOTED.search(before):
        return False
    named = [*_WHOSE.finditer(before)]
    if named:
        last = named[-1]
        if any(each["other"] for each in named[:-1]) and _GOES_ON_OF_OTHER.search(before[last.end() :]):
            return False
        return last["own"] is not None or bool(_NAMES_SELF.search(before[: last.start()]))
    ends = min((at for end in _SENTENCE_ENDS if (at := text.find(end, place)) >= 0), default=len(text))
    return alone and text[ends : ends + 1] != "?"
