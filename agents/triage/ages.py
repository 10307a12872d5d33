"""Ages and temperatures as patients write them: "3 week old", "he is only 10 weeks", "6yo", "102.5", "39 degrees".

Ages become the terms `under_3_months`, `baby` (under two years), `child` (under twelve) and `adult`; a temperature of
38 °C (100.4 °F) or more becomes `fever`.
"""

import re
from collections.abc import Iterator

from agents.triage.sentences import Sentence

_NUMBERS = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen".split()
    )
} | {"a": 1, "couple": 2, "few": 4}
_DAYS = {
    "day": 1,
    "d": 1,
    "week": 7,
    "wk": 7,
    "w": 7,
    "month": 30.4,
    "mo": 30.4,
    "mth": 30.4,
    "m": 30.4,
    "year": 365.25,
    "yr": 365.25,
    "y": 365.25,
}
_NUMBER = r"(?P<number>\d+(?:\.\d+)?|" + "|".join(_NUMBERS) + ")"
_UNIT = r"(?P<unit>day|week|wk|month|mo|mth|year|yr)s?"
_SHORT = r"(?P<short>d|w|m|y|yr|mo|wk)"
_THINGS = (
    "rash|spot|mole|scar|wound|bite|cut|burn|tattoo|piercing|bruise|lesion|lump|blister|eczema|psoriasis|scab|wart|ulcer|"
    "cream|ointment|tube|medicine|injury|patch|mark|growth|freckle|bump|cyst|boil|stitches|problem|flare|infection"
)
_BETWEEN = r"(?:(?!(?:\d+(?:\.\d+)?|has|have|had|with|got|and|is|was|keeps|covered|,) )\S+ )?"
_PEOPLE = (
    r"(?:baby|babys|babies|son|daughter|he|she|hes|shes|infant|newborn|boy|girl|kid|child|toddler|grandson|granddaughter|grandchild|nephew|"
    r"niece|lo|one|twins?|triplets|neonate|bubs?|bubba|dd|ds|they|theyre)"
)
_OLD = re.compile(rf"(?<!\S){_NUMBER} {_UNIT} (?:and a half )?(?:old|olds) (?!{_BETWEEN}(?:{_THINGS}))")
_GLUED = re.compile(rf"(?<!\S){_NUMBER} {_SHORT} (?:o|old|olds) (?!{_BETWEEN}(?:{_THINGS}))")
_YO = re.compile(r"(?<!\S)(?P<number>\d+) (?:yo|yrold|yearold) ")
_CALLED = re.compile(
    rf"(?<!\S)(?!one a ){_PEOPLE} (?:, )?"
    r"(?:is |are |was |s |just |only |turned |at |aged |age |now |who |nearly |almost |about )*"
    rf"{_NUMBER} {_UNIT} (?!(?:ago|of|now|later|since) )"
)
_THEN_CHILD = re.compile(rf"(?<!\S){_NUMBER} {_UNIT} (?:old )?{_PEOPLE} ")
_AGED = re.compile(
    r"(?<!\S)(?:aged?|im|i am|he is|she is|hes|shes|(?:son|daughter|grandson|granddaughter|boy|girl) is) "
    r"(?P<number>\d{1,3}) "
    r"(?!(?:days?|weeks?|months?|kg|cm|mm|st|stones?|lbs?|pounds?|inches|feet|ft|percent|degrees|hours?|minutes?) )"
)
_BORN = re.compile(
    r"(?<!\S)(?:new ?borns?|neonates?|just born|born (?:last|this|yesterday) (?:week )?|"
    r"\S+ born (?:last|this) week|day old baby|"
    r"born (?:last |on |this )?(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|weekend|morning|today|yesterday)|"
    r"(?:just|recently) given birth to|(?:premature|prem|preemie) baby) "
)
_BORN_AGO = re.compile(rf"(?<!\S)born {_NUMBER} {_UNIT} (?:and a half )?ago ")
_BARE = re.compile(
    rf"^{_NUMBER} (?P<unit>day|week|wk)s? (?:, |and |with |baby )"
    r"(?=.*(?:temp|fever|feed|fed|blister|hot|floppy|mottled))"
)
_WAS = re.compile(r"(?:when|as|since) (?:\S+ ){0,4}$")
_TEMPERATURE = re.compile(
    r"(?<!\S)(?P<value>\d{2,3}(?:\.\d+)?) (?P<unit>degrees?|c|f|celsius|fahrenheit|deg|temp|temperature|fever)? ?"
)
_MENTIONS_HEAT = re.compile(r"(?<!\S)(?:temp\S*|fever\S*|degrees?|c|celsius|f|fahrenheit|thermometer) ")
_DEGREES = re.compile(r"(?<!\S)(?P<value>3[5-9]\.\d|4[01]\.\d) (?!(?:kg|cm|mm|weeks?|wks?|lbs|st|months?|years?) )")
"""A number that is a body temperature even where nobody calls it one."""
_THING_IS = re.compile(rf"(?<!\S)(?:{_THINGS})s? (?:that |which )?(?:is|was|are|about|only|now|just| )* ?$")
_FEVER, _FAHRENHEIT_FROM = 37.99, 90
_NEWBORN, _BABY, _CHILD = 91, 730, 12 * 365.25


def _days(match: re.Match[str]) -> float:
    parts = match.groupdict()
    raw = parts["number"]
    number = float(raw) if raw[0].isdigit() else float(_NUMBERS[raw])
    return number * _DAYS[parts.get("unit") or parts.get("short") or "year"]


def placed_ages(sentence: Sentence) -> Iterator[tuple[int, float]]:
    """Every age in days that the sentence gives to somebody now (not "when I was 5"), and where it stands."""
    for pattern in (_OLD, _GLUED, _YO, _CALLED, _THEN_CHILD, _AGED, _BARE):
        for match in pattern.finditer(sentence.line):
            before = sentence.line[: match.start()]
            if not _WAS.search(before) and not _THING_IS.search(before):
                yield match.start(), _days(match)
    for match in _BORN_AGO.finditer(sentence.line):
        yield match.start(), _days(match)
    for match in _BORN.finditer(sentence.line):
        if not _WAS.search(sentence.line[: match.start()]):
            yield match.start(), 7.0


def age_terms(sentence: Sentence) -> frozenset[str]:
    """The terms that the ages in the sentence amount to."""
    terms: set[str] = set()
    for _, days in placed_ages(sentence):
        if days < _NEWBORN:
            terms |= {"under_3_months"}
        if days < _BABY:
            terms |= {"baby"}
        terms |= {"child"} if days < _CHILD else {"adult"}
    return frozenset(terms)


def _temperatures(sentence: Sentence) -> Iterator[tuple[int, int, float]]:
    """Where body temperatures stand in `Sentence.line`, in degrees Celsius."""
    if not _MENTIONS_HEAT.search(sentence.line):
        for match in _DEGREES.finditer(sentence.line):
            yield match.start(), match.end(), float(match["value"])
    else:
        for match in _TEMPERATURE.finditer(sentence.line):
            value = float(match["value"])
            celsius = value if value < _FAHRENHEIT_FROM else (value - 32) / 1.8
            if 35 <= celsius <= 43:
                yield match.start(), match.end(), celsius


def fever_spans(sentence: Sentence) -> Iterator[tuple[int, int]]:
    """Character spans of `Sentence.line` where a temperature of a fever is given."""
    return ((start, end) for start, end, celsius in _temperatures(sentence) if celsius >= _FEVER)


def only_normal_temperatures(sentence: Sentence) -> bool:
    """Whether the sentence measures a temperature and none is a fever."""
    measured = [celsius for _, _, celsius in _temperatures(sentence)]
    return bool(measured) and max(measured) < _FEVER
