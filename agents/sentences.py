"""Cuts text into sentences and reads the citation marks that end them, as language models and guidelines write both.

A full stop inside "e.g.", "Dr.", a decimal or a web address ends nothing; a blank line, a list mark and a line
break after a
finished sentence do. A mark such as [1] or [2, 3] belongs to the sentence before it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_BULLET = re.compile(r"^\s*(?:[-*•‣–]|\d{1,2}[.)])\s+")
_HEADING = re.compile(r"^\s*#{1,6}\s+\S")
_MARK = r"\[\s*\d+(?:\s*[,;]\s*\d+)*\s*\]"
_MARKS = re.compile(_MARK)
_END = re.compile(rf"[.!?…]+[\"'”’)]*(?:\s*{_MARK})*(?=\s|$)")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[\"'])(?:e\.g|i\.e|etc|vs|cf|approx|no|dr|mr|mrs|ms|prof|st|fig|max|min|incl|tel|p)\.$",
    re.IGNORECASE,
)
_INITIAL = re.compile(r"(?:^|\s)[A-Z]\.$")


@dataclass(frozen=True, slots=True)
class MarkedSentence:
    """One sentence without its marks, and the numbers the marks name, in order and each once."""

    text: str
    marks: tuple[int, ...]


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of `text` in order, each on one line, list marks left out. Loses no other word. Never raises."""
    return tuple(sentence for block in _blocks(text) for sentence in _cut(block))


def marked_sentences(text: str) -> tuple[MarkedSentence, ...]:
    """The sentences of `text` with their citation marks read and taken off. Never raises."""
    found = (_read_marks(sentence) for sentence in sentences(text))
    return tuple(sentence for sentence in found if sentence.text)


def _blocks(text: str) -> Iterator[str]:
    lines: list[str] = []
    for line in text.splitlines():
        apart = not line.strip() or _BULLET.match(line) or _HEADING.match(line)
        if lines and (apart or _HEADING.match(lines[-1]) or _ends(lines[-1])):
            yield " ".join(" ".join(lines).split())
            lines = []
        plain = _BULLET.sub("", line)
        if plain.strip():
            lines.append(plain)
    if lines:
        yield " ".join(" ".join(lines).split())


def _ends(line: str) -> bool:
    stripped = line.rstrip()
    last = list(_END.finditer(stripped))
    return bool(last) and last[-1].end() == len(stripped) and not _is_abbreviation(stripped)


def _cut(block: str) -> Iterator[str]:
    start = 0
    for end in _END.finditer(block):
        candidate = block[start : end.end()]
        following = block[end.end() :].lstrip()
        if _is_abbreviation(candidate) and following:
            continue
        if following and following[0].islower():
            continue
        if candidate.strip():
            yield candidate.strip()
        start = end.end()
    if block[start:].strip():
        yield block[start:].strip()


def _is_abbreviation(candidate: str) -> bool:
    return bool(_ABBREVIATION.search(candidate) or _INITIAL.search(candidate))


def _read_marks(sentence: str) -> MarkedSentence:
    numbers = [int(number[:6]) for mark in _MARKS.findall(sentence) for number in re.findall(r"\d+", mark)]
    bare = " ".join(_MARKS.sub(" ", sentence).split())
    bare = re.sub(r"\s+([.,;:!?…])", r"\1", bare)
    return MarkedSentence(bare, tuple(dict.fromkeys(numbers)))
