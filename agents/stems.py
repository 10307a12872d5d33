"""Words made comparable: lower case, British spelling, endings taken off, words without meaning of their own left out.

A light stemmer of our own: it need only be the same on both sides of a comparison.
"""

import re
from functools import lru_cache

TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*", re.UNICODE)

STOP_WORDS = frozenset(
    "a an the this that these those it its i im ive my me mine myself you your yours we our us he him "
    "his she her hers they them their "
    "is am are was were be been being do does did done have has had having can could will would shall "
    "should may might must "
    "of in on at to for from by with about as into over under up down out off than then so and or but if "
    "when while because since "
    "there here what which who whom whose why how where any some such very really just also too even still "
    "please tell know want like get got go going say said think hello hi hey thanks thank ok okay well yes yeah "
    "more most much many lot other another each every all both own same one thing things something anything "
    "whats its hows cant dont doesnt im ill youre isnt arent wont need".split()
)
"""Left out when content is compared. Negations are not here: they change what a sentence says."""

_IRREGULAR = {
    "children": "child", "childs": "child", "feet": "foot", "teeth": "tooth", "lice": "louse",
    "men": "man", "women": "woman",
    "using": "use", "used": "use", "uses": "use", "usage": "use", "went": "go", "goes": "go", "gone": "go",
    "better": "improv", "worse": "wors", "worst": "wors", "worsen": "wors", "worsening": "wors", "worsens": "wors",
    "died": "die", "dies": "die", "dying": "die", "lying": "lie", "skin's": "skin", "caught": "catch", "sore": "sore",
    "grew": "grow", "grown": "grow", "bleed": "bleed", "bled": "bleed", "bleeding": "bleed", "spreading": "spread",
    "colored": "colour", "color": "colour", "colors": "colour", "nevus": "naevus", "nevi": "naevus", "naevi": "naevus",
    "diagnoses": "diagnos", "diagnosis": "diagnos", "feels": "feel", "felt": "feel", "kept": "keep", 
    "left": "leav", "gave": "giv",
    "taken": "tak", "took": "tak", "seen": "see", "saw": "see", "ate": "eat", "eaten": "eat", "biopsies": "biopsy",
}  # fmt: skip
_KEEP_S = ("ss", "us", "is", "as", "os")


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """One word's stem: "creams" → "cream", "treated", "treatment" → "treat". Numbers stay as they are."""
    plain = word.casefold().replace("’", "'").removesuffix("'s").replace("'", "")
    if plain in _IRREGULAR:
        return _IRREGULAR[plain]
    if plain[:1].isdigit() or len(plain) <= 3:
        return plain
    plain = plain.replace("ae", "e") if plain.startswith(("haem", "anaem", "oedem")) else plain
    if plain.endswith("ies") and len(plain) > 4:
        plain = plain[:-3] + "y"
    elif plain.endswith("s") and not plain.endswith(_KEEP_S):
        plain = plain[:-1]
    return _shorten(plain)


def _shorten(plain: str) -> str:
    for ending in ("ising", "izing", "ised", "ized", "ise", "ize"):
        if plain.endswith(ending) and len(plain) >= len(ending) + 4:
            return plain[: -len(ending)] + "is"
    for ending, keep in (("ment", 5), ("ness", 4), ("ing", 3), ("ed", 3), ("ly", 4)):
        if plain.endswith(ending) and len(plain) >= len(ending) + keep:
            plain = plain[: -len(ending)]
            if len(plain) > 3 and plain[-1] == plain[-2] and plain[-1] not in "sl":
                plain = plain[:-1]
            break
    if plain.endswith("e") and len(plain) > 3:
        plain = plain[:-1]
    return plain[:-1] + "i" if plain.endswith("y") and len(plain) > 4 else plain


def tokens(text: str) -> tuple[str, ...]:
    """The words and numbers of `text`, lower case, in order."""
    return tuple(match.group().casefold().replace("’", "'") for match in TOKEN.finditer(text))


def content_stems(text: str) -> tuple[str, ...]:
    """The stems of the words that carry meaning, in order, repeats kept."""
    return tuple(stem(token) for token in tokens(text) if token.replace("'", "") not in STOP_WORDS)
