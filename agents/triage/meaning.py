"""A third reading: do these words mean an emergency, whatever words they are?

Rules and likeness know wordings that were foreseen, and an emergency told in passing comes in words that nobody
foresees. A small convolutional network (Kim 2014) reads the vectors of the pieces of words, which lie near each other
where the pieces mean the like. It may raise the level, and it may doubt an emergency that was found in words which mean
something else ("I nearly died of embarrassment").

`meaning.npz` is trained by `agents.triage.meaning_training`. The vectors are those of single pieces by all-MiniLM-L6-v2
(Apache-2.0), in fewer dimensions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from agents.triage.wordpiece import WordPieces

Array = NDArray[np.float32]

WEIGHTS = Path(__file__).with_name("meaning.npz")
MOST_PIECES = 1_000
"""Pieces of a text that are read: more than a message of Telegram has."""


@dataclass(frozen=True)
class Member:
    """One network: filters over one, three … pieces `filters[i]` (K, W * D), then a hidden and the last layer."""

    filters: tuple[Array, ...]
    shifts: tuple[Array, ...]
    hidden: Array
    hidden_shift: Array
    last: Array
    last_shift: Array

    def odds(self, seen: Array) -> float:
        """Of the vectors (N, D) of a text's pieces."""
        found = np.concatenate(
            [_strongest(seen, filters, shift) for filters, shift in zip(self.filters, self.shifts, strict=True)]
        )
        hidden = np.maximum(found @ self.hidden.T + self.hidden_shift, 0)
        return float(hidden @ self.last + self.last_shift)


def _strongest(seen: Array, filters: Array, shift: Array) -> Array:
    """(K,): how strongly each filter answers where it answers most."""
    width = filters.shape[1] // seen.shape[1]
    padded = np.pad(seen, ((width // 2, width // 2), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=0)
    answers = windows.transpose(0, 2, 1).reshape(len(seen), -1) @ filters.T + shift
    strongest: Array = np.maximum(answers.max(axis=0), 0)
    return strongest


@dataclass(frozen=True)
class Meaning:
    """Networks that were learned from different beginnings; the mean of their log-odds counts.

    `threshold`: from where the text is an emergency. `doubt`: below it one that was found by words is doubted.
    """

    pieces: WordPieces
    vectors: Array
    members: tuple[Member, ...]
    threshold: float
    doubt: float
    threads: ThreadpoolController

    def odds(self, text: str) -> float | None:
        """The log-odds that the text tells of an emergency; None where it has no known word."""
        numbers = self.pieces.numbers(text)[:MOST_PIECES]
        if not numbers:
            return None
        seen = self.vectors[numbers]
        with self.threads.limit(limits=1):  # two on a busy machine wait for each other: 60 ms instead of 2
            return sum(member.odds(seen) for member in self.members) / len(self.members)


@lru_cache(maxsize=1)
def load_meaning() -> Meaning:
    """The trained weights."""
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        read = {name: stored[name] for name in stored.files}
    vectors = read["vectors"].astype(np.float32) * read["scale"].astype(np.float32)
    known = {piece: number for number, piece in enumerate(read["pieces"].tolist())}
    count = len({name.split(".")[0] for name in read if name.startswith("member")})
    members = tuple(_member(read, f"member{at}.") for at in range(count))
    return Meaning(
        WordPieces(known), vectors, members, float(read["threshold"]), float(read["doubt"]), ThreadpoolController()
    )


def _member(read: Mapping[str, NDArray[np.generic]], prefix: str) -> Member:
    parts = {name.removeprefix(prefix): read[name].astype(np.float32) for name in read if name.startswith(prefix)}
    count = sum(name.startswith("filters") for name in parts)
    return Member(
        tuple(parts[f"filters{at}"] for at in range(count)),
        tuple(parts[f"shifts{at}"] for at in range(count)),
        *(parts[name] for name in ("hidden", "hidden_shift", "last", "last_shift")),
    )
