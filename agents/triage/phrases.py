"""The small language in which the terms are written, compiled to regular expressions over a sentence's tokens.

    word      that token                    word*     any token that starts so (*word: that ends so)
    (a|b c)   one of these                  <name>    one of the words listed under that name
    word?     may be left out               #         a number
    ..        up to three tokens between    ...       up to seven
    a & b     both, in either order, up to five tokens between

A gap never crosses "but" and its kind, nor a negation: "lips fine, no swelling" does not hold "lips .. swelling".
"""

import itertools
import re
from collections.abc import Mapping, Sequence

_STOPS = (
    "but|however|although|though|whereas|except|no|not|never|without|dont|doesnt|didnt|isnt|arent|wasnt|werent|hasnt|havent"
    "|hadnt|nor|neither|nothing|nothings"
)
_GAP_TOKEN = rf"(?:(?!(?:{_STOPS}) )\S+ )"
_NUMBER = r"\d+(?:\.\d+)?"


def _gap(most: int) -> str:
    return f"{_GAP_TOKEN}{{0,{most}}}"


def _split(phrase: str, separator: str) -> list[str]:
    """`phrase` at every `separator` outside brackets, empty parts left out."""
    parts, depth = [""], 0
    for char in phrase:
        depth += (char == "(") - (char == ")")
        if char == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    if depth:
        raise ValueError(f"The brackets of the phrase {phrase!r} do not match.")
    return [part.strip() for part in parts if part.strip()]


def _word(word: str) -> str:
    if word == "#":
        return _NUMBER
    start, end = r"\S*" * word.startswith("*"), r"\S*" * word.endswith("*")
    return start + re.escape(word.strip("*")) + end


def _atom(atom: str, lists: Mapping[str, Sequence[str]]) -> str:
    if atom in ("..", "..."):
        return _gap(3 if atom == ".." else 7)
    if atom.endswith("?"):
        return f"(?:{_atom(atom[:-1], lists)})?"
    if atom.startswith("("):
        return "(?:" + "|".join(_sequence(part, lists) for part in _split(atom[1:-1], "|")) + ")"
    if atom.startswith("<"):
        return "(?:" + "|".join(_sequence(part, lists) for part in lists[atom[1:-1]]) + ")"
    return _word(atom) + " "


def _sequence(phrase: str, lists: Mapping[str, Sequence[str]]) -> str:
    return "".join(_atom(atom, lists) for atom in _split(phrase, " "))


def _expression(phrase: str, lists: Mapping[str, Sequence[str]]) -> str:
    parts = [_sequence(part, lists) for part in _split(phrase, "&")]
    return "|".join(_gap(5).join(order) for order in itertools.permutations(parts))


def compile_phrases(phrases: Sequence[str], lists: Mapping[str, Sequence[str]]) -> re.Pattern[str]:
    """One pattern that finds any of `phrases` in `Sentence.line`. KeyError: a phrase names an unknown list.

    ValueError: brackets do not match, or a phrase would match nothing at all.
    """
    expressions = {phrase: _expression(phrase, lists) for phrase in phrases}
    pattern = re.compile(r"(?<!\S)(?:" + "|".join(expressions.values()) + ")")
    if pattern.fullmatch(""):
        empty = [phrase for phrase, each in expressions.items() if re.fullmatch(each, "")]
        raise ValueError(f"{empty} match an empty text: not all of a phrase may be left out.")
    return pattern
