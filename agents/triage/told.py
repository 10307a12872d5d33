"""What a patient's words tell of the patient: age, pregnancy, breastfeeding, weak immunity, allergies, what was tried.

The conversation itself is the memory; these are the facts of it that must not be lost however long it grows. What is
denied, asked, past or said of others is left out, and the newest statement wins; who says that they are not pregnant
after all, or not allergic to something, takes it back.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from agents.triage.ages import placed_ages
from agents.triage.allergies import SUPPOSED, allergens_taken_back, placed_allergens
from agents.triage.context import Whose, marks
from agents.triage.negation import negators
from agents.triage.reading import read
from agents.triage.sentences import Sentence, sentences
from cases.record import History

ALLERGY, TRIED = "allergy:", "tried:"
"""How the names of such facts begin."""
_PREGNANT = re.compile(
    r"\b(?:i ?am|i['’]?m|she ?is|she['’]?s|(?:wife|partner|girlfriend|daughter) is|and|also|currently|weeks?|months?"
    r"|now)\b[^.!?]{0,30}?\bpregnant\b|^\W*pregnant\b|\bmy pregnancy\b(?![^.!?]{0,40}\byears? ago\b)",
    re.IGNORECASE,
)
"""Pregnancy as said of whoever writes, or of whom they write for."""
_BREASTFEEDING = re.compile(
    r"(?<!\S)(?:i am|im|am|ive been|have been|she is|shes|(?:wife|partner|girlfriend|daughter|sister) is) "
    r"(?:(?!about |plan|think|want|hop|before|after|stop|finish|try|ready|going |if |can|when )\S+ ){0,6}?"
    r"(?P<feeding>breast ?feeding) (?!(?:wom[ae]n|mothers?|mums?|moms?|group) )"
    r"|(?<!\S)(?:i|and) (?:(?:still|also|currently|now|fully|partly|mostly|exclusively) )*(?P<feed>breast ?feed) "
    r"|^(?P<bare>breast ?feeding) (?=, |and |$)"
)
"""Breastfeeding, in a sentence's line, as said of whoever writes, or of whom they write for."""
_THING = (
    r"(?:[a-z][\w'’-]*\s+){0,2}?(?:cream|ointment|gel|lotion|tablets?|pills?|shampoo|spray|antihistamines?|steroids?"
    r"|antibiotics?|moisturi[sz]er|emollient|hydrocortisone|clotrimazole|terbinafine|permethrin|aciclovir|ibuprofen"
    r"|antiperspirant|lacquer)"
)
_NAME = rf"(?:(?:the|my|this|that|your|a|an)\s+)?(?P<what>{_THING})"
_FAILED = re.compile(
    rf"\b{_NAME}\s+(?:has|have|had)?\s*(?:did|does|do|is|was)?\s*(?:not|n't|nt|didn'?t|doesn'?t|hasn'?t|isn'?t|never)\s*"
    r"(?:really\s+)?(?:help\w*|work\w*)"
    rf"|\bafter\s+(?:(?:the|my|this|that|a|an)\s+)?(?P<fails>{_THING})\s+fail(?:s|ed)\b",
    re.IGNORECASE,
)
_A_THING = re.compile(r"(?<!\S)(?:its?|this|that|they|theyre|these|those) (?:(?:is|are|was|about|only|now|just) )*$")
"""Before an age that a rash has rather than a person."""
OWN_SKIN = re.compile(
    r"\b(?:i (?:have|had|got|get|notice|found)|i['’]ve (?:got|had))\b"
    r"(?! (?:an? |two )?(?:\d|baby|son|daughter|child|toddler|boy|girl))(?![^.!?]{0,30}\b(?:his|her|their)\b)"
    r"|\b(?:on|in|under|over) my\b"
    r"|\bmy (?!son|daughter|baby|child|boy|girl|kid|toddler|wife|husband|m[ou]m|mother|dad|father|partner)\w+ "
    r"(?:is|are|has|have)\b",
    re.IGNORECASE,
)
"""How whoever writes tells of their own skin."""
_MYSELF = re.compile(r"(?<!\S)(?:im|i am) ")
_DAYS_IN_YEAR = 365.25
_OLDEST = 120
_IMMUNE_MEDICINE = r"(?:methotrexate|chemo\w*|azathioprine|ciclosporin|prednisolone|immunosuppress\w*)"
_NOT_BEFORE = r"(?![^.!?]{0,40}\b(?:years?|in (?:19|20)\d\d|before|previously|last time|earlier|first(?! time))\b)"
_NOT_ONLY = r"(?:(?!only|just|sure)\w+ )?"
_TAKEN_BACK = {
    "pregnant": re.compile(
        rf"\b(?:i am|i['’]?m) {_NOT_ONLY}(?:not|no longer) {_NOT_ONLY}pregnant\b"
        r"|\bi (?:was not|wasn['’]?t) pregnant after all\b"
        r"|(?<!['’]s )(?<!\bher )\bpregnancy test (?:is|was|came back) negative\b"
        r"|\bi(?:['’]?ve| have)? (?:(?:just|now|recently|already) )*"
        r"(?:(?:gave|given) birth|lost my baby(?! weight)|miscarried|had a miscarriage|had my baby(?=\W*$|[.,;!?]"
        r"| (?:last|this|yesterday|today|now|early|by|and|so|at \d|(?:an?|\w+) (?:days?|weeks?|months?))\b))"
        rf"(?!\w){_NOT_BEFORE}|\bmy baby (?:was|is|has been) (?:(?:now|just|finally) )?born\b{_NOT_BEFORE}",
        re.IGNORECASE,
    ),
    "breastfeeding": re.compile(
        r"\bi(?:['’]?m| am) (?:\w+ )?(?:not|no longer) (?:\w+ )?breast[- ]?feeding\b"
        r"|\bi(?:['’]?ve| have)? (?:(?:just|now|recently|already) )*(?:stopped|finished|given up|gave up|no longer) "
        r"breast[- ]?feed(?:ing)?\b"
        r"|\bi (?:don['’]?t|do not) breast[- ]?feed\b",
        re.IGNORECASE,
    ),
    "immunosuppressed": re.compile(
        r"\bi(?:['’]?m| am) (?:not|no longer) immuno(?:suppressed|compromised)\b", re.IGNORECASE
    ),
}
"""How whoever writes takes back what else would hold, or tells that it is over."""
_LAST_PREGNANCY = re.compile(r"\b(?:last|previous|first|earlier|other) pregnancy\b[^.!?]*$", re.IGNORECASE)
_STOPPED = re.compile(
    r"\bi(?:['’]?ve| have)? (?:no longer|stopped|finished) (?:(?:take|taking|having|the|my|on) )*"
    rf"(?P<stopped>{_IMMUNE_MEDICINE})"
    rf"|\bi(?:['’]?m| am) no longer (?:on|taking|having) (?P<longer>{_IMMUNE_MEDICINE})"
    rf"|\bi(?:['’]?m| am) not (?:on|taking|having) (?P<now>{_IMMUNE_MEDICINE})[^.!?]{{0,20}}?\b(?:any ?more|now)\b",
    re.IGNORECASE,
)
"""How whoever writes tells that they take a medicine no more that weakened their immune system."""
_WEAK_IMMUNITY = "immunosuppressed"
_LONGEST = 40
MOST = 12
"""Facts of one kind that are relied on at most."""

OriginT = TypeVar("OriginT")


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: `name` for the machine ("allergy:penicillin"), `words` for the patient ("allergic to penicillin")."""

    name: str
    words: str


def relied_on(told: Iterable[Fact], history: History) -> tuple[Fact, ...]:
    """The facts `told` and those of the buttons, without those that the patient called wrong; at most 12.

    What was tried in vain is dropped before an allergy is, and that before a pregnancy.
    """
    right = [fact for fact in _with_pressed(told, history) if fact.name not in history.wrong]
    least_first = sorted(right, key=lambda fact: (not fact.name.startswith(TRIED), not fact.name.startswith(ALLERGY)))
    dropped = {fact.name for fact in least_first[: max(0, len(right) - MOST)]}
    return tuple(fact for fact in right if fact.name not in dropped)


def called_wrong(told: Iterable[Fact], history: History) -> tuple[Fact, ...]:
    """The facts that nothing relies on any more, because the patient called them wrong; at most 12."""
    return tuple(fact for fact in _with_pressed(told, history) if fact.name in history.wrong)[-MOST:]


def told_again(text: str, history: History) -> History | None:
    """What a later statement sets right again of the facts called wrong; None where it speaks of none of them."""
    again = [fact for fact in facts_in(text) if fact.name in history.wrong]
    if not again:
        return None
    known = history_told(again, History())
    return History(
        right=frozenset(fact.name for fact in again),
        age=known.age,
        pregnant=known.pregnant,
        immunosuppressed=known.immunosuppressed,
    )


@dataclass(frozen=True, slots=True)
class Telling(Generic[OriginT]):
    """A text, the facts in it that count, and the names of those told of whoever writes.

    `origin`: where it was told; None: in the case at hand.
    """

    text: str
    facts: tuple[Fact, ...]
    own: frozenset[str]
    origin: OriginT | None


def gathered(tellings: Iterable[Telling[OriginT]]) -> Mapping[str, tuple[Fact, OriginT | None]]:
    """What holds after the `tellings`, oldest first: by name each fact and where it was told, None: in this case.

    What was told in this case stays told in it, whatever is said of it elsewhere later, unless it is taken back. What
    was told of somebody else is not taken back by what whoever writes says of themselves.
    """
    found: dict[str, tuple[Fact, OriginT | None]] = {}
    of_others: set[str] = set()
    weakened: list[str] = []
    for each in tellings:
        taken_back = _taken_back(each.text, found)
        if stopped := [match[match.lastgroup or 0] for match in _STOPPED.finditer(each.text)]:
            weakened = [text for text in (_without(stopped, text) for text in weakened) if _tells_weak_immunity(text)]
            taken_back |= frozenset() if weakened else {_WEAK_IMMUNITY}
        for name in taken_back - of_others:
            found.pop(name, None)
        for fact in each.facts:
            if fact.name not in each.own:
                of_others.add(fact.name)
            if fact.name == _WEAK_IMMUNITY:
                weakened.append(each.text)
            if each.origin is None or found.get(fact.name, (fact, each.origin))[1] is not None:
                found.pop(fact.name, None)
                found[fact.name] = (fact, each.origin)
    return found


def _taken_back(text: str, known: Collection[str]) -> frozenset[str]:
    """The names that hold no more after the text; of allergies those among the `known`."""
    states = {
        name
        for name, denied in _TAKEN_BACK.items()
        if any(
            not SUPPOSED.search(before) and not _LAST_PREGNANCY.search(before)
            for before in (text[: match.start()] for match in denied.finditer(text))
        )
    }
    allergens = [name.removeprefix(ALLERGY) for name in known if name.startswith(ALLERGY)]
    return frozenset(states | {f"{ALLERGY}{each}" for each in allergens_taken_back(text, allergens)})


def _without(stopped: Iterable[str], text: str) -> str:
    """The text without the medicines that were stopped."""
    for name in stopped:
        of_all = name.casefold().startswith("immunosuppress")
        pattern = _IMMUNE_MEDICINE if of_all else r"chemo\w*" if name.casefold().startswith("chemo") else name
        text = re.sub(pattern, " ", text, flags=re.IGNORECASE)
    return text


def _tells_weak_immunity(text: str) -> bool:
    return _WEAK_IMMUNITY in read(text).affirmed


def _with_pressed(told: Iterable[Fact], history: History) -> tuple[Fact, ...]:
    found = {fact.name: fact for fact in told}
    exact = Fact("age", f"age {history.age}")
    pressed = {fact.name: fact for fact in _pressed(history) if found.get(fact.name) != exact}
    return tuple((found | pressed).values())


def besides_failures(text: str) -> str:
    """The text without what it says to have been tried in vain."""
    return _FAILED.sub(" ", text)


def history_told(facts: Sequence[Fact], history: History) -> History:
    """The history with what the words tell beside the buttons; without what the patient called wrong."""
    names = {fact.name: fact for fact in facts}
    age = next((int(fact.words.split()[-1]) for name, fact in names.items() if name == "age"), None)
    return history.model_copy(
        update={
            "age": age if "age" in names else _unless_wrong("age", history.age, history),
            "pregnant": True if "pregnant" in names else _unless_wrong("pregnant", history.pregnant, history),
            "immunosuppressed": True
            if "immunosuppressed" in names
            else _unless_wrong("immunosuppressed", history.immunosuppressed, history),
        }
    )


def _unless_wrong(name: str, value: object, history: History) -> object:
    return None if name in history.wrong else value


def facts_in(text: str) -> Iterator[Fact]:
    """The facts that one text tells, of whoever writes or of whom they write for."""
    affirmed = read(text).affirmed
    if "pregnant" in affirmed and _PREGNANT.search(text):
        yield Fact("pregnant", "pregnant")
    if _WEAK_IMMUNITY in affirmed:
        yield Fact(_WEAK_IMMUNITY, "weakened immunity")
    if any(True for _ in placed_breastfeeding(text)):
        yield Fact("breastfeeding", "breastfeeding")
    if (age := _age(text)) is not None:
        yield Fact("age", f"age {age}")
    for what, _ in placed_allergens(text):
        yield Fact(f"{ALLERGY}{what}", f"allergic to {what}")
    for match in _FAILED.finditer(text):
        what = " ".join((match["what"] or match["fails"]).casefold().split())[:_LONGEST]
        yield Fact(f"{TRIED}{what}", f"{what} did not help")


def _age(text: str) -> int | None:
    """The age in years of whom the text is about: of whoever writes where they tell of their own skin, or of nobody."""
    parts = sentences(text)
    found: dict[bool, int] = {}
    for sentence, mark in zip(parts, marks(parts), strict=True):
        for place, days in placed_ages(sentence):
            before, years = sentence.line[:place], int(days / _DAYS_IN_YEAR)
            of_patient = mark.whose[sentence.index_at(place)] is Whose.PATIENT and not _A_THING.search(before)
            if of_patient and years <= _OLDEST:
                found[_is_of_writer(sentence.line, place)] = years
    own, others = found.get(True), found.get(False)
    return own if others is None or (own is not None and OWN_SKIN.search(text)) else others


def _is_of_writer(line: str, place: int) -> bool:
    return any(place in match.span() for match in _MYSELF.finditer(line))


def breastfeeds(facts: Sequence[Fact]) -> bool:
    """Whether breastfeeding is among the facts."""
    return any(fact.name == "breastfeeding" for fact in facts)


def placed_breastfeeding(text: str) -> Iterator[tuple[Sentence, int]]:
    """Where somebody is said to breastfeed now, not denied and not only asked: the sentence and the place in it."""
    parts = sentences(text)
    for sentence, mark in zip(parts, marks(parts), strict=True):
        for match in _BREASTFEEDING.finditer(sentence.line):
            place = match.start(match.lastgroup or 0)
            at = sentence.index_at(place)
            if not (mark.past[at] or mark.asked[at] or negators(sentence)[at] is not None):
                yield sentence, place


def _pressed(history: History) -> Iterator[Fact]:
    if history.age is not None:
        yield Fact("age", f"age about {history.age}")  # a button is of a span of years
    if history.pregnant:
        yield Fact("pregnant", "pregnant")
    if history.immunosuppressed:
        yield Fact("immunosuppressed", "weakened immunity")
