"""Spelling tolerance: a misspelt danger word is read as the word that was meant.

Only the words of `terms/spelling.yaml` are ever restored. A token is left alone when it is an ordinary word, when it is
short, or when it is further away than one slip (two in words of eight letters or more). A slip is one letter missing,
added, changed, or swapped with its neighbour (Damerau, 1964).
"""

from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

_SHORTEST, _LONG = 5, 8
_LONGEST = 24


class _Spelling(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    means: dict[str, str]
    restore: tuple[str, ...]
    ordinary: frozenset[str]


@lru_cache(maxsize=1)
def _spelling() -> _Spelling:
    path = Path(__file__).parent / "terms" / "spelling.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    return _Spelling(
        means=data["means"],
        restore=tuple(data["restore"].split()),
        ordinary=frozenset(data["ordinary"].split()),
    )


def slips(left: str, right: str) -> int:
    """Letters missing, added, changed or swapped between two words (optimal string alignment distance)."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        after = [i]
        for j, b in enumerate(right, 1):
            cost = min(row[j] + 1, after[j - 1] + 1, row[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            after.append(cost)
        before, row = row, after
    return row[-1]


@lru_cache(maxsize=4096)
def mend(token: str) -> str:
    """`token`, or the danger word (or words) it was meant to be."""
    spelling = _spelling()
    if token in spelling.means:
        return spelling.means[token]
    if not _SHORTEST <= len(token) <= _LONGEST or token in spelling.ordinary or token in spelling.restore:
        return token
    near: list[tuple[int, str]] = []
    for word in spelling.restore:
        allowed = 2 if min(len(word), len(token)) >= _LONG else 1
        if abs(len(word) - len(token)) > allowed or word[0] not in token[:2] or token[0] not in word[:2]:
            continue
        if (distance := slips(token, word)) <= allowed:
            near.append((distance, word))
    return min(near)[1] if near else token
