"""Follows the headings of a free document: which text stands below which path of headings, on which page.

A heading that says what one of a guideline's fixed sections says ("Management", "Symptoms") counts as that
section, so that a question finds its answer in a document as it does in a guideline.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from knowledge.formats.extracted import PAGE

_HEADING = re.compile(r"(#{1,6})\s+(.*\S)\s*")
_LONGEST_LABEL = 160

_COUNTS_AS: tuple[tuple[str, str], ...] = (
    (r"darker skin|skin of colou?r|brown or black skin|pigmented skin", "On darker skin"),
    (r"when to (get|seek|see)|red flags?|urgent|emergenc|refer(ral)?\b|safety.?net", "When to get help"),
    (r"pregnan|breast.?feed|children|infan|paediatric|pediatric|neonat", "Children and pregnancy"),
    (r"contagious|infectious|transmission|how (it|they) spread", "Is it contagious"),
    (
        r"self.?care|home care|lifestyle|emollient|look(ing)? after yourself|patient advice|general measures",
        "Self-care",
    ),
    (r"treat|manag|therap|medicat|medicine|drug|surgery|diagnos|investigation|test", "Treatment"),
    (r"prevent|prophyla|avoid", "Prevention"),
    (r"cause|aetiology|etiology|risk factor|pathogenesis|trigger", "Causes"),
    (r"symptom|sign|feature|presentation|appearance|looks? like|recogni", "What it looks like"),
    (r"overview|introduction|summary|background|definition|about|what is", "Overview"),
)
_COMPILED = tuple((re.compile(pattern, re.IGNORECASE), heading) for pattern, heading in _COUNTS_AS)


@dataclass(frozen=True, slots=True)
class DocumentSection:
    """Text below one path of headings on one page; `page` is None for a document without pages."""

    heading: str
    label: str
    text: str
    page: int | None


def document_sections(text: str) -> Iterator[DocumentSection]:
    """The sections of a document in the form `knowledge.formats` gives, in reading order."""
    has_pages = PAGE in text
    path: list[tuple[int, str]] = []
    lines: list[str] = []
    began = 1
    for number, page in enumerate(_whole_sentences(text.split(PAGE)), 1):
        for line in page.splitlines():
            found = _HEADING.fullmatch(line)
            if found:
                yield from _section(path, lines, began if has_pages else None)
                lines, began = [], number
                path = [above for above in path if above[0] < len(found[1])] + [(len(found[1]), found[2])]
            else:
                lines.append(line)
        yield from _section(path, lines, began if has_pages else None)
        lines, began = [], number + 1


def counts_as(heading: str) -> str:
    """The fixed section that a heading amounts to, or the heading itself."""
    return next((fixed for pattern, fixed in _COMPILED if pattern.search(heading)), heading)


def _section(path: list[tuple[int, str]], lines: list[str], page: int | None) -> Iterator[DocumentSection]:
    text = "\n".join(lines).strip()
    if not re.search(r"\w", text):
        return
    titles = [title for _, title in path] or ["Text"]
    # The lowest heading tells most; the one above it helps where it tells nothing.
    known = next((counts_as(title) for title in reversed(titles) if counts_as(title) != title), titles[-1])
    label = " / ".join(titles)
    yield DocumentSection(
        known, label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…", text, page
    )


def _whole_sentences(pages: list[str]) -> list[str]:
    """The pages with a sentence that runs over the edge kept on the page it begins on."""
    whole = list(pages)
    for at in range(len(whole) - 1):
        before, after = whole[at].rstrip(), whole[at + 1].lstrip()
        last = before.rsplit("\n", 1)[-1]
        if not before or last.startswith("#") or re.search(r"[.!?:;]['\")\]]*$", before) or not after[:1].islower():
            continue
        end = re.search(r"[.!?](?=\s|$)|\n\s*\n|\n#", after)
        cut = end.end() if end and end.group() in ".!?" else end.start() if end else len(after)
        whole[at] = f"{before} {after[:cut]}"
        whole[at + 1] = after[cut:]
    return whole
