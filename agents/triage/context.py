"""When, and about whom: the marks that a sentence's tokens carry besides negation and questions.

Past means over and done with: "last year I had", "years ago", "used to". Days or weeks ago is not the past: it is this
illness. A relative or a child is the patient; a neighbour is not.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from agents.triage.questions import asked
from agents.triage.sentences import Sentence

_PAST = re.compile(
    r"(?<!\S)(?:(?:last|previous) (?:year|summer|winter|spring|autumn|christmas|time|month|pregnancy) "
    r"|(?:\S+ )?(?:years?|yrs?|months?|decades?|ages) ago |(?:\S+ )?(?:years?|yrs?|months?) back |in (?:19|20)\d\d "
    r"|at (?:easter|christmas|new year) "
    r"|in (?:january|february|march|april|may|june|july|august|september|october|november|december) "
    r"|back in |in the past |long ago |way back "
    r"|when (?:i|he|she|we|they) (?:was|were) (?:\S+ )?"
    r"|when (?:i|he|she) had |once had |as (?:a|an) (?:child|kid|baby|teenager|toddler|teen|infant) )"
)
_PAST_FORWARD = re.compile(
    r"(?<!\S)(?:used to (?!it |be )|previously |(?:(?:past|previous|family|known|medical|strong|his|her|my|a) )+"
    r"history of "
    r"|i (?:was|were) once "
    r"|(?:died|dead|passed away|passed) (?:of|from|with) |recovered from |survived |in remission from "
    r"|(?:had|has had|have had) (?:\S+ )?before )"
)
_OVER = re.compile(
    r"(?<!\S)(?:all |now |fully |completely )?"
    r"(?:fine|better|gone|well|recovered|healed|clear|ok|okay|settled|resolved) now (?=$|just |, |i |with |and )"
    r"|(?<!\S)(?:there is |theres )?nothing (?:there|left|to see) now "
    r"|(?<!\S)(?:all|fully|completely|have all) (?:healed|gone|better|cleared|recovered|settled|fallen off) "
)
_LONG_OVER = re.compile(
    r"(?<!\S)(?:in (?:january|february|march|april|may|june|july|august|september|october|november|december) "
    r"|last (?:year|summer|winter|spring|autumn|month|christmas|easter) "
    r"|(?:months?|years?|yrs?) (?:ago|back|before) |in (?:19|20)\d\d |home (?:for )?(?:\S+ )?(?:days?|weeks?|months?) "
    r"|had (?:\S+ ){1,4}at (?:age )?(?:\d+|birth|one|two|three|four|five|six|seven|eight|nine|ten) "
    r"|spent (?:\S+ ){0,3}(?:weeks?|months?) "
    r"|(?:in|from|out of|left) (?:(?:the|our) )?hospital |(?:discharged?|burns unit|intensive care|icu) "
    r"|came home (?:\S+ ){0,4}(?:after|from) )"
)
_WELL_NOW = re.compile(
    r"(?<!\S)(?:well|fine|great|grand|lovely|ok|okay|better|himself|herself|mending|healthy) (?:now|again|these days) "
    r"(?!(?:apart|except|otherwise|but|with|though) )"
    r"|(?<!\S)(?:now|today|since) (?:and |, )?(?:is |he is |she is |hes |shes )?(?:all |perfectly |completely )?"
    r"(?:fine|well|ok|okay|healthy|right as rain)(?! (?:apart|except|otherwise|but|with|though)) "
    r"|(?<!\S)(?:fully recovered|fully over it|fully better|back to (?:himself|herself|myself|normal)|"
    r"(?:home|up) and (?:mending|playing|running|eating)|"
    r"walking again|back at (?:school|work|nursery)) "
)
"""Without "now" it may mean that somebody bears the illness well."""
_NOW = frozenset("now today tonight currently yesterday still keeps getting this hasnt cant wont".split())
_PAST_VERBS = frozenset(
    "had was were did didnt died went got couldnt wasnt took caught turned recovered survived".split()
)
_BEGAN = frozenset("came spread spent hurt began broke blew stuck".split())
_PRESENT = frozenset(
    "is are am has have im ive hes shes its theyre keeps keep cant isnt arent feels looks now today tonight "
    "currently still getting hasnt havent wont theres yesterday suddenly lately recently since".split()
)
_PRESENT_PERSON = frozenset("is are hes shes cant now".split())
_TURNS = frozenset("but however although though whereas now today tonight currently yesterday recently lately".split())
_BEFORE_A_TURN = frozenset(", and it that which she he i mole lesion rash spot".split()) | {""}
_OTHERS = (
    "neighbou?rs?|colleagues?|co worker|workmate|coworkers?|acquaintance|someone|somebody|people|person|"
    "celebrity|actress|actor|cousins?|(?:class|flat|house|room|team)mates?|friends?|boss|teacher|stranger|man|woman|lady|guy|"
    "(?<!chemo )(?<!cancer )(?<!transplant )patients?|"
    "character|uncle|aunt|auntie|"
    "(?:brother|sister|mother|father|son|daughter) in law|"
    "boy in|girl in|kid at|child at|lad|mates?|those|everyone|others"
)
_OTHER = re.compile(
    r"(?<!\S)(?:(?:my|our|his|her|a|an|the|some|most|this|that|other|one of my|best|old|another) )*"
    rf"(?:{_OTHERS}) (?!says|said|told|tells|thinks|thought|noticed|suggested|mentioned|asked|reckons|pointed|advised"
    r"|dogs?|cats?|pupp(?:y|ies)|pups?|kittens?|horses?)"
)
_NAMES_SELF = re.compile(r"(?<!\S)(?:i am|im|as) (?:(?:a|an|the|his|her|their) )?$")
"""Before a word for another person: whoever writes says what they are themselves."""
_ANIMAL = re.compile(
    r"(?<!\S)(?:my|our|the|a|his|her) (?:dog|cat|puppy|kitten|horse|pet|rabbit|hamster)s? "
    r"(?!(?:bite|bit|bites|bitten|scratch\S*|licked|has bit\S*) )"
)
_SELF = re.compile(rf"(?<!\S)(?:i|im|ive|me|mine|myself|we|our) |(?<!\S)(?:my|our) (?!(?:\S+ )?(?:{_OTHERS}) )")
_CARRIES = frozenset("he she they his her their hes shes theyre it its".split())


class Whose(StrEnum):
    """Whose symptoms these are: the patient's, or another person's now or formerly (or an animal's)."""

    PATIENT = "patient"
    OTHER_NOW = "other-now"
    OTHER_THEN = "other-then"


@dataclass(frozen=True)
class Marks:
    """Per token of a sentence: in the past, only asked, and whose."""

    past: Sequence[bool]
    asked: Sequence[bool]
    whose: Sequence[Whose]


def _turns(tokens: tuple[str, ...], at: int) -> bool:
    """Whether the story turns to the present at this token."""
    before = tokens[at - 1] if at else ""
    return tokens[at] in _TURNS or (tokens[at] in _PRESENT and before in _BEFORE_A_TURN)


def _past_spans(sentence: Sentence) -> list[tuple[int, int, bool]]:
    """Where a word of the past stands, and whether it also speaks of what came before it."""
    line = sentence.line
    spans = [(match.start(), match.end(), True) for match in _PAST.finditer(line)]
    spans += [(match.start(), match.end(), False) for match in _PAST_FORWARD.finditer(line)]
    if (over := _OVER.search(line)) and (_PAST_VERBS & set(sentence.tokens)):
        spans.append((over.start(), over.end(), True))
    return spans


def _past(sentence: Sentence, carried: bool) -> list[bool]:
    tokens = sentence.tokens
    past = [False] * len(tokens)
    spans = _past_spans(sentence)
    for start, end, backward in spans:
        first, last = sentence.index_at(start), sentence.index_at(end)
        past[first:last] = [True] * (last - first)
        for at in range(last, len(tokens)):
            if _turns(tokens, at) or (backward and tokens[at] in _PRESENT):
                break
            past[at] = True
        for at in range(first - 1, -1, -1) if backward else ():
            if tokens[at] == "," or tokens[at] in _TURNS or tokens[at] in _PRESENT:
                break
            past[at] = True
    if carried and not spans and _PAST_VERBS & set(tokens) and not (_PRESENT & set(tokens)):
        return [True] * len(tokens)
    return past


def _whose(sentence: Sentence, carried: Whose) -> list[Whose]:
    tokens, line = sentence.tokens, sentence.line
    then = bool(_PAST_VERBS & set(tokens)) and not (_PRESENT_PERSON & set(tokens))
    other = Whose.OTHER_THEN if then else Whose.OTHER_NOW
    turns = {sentence.index_at(match.start()): Whose.PATIENT for match in _SELF.finditer(line)}
    turns |= {sentence.index_at(match.start()): Whose.OTHER_THEN for match in _ANIMAL.finditer(line)}
    turns |= {
        sentence.index_at(match.start()): other
        for match in _OTHER.finditer(line)
        if not _NAMES_SELF.search(line[: match.start()])
    }
    whose = carried if tokens[0] in _CARRIES else Whose.PATIENT
    read: list[Whose] = []
    for at in range(len(tokens)):
        whose = turns.get(at, whose)
        read.append(whose)
    return read


def is_over(read: Sequence[Sentence]) -> bool:
    """Whether the whole tells of an illness long over: when or in which hospital it was, and that all is well."""
    return any(_LONG_OVER.search(each.line) for each in read) and any(_WELL_NOW.search(each.line) for each in read)


def _over_up_to(read: Sequence[Sentence]) -> int:
    """How many sentences may tell of an illness long over: what comes after the last that says so is another matter."""
    if not is_over(read):
        return 0
    return max(
        at for at, each in enumerate(read, start=1) if _LONG_OVER.search(each.line) or _WELL_NOW.search(each.line)
    )


def _told_then(sentence: Sentence) -> int:
    """How many tokens, from the first, tell of an illness that is over: up to where it says that all is well."""
    well = _WELL_NOW.search(sentence.line)
    end = sentence.index_at(well.start()) if well else len(sentence.tokens)
    tokens = set(sentence.tokens[:end])
    then = any(token in _PAST_VERBS or token in _BEGAN or token.endswith("ed") for token in tokens)
    return end if not _NOW & tokens and (then or not (_PRESENT & tokens or well)) else 0


def marks(read: Sequence[Sentence]) -> tuple[Marks, ...]:
    """The marks of each sentence, in order: a story told in the past goes on until the present comes in."""
    found: list[Marks] = []
    past, whose = False, Whose.PATIENT
    over = _over_up_to(read)
    for at, sentence in enumerate(read):
        told = _told_then(sentence) if at < over else 0
        rest = [False] * (len(sentence.tokens) - told)
        then = [True] * told + rest if told else _past(sentence, past)
        people = _whose(sentence, whose)
        past, whose = then[-1], people[-1]
        found.append(Marks(then, asked(sentence), people))
    return tuple(found)
