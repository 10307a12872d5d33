"""Reads the body of a guideline file: a title, then the same sections in the same order in every file.

The form is fixed because advice depends on it: "When to get help" is split by the five levels of urgency so
that a passage can be cited with the level it belongs to, and a text without "On darker skin" is refused.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.errors import GuidelineInvalid
from knowledge.record import Section

HELP = "When to get help"
SOURCES = "Sources"
HEADINGS = (
    "Overview",
    "What it looks like",
    "On darker skin",
    "Causes",
    "Is it contagious",
    "Self-care",
    "Treatment",
    "Children and pregnancy",
    HELP,
    "Prevention",
    SOURCES,
)
HELP_LEVELS = ("Emergency", "Same day", "This week", "Routine", "Self-care")

_HEADING = re.compile(r"(#{1,6})\s+(.*\S)\s*")


@dataclass(frozen=True, slots=True)
class _Block:
    """A heading and the text up to the next; lines count from 1, depth 0 stands before the first."""

    line: int
    depth: int
    name: str
    text: str

    @property
    def mark(self) -> str:
        return f"{'#' * self.depth} {self.name}"


def read_sections(lines: Sequence[str], start: int, title: str, document: str) -> tuple[Section, ...]:
    """The sections in `lines[start:]`. Raises GuidelineInvalid naming `document`, the line and the remedy."""
    before, *found = _blocks(lines, start)
    if before.text:
        raise GuidelineInvalid(document, start + 1, "there is text before the title", f"Begin with '# {title}'")
    expected = _expected(title)
    for wanted, block in zip(expected, found, strict=False):
        _check(wanted, block, document)
    if len(found) < len(expected):
        missing = expected[len(found)].mark
        raise GuidelineInvalid(document, len(lines), f"'{missing}' is missing", "Add it at the end")
    if len(found) > len(expected):
        extra = found[len(expected)]
        raise GuidelineInvalid(document, extra.line, f"'{extra.mark}' is one heading too many", "Remove it")
    return tuple(_sections(found))


def _blocks(lines: Sequence[str], start: int) -> list[_Block]:
    blocks: list[_Block] = []
    line, depth, name, text = start, 0, "", list[str]()
    for number, content in enumerate(lines[start:], start + 1):
        heading = _HEADING.fullmatch(content)
        if heading is None:
            text.append(content.rstrip())
            continue
        blocks.append(_Block(line, depth, name, "\n".join(text).strip()))
        line, depth, name, text = number, len(heading[1]), heading[2], []
    return [*blocks, _Block(line, depth, name, "\n".join(text).strip())]


def _expected(title: str) -> list[_Block]:
    """The headings a file must have; `text` is not empty where the file must have text."""
    expected = [_Block(0, 1, title, "")]
    for heading in HEADINGS:
        expected.append(_Block(0, 2, heading, "" if heading == HELP else "required"))
        if heading == HELP:
            expected.extend(_Block(0, 3, level, "required") for level in HELP_LEVELS)
    return expected


def _check(wanted: _Block, block: _Block, document: str) -> None:
    if (block.depth, block.name) != (wanted.depth, wanted.name):
        problem = f"'{block.mark}' stands where '{wanted.mark}' belongs"
        raise GuidelineInvalid(document, block.line, problem, "Keep every heading, once and in the usual order")
    if wanted.text and not block.text:
        raise GuidelineInvalid(document, block.line, f"'{block.mark}' is empty", "Write at least one sentence")
    if block.text and not wanted.text:
        problem = f"there is text directly below '{block.mark}'"
        raise GuidelineInvalid(document, block.line, problem, "Move it below the next heading")


def _sections(blocks: Sequence[_Block]) -> list[Section]:
    sections: list[Section] = []
    heading = ""
    for block in blocks:
        heading = block.name if block.depth == 2 else heading
        if block.text:
            subheading = block.name if block.depth == 3 else None
            sections.append(Section(heading=heading, subheading=subheading, text=block.text))
    return sections
