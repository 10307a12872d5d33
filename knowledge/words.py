"""Makes words comparable: lower case, no accents, one spelling; knows the words that say nothing.

Used on both sides, on what is stored and on what is asked, so "haemangioma" finds "hemangioma".
"""

import re
import unicodedata

LONGEST_QUESTION = 64
"""Different words of a question that are searched for; a longer message adds time and noise, not meaning."""

_BRITISH = (
    (re.compile(r"haem"), "hem"),
    (re.compile(r"naev"), "nev"),
    (re.compile(r"rrhoe"), "rrhe"),
    (re.compile(r"\boedema"), "edema"),
    (re.compile(r"\banaem"), "anem"),
    (re.compile(r"\bpaed"), "ped"),
    (re.compile(r"morphoea"), "morphea"),
    (re.compile(r"(tum|col|od)our"), r"\1or"),
    (re.compile(r"\bgrey"), "gray"),
    (re.compile(r"\bnappy\b"), "diaper"),
    (re.compile(r"\bnappies\b"), "diapers"),
)

STOP_WORDS = frozenset(
    """
    a about after all also am an and any anyone anything are as at be because been before being but by can
    cannot could did do does doing done don for from get gets getting give go going got had has have having he
    her hers him his how i if in into is it its just know let like ll look looks looking make may me might
    mine more most much must my need no not now of on once one only or other our ours out over own please
    really s said see she should so some something sort such t tell than thank thanks that the their them then
    there these they thing things think this those through to too up us use ve very want was we well were what
    when where which while who why will with would you your yours skin condition
    """.split()
)


def normalised(text: str) -> str:
    """`text` in lower case, without accents, in one spelling."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    for british, american in _BRITISH:
        plain = british.sub(american, plain)
    return plain


def words(text: str) -> list[str]:
    """The words of `text` in order, comparable."""
    return re.findall(r"[^\W_]+", normalised(text))


def telling_words(text: str) -> list[str]:
    """The different words of `text` that are not stop words, at most LONGEST_QUESTION."""
    return list(dict.fromkeys(word for word in words(text) if word not in STOP_WORDS))[:LONGEST_QUESTION]
