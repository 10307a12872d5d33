"""A patient's message as sentences of plain tokens: lower case, no apostrophes, contractions joined, spelling mended.

A comma stays as the token "," because lists and clauses turn on it; a sentence remembers its question mark.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

from agents.triage.spelling import mend

_APOSTROPHES = re.compile(r"(?<=\w)['\u2019\u2018`\u00b4\u02bc](?=\w)")
_SENTENCE_END = re.compile(r"([.!?;\n]+)")
_DECIMAL = re.compile(r"(?<=\d)[.,](?=\d)")
_DECIMAL_MARK = "\u00b7"
_TOKEN = re.compile(r"\d+(?:\u00b7\d+)?|[^\W\d_]+|[,:()/]|\s[-\u2013\u2014]+\s|\u2014")
_NEGATED_VERBS = {
    f"{verb} not": f"{verb}nt" for verb in "do does did is are was were has have had could would should".split()
} | {"can not": "cant", "will not": "wont", "am not": "isnt", "does nt": "doesnt", "do nt": "dont"}
_HAY_FEVER = re.compile(r"\bhay fever\b")
"""No fever, but a name."""
_SPLIT_NEGATED = re.compile(r"\b(don|doesn|didn|isn|aren|wasn|weren|hasn|haven|couldn|can|won) t\b")


@dataclass(frozen=True)
class Sentence:
    """Tokens of one sentence; `question` when it ended with a question mark."""

    tokens: tuple[str, ...]
    question: bool

    @cached_property
    def line(self) -> str:
        """The tokens as one string, a space after each: what phrases are matched against."""
        return "".join(f"{token} " for token in self.tokens)

    def index_at(self, offset: int) -> int:
        """The token that starts at character `offset` of `line`."""
        return self.line.count(" ", 0, offset)


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text).casefold()
    folded = "".join(char for char in folded if not unicodedata.combining(char))
    return _HAY_FEVER.sub(
        "hayfever", _SPLIT_NEGATED.sub(r"\1t", _DECIMAL.sub(_DECIMAL_MARK, _APOSTROPHES.sub("", folded)))
    )


def _tokens(piece: str) -> tuple[str, ...]:
    found = [match.group().strip().replace(_DECIMAL_MARK, ".") for match in _TOKEN.finditer(piece)]
    tokens: list[str] = []
    for raw in found:
        for token in [raw] if raw[0].isalnum() else [","]:
            joined = _NEGATED_VERBS.get(f"{tokens[-1]} {token}") if tokens else None
            if joined is not None:
                tokens[-1] = joined
            else:
                tokens.extend(mend(token).split() if token.isalpha() else [token])
    return tuple(tokens)


def sentences(text: str) -> tuple[Sentence, ...]:
    """The sentences of `text`, empty ones left out. Never raises."""
    pieces = _SENTENCE_END.split(_plain(text))
    read: list[Sentence] = []
    for at in range(0, len(pieces), 2):
        end = pieces[at + 1] if at + 1 < len(pieces) else ""
        tokens = _tokens(pieces[at])
        if any(token != "," for token in tokens):
            read.append(Sentence(tokens, "?" in end))
    return tuple(read)
