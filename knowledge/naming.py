"""Which conditions a question calls by name, in any of the names and descriptions their guidelines list."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from knowledge.words import words


@dataclass(frozen=True, slots=True)
class KnownName:
    """A phrase and the condition it means."""

    phrase: str
    slug: str


def named_slugs(question: str, names: Iterable[KnownName]) -> frozenset[str]:
    """The conditions that `question` names.

    A longer name wins over a shorter one inside it: "cancerous mole" is melanoma and not a mole. An
    abbreviation in capitals must be written in capitals, since "dress" is a garment and "DRESS" an emergency.
    """
    asked = [_singular(word) for word in words(question)]
    capitals = {word for word in question.replace("-", " ").split() if word.isupper()}
    free = [True] * len(asked)
    found: set[str] = set()
    for length, claims in _by_length(names):
        taken: list[range] = []
        for phrase, name in claims:
            if name.phrase.isupper() and not any(name.phrase in word for word in capitals):
                continue
            for at in range(len(asked) - length + 1):
                if tuple(asked[at : at + length]) == phrase and all(free[at : at + length]):
                    found.add(name.slug)
                    taken.append(range(at, at + length))
        # Only after all names of one length: two conditions may share a name.
        for place in taken:
            for at in place:
                free[at] = False
    return frozenset(found)


def _by_length(names: Iterable[KnownName]) -> list[tuple[int, list[tuple[tuple[str, ...], KnownName]]]]:
    grouped: dict[int, list[tuple[tuple[str, ...], KnownName]]] = {}
    for name in names:
        phrase = _words_of_name(name.phrase)
        if phrase:
            grouped.setdefault(len(phrase), []).append((phrase, name))
    return sorted(grouped.items(), reverse=True)


@lru_cache(maxsize=50_000)
def _words_of_name(phrase: str) -> tuple[str, ...]:
    """Remembered, since every question meets the same names; a question itself never comes here."""
    return tuple(_singular(word) for word in words(phrase))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and word[-2] not in "isu" else word
