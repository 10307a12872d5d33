"""Splits a text into the pieces of words that `meaning` knows, as BERT's uncased tokeniser does.

Source: Devlin et al. 2019; https://github.com/google-research/bert/blob/master/tokenization.py.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache

_WORD = re.compile(r"[a-z0-9]+|[^\sa-z0-9]")
_LONGEST_WORD = 40


class WordPieces:
    """`known`: every piece and its number; those that go on with a word begin with "##"."""

    def __init__(self, known: Mapping[str, int]) -> None:
        self._known = known
        self._pieces = lru_cache(maxsize=20_000)(self._split)

    def numbers(self, text: str) -> list[int]:
        """The pieces of a text, by number; what is in no Latin script is left out."""
        plain = unicodedata.normalize("NFD", text.replace("’", "'").casefold())
        plain = "".join(character for character in plain if not unicodedata.combining(character))
        return [piece for word in _WORD.findall(plain) for piece in self._pieces(word)]

    def _split(self, word: str) -> tuple[int, ...]:
        return tuple(self._longest_first(word)) if len(word) <= _LONGEST_WORD else ()

    def _longest_first(self, word: str) -> Iterator[int]:
        first = 0
        while first < len(word):
            for last in range(len(word), first, -1):
                piece = word[first:last] if first == 0 else f"##{word[first:last]}"
                if piece in self._known:
                    yield self._known[piece]
                    first = last
                    break
            else:
                return
