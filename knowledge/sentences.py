"""Splits prose into sentences without losing a word.

A blank line or a list mark ends a sentence; a single line break does not, unless the line ended one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_BLOCK_START = re.compile(r"\s*(?:[-*•]|\d{1,2}[.)])\s+\S")
_SENTENCE_END = re.compile(r"""(?<=[.!?])["'”’)\]]*\s+(?=["'“‘(\[]*[A-Z0-9])""")
_ABBREVIATION = re.compile(r"(?:^|[\s(])(?:e\.g|i\.e|etc|vs|approx|no|dr|mr|mrs|ms|prof|st|fig)\.$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence on one line; `opens_block` when it begins a paragraph or a list item."""

    text: str
    opens_block: bool


def sentences(text: str) -> list[Sentence]:
    """The sentences of `text` in order; joined by spaces they are `text` with its white space made single."""
    found: list[Sentence] = []
    for block in _blocks(text):
        for position, sentence in enumerate(_sentences_of(block)):
            found.append(Sentence(sentence, opens_block=position == 0))
    return found


def _blocks(text: str) -> Iterator[str]:
    lines: list[str] = []
    for line in text.splitlines():
        starts_block = not line.strip() or _BLOCK_START.match(line) is not None
        if starts_block and lines:
            yield " ".join(lines)
            lines = []
        lines.extend([" ".join(line.split())] if line.strip() else [])
    if lines:
        yield " ".join(lines)


def _sentences_of(block: str) -> Iterator[str]:
    start = 0
    for end in _SENTENCE_END.finditer(block):
        candidate = block[start : end.start()]
        if _ABBREVIATION.search(candidate) or candidate.strip("-*•0123456789.) ") == "":
            continue
        yield block[start : end.end()].strip()
        start = end.end()
    if block[start:].strip():
        yield block[start:].strip()
