"""What a patient's words tell of the patient: age, pregnancy, weak immunity, allergies, what was tried.

The conversation itself is the memory; these are the facts of it that must not be lost however long it grows. What is
denied, asked, past or said of others is left out, and the newest statement wins; who says that they are not pregnant
after all takes it back.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agents.triage.ages import placed_ages
from agents.triage.context import Whose, marks
from agents.triage.reading import read
from agents.triage.sentences import sentences
from cases.record import History

ALLERGY, TRIED = "allergy:", "tried:"
"""How the names of such facts begin."""
_DETERMINERS = r"(?:(?:the|my|a|an|some|this|that|these|those|new|certain|all|any|both) )*"
_ALLERGIC = re.compile(
    rf"\ballerg(?:ic|y|ies) to {_DETERMINERS}(?P<what>[a-z][\w-]+(?: (?:and|or) [a-z][\w-]+)*)"
    r"|\b(?:have|has|had|got|with|my|his|her) (?:(?:a|an|the|bad|severe|serious|known|confirmed) )*"
    r"(?P<of>[a-z][\w-]+) allerg(?:y|ies)\b(?! to\b)",
    re.IGNORECASE,
)
_NO_ALLERGEN = frozenset(
    "it its them this that these those something anything nothing everything one what which you me him her us "
    "skin drug food contact seasonal bad severe serious known confirmed a an the my no any some "
    "cream ointment gel lotion tablet tablets pill pills medicine medicines treatment".split()
)
_ASKED = re.compile(
    r"\b(?:am i|are (?:you|we|they)|is (?:it|he|she|this|that)|do i|does (?:he|she)|"
    r"(?:whether|(?:know|find out|tell|tell me|test|see|wonder|sure|check) if) (?:i['’]?m|i|he|she|he['’]?s|she['’]?s)|"
    r"(?:could|can|might|may|would) (?:i|it|he|she|this|my \w+))"
    r"(?: (?:be|have|an?|any|also|just|really|am|is|i|i['’]?m|that|because|now|maybe|possibly))* +$",
    re.IGNORECASE,
)
"""What is only asked or supposed: "am I allergic to it?"."""
_PREGNANT = re.compile(
    r"\b(?:i ?am|i['’]?m|she ?is|she['’]?s|(?:wife|partner|girlfriend|daughter) is|and|also|currently|weeks?|months?"
    r"|now)\b[^.!?]{0,30}?\bpregnant\b|^\W*pregnant\b|\bmy pregnancy\b",
    re.IGNORECASE,
)
"""Pregnancy as said of whoever writes, or of whom they write for."""
_DENIES = re.compile(
    r"\b(?:not|no longer|never|no|(?:is|are|was|do|does|did|has|have|had)n['’]?t)"
    r"(?: (?:have|had|got|known|really|actually|currently|any|an?|at all|been|sure|think|believe|said|that|i|i['’]?m|am"
    r"|he['’]?s|she['’]?s))* +$",
    re.IGNORECASE,
)
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
_OWN_SKIN = re.compile(
    r"\b(?:i (?:have|had|got|get|notice|found)|i['’]ve (?:got|had))\b"
    r"(?! (?:an? |two )?(?:\d|baby|son|daughter|child|toddler|boy|girl))(?![^.!?]{0,30}\b(?:his|her|their)\b)"
    r"|\b(?:on|in|under|over) my\b"
    r"|\bmy (?!son|daughter|baby|child|boy|girl|kid|toddler|wife|husband|m[ou]m|mother|dad|father|partner)\w+ "
    r"(?:is|are|has|have)\b",
    re.IGNORECASE,
)
_MYSELF = re.compile(r"(?<!\S)(?:im|i am) ")
_DAYS_IN_YEAR = 365.25
_OLDEST = 120
_TAKEN_BACK = {
    "pregnant": re.compile(
        r"\b(?:i am|i['’]?m|i was) (?:\w+ )?(?:not|no longer) (?:\w+ )?pregnant\b"
        r"|\bpregnancy test (?:is|was|came back) negative\b",
        re.IGNORECASE,
    ),
    "immunosuppressed": re.compile(
        r"\bi(?:['’]?ve| have)? (?:no longer|stopped|finished) (?:(?:take|taking|having|the|my|on) )*"
        r"(?:methotrexate|chemo\w*|azathioprine|ciclosporin|prednisolone|immunosuppress\w*)",
        re.IGNORECASE,
    ),
}
"""How whoever writes takes back what else would hold."""
_LONGEST = 40
_MOST = 12


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: `name` for the machine ("allergy:penicillin"), `words` for the patient ("allergic to penicillin")."""

    name: str
    words: str


def facts_told(texts: Sequence[str], history: History) -> tuple[Fact, ...]:
    """The facts of all texts, oldest first, and of the buttons, without those the patient called wrong; at most 12.

    What was tried in vain is dropped before an allergy or a pregnancy is.
    """
    right = [fact for fact in _found(texts, history) if fact.name not in history.wrong]
    least_first = sorted(right, key=lambda fact: not fact.name.startswith(TRIED))
    dropped = {fact.name for fact in least_first[: max(0, len(right) - _MOST)]}
    return tuple(fact for fact in right if fact.name not in dropped)


def facts_called_wrong(texts: Sequence[str], history: History) -> tuple[Fact, ...]:
    """The facts that nothing relies on any more, because the patient called them wrong; at most 12."""
    return tuple(fact for fact in _found(texts, history) if fact.name in history.wrong)[-_MOST:]


def told_again(text: str, history: History) -> History | None:
    """What a later statement sets right again of the facts called wrong; None where it speaks of none of them."""
    again = [fact for fact in _facts(text) if fact.name in history.wrong]
    if not again:
        return None
    known = history_told(again, History())
    return History(
        right=frozenset(fact.name for fact in again),
        age=known.age,
        pregnant=known.pregnant,
        immunosuppressed=known.immunosuppressed,
    )


def _found(texts: Sequence[str], history: History) -> tuple[Fact, ...]:
    found: dict[str, Fact] = {}
    for text in texts:
        for name, denied in _TAKEN_BACK.items():
            if denied.search(text):
                found.pop(name, None)
        for fact in _facts(text):
            found.pop(fact.name, None)
            found[fact.name] = fact
    for fact in _pressed(history):
        found[fact.name] = fact
    return tuple(found.values())


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


def _facts(text: str) -> Iterator[Fact]:
    affirmed = read(text).affirmed
    if "pregnant" in affirmed and _PREGNANT.search(text):
        yield Fact("pregnant", "pregnant")
    if "immunosuppressed" in affirmed:
        yield Fact("immunosuppressed", "weakened immunity")
    if (age := _age(text)) is not None:
        yield Fact("age", f"age {age}")
    for what in _allergens(text):
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
    return own if others is None or (own is not None and _OWN_SKIN.search(text)) else others


def _is_of_writer(line: str, place: int) -> bool:
    return any(place in match.span() for match in _MYSELF.finditer(line))


def _allergens(text: str) -> Iterator[str]:
    for match in _ALLERGIC.finditer(text):
        before = text[: match.start()]
        if not _DENIES.search(before) and not _ASKED.search(before):
            named = re.split(r" (?:and|or) ", (match["what"] or match["of"]).casefold())
            yield from (each[:_LONGEST] for each in named if each not in _NO_ALLERGEN)


def _pressed(history: History) -> Iterator[Fact]:
    if history.age is not None:
        yield Fact("age", f"age {history.age}")
    if history.pregnant:
        yield Fact("pregnant", "pregnant")
    if history.immunosuppressed:
        yield Fact("immunosuppressed", "weakened immunity")
