"""Reads a PDF with text: pages keep their numbers, larger lines become headings, invisible text is taken out.

A page without visible text is refused by its number: it is a scan, and what cannot be read cannot be cited.
"""

import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from pypdf import PageObject, PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ContentStream, NameObject

from knowledge.errors import DocumentRefused
from knowledge.formats.extracted import PAGE, Extracted, Removed, Trick, removed

MOST_PAGES = 1_500
_SHOWS = {b"Tj", b"TJ", b"'", b'"'}
_WHITE = 0.95
_SMALLEST = 2.0
"""Points; what is smaller is not meant to be read."""
_HEADING_SIZE = 1.15
"""Times the size of the body's letters."""
_FURNITURE = 0.5
"""A first or last line that stands on more than this share of the pages is a running head or foot."""


def read_pdf(content: bytes, tell: Callable[[int, int], None]) -> Extracted:
    """The text of `content`; `tell` hears of each page (number, of how many). Raises DocumentRefused."""
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise DocumentRefused("this PDF is locked with a password: save it without one and send it again")
        count = len(reader.pages)
        if count > MOST_PAGES:
            raise DocumentRefused(f"this PDF has {count} pages; at most {MOST_PAGES} are taken: split it")
        notes: list[Removed] = []
        pages = []
        for number, page in enumerate(reader.pages, 1):
            pages.append(_lines(_visible(page, reader, number, notes)))
            tell(number, count)
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OSError) as error:
        problem = f"this PDF is broken and cannot be read ({type(error).__name__})"
        raise DocumentRefused(f"{problem}: save it anew, or send the text as DOCX or Markdown") from error
    _refuse_scans(pages, reader)
    pages = _without_furniture(pages)
    body = _body_size(pages)
    return Extracted(
        text="".join(f"{_markdown(page, body)}{PAGE}" for page in pages), pages=count, removed=tuple(notes)
    )


_Line = tuple[float, str]
"""The size of a line's largest letters in points, and its text."""


def _visible(page: PageObject, reader: PdfReader, number: int, notes: list[Removed]) -> PageObject:
    """The page without what is drawn invisibly, in white or too small to be read."""
    contents = page.get_contents()
    if contents is None:
        return page
    stream = ContentStream(contents, reader)
    shown, hidden = [], []
    for operands, operator, is_hidden in _with_visibility(stream.operations):
        if is_hidden and operator in _SHOWS:
            hidden.append((operands, operator))
        else:
            shown.append((operands, operator))
    if hidden:
        notes.append(removed(Trick.INVISIBLE, _raw_text(hidden) or f"{len(hidden)} pieces", f"page {number}"))
        stream.operations = shown
        page[NameObject("/Contents")] = stream
    return page


def _with_visibility(operations: list[tuple[Any, bytes]]) -> Iterator[tuple[Any, bytes, bool]]:
    """Each operation, and whether text shown there would be invisible (PDF 32000-1, 8.4 and 9.3)."""
    mode, white, size, scale = 0, False, 12.0, 1.0
    stack: list[tuple[int, bool, float]] = []
    for operands, operator in operations:
        match operator:
            case b"q":
                stack.append((mode, white, size))
            case b"Q" if stack:
                mode, white, size = stack.pop()
            case b"Tr":
                mode = int(operands[0])
            case b"rg" | b"g" | b"sc" | b"scn":
                numbers = [float(each) for each in operands if isinstance(each, int | float)]
                # Four numbers are ink: none of it is white. A pattern has no numbers.
                white = bool(numbers) and (
                    all(each <= 1 - _WHITE for each in numbers) if len(numbers) == 4 else min(numbers) >= _WHITE
                )
            case b"k":
                white = all(float(each) <= 1 - _WHITE for each in operands)
            case b"BT":
                scale = 1.0
            case b"Tf":
                size = abs(float(operands[1]))
            case b"Tm":
                scale = max(abs(float(operands[2])), abs(float(operands[3])))
        yield operands, operator, mode in (3, 7) or white or size * scale < _SMALLEST


def _raw_text(operations: list[tuple[Any, bytes]]) -> str:
    pieces = []
    for operands, _ in operations:
        for operand in operands:
            for each in operand if isinstance(operand, list) else [operand]:
                if isinstance(each, str | bytes):
                    pieces.append(each if isinstance(each, str) else each.decode("latin-1"))
    return "".join(pieces)


def _lines(page: PageObject) -> list[_Line]:
    """The lines of a page from top to bottom with their sizes."""
    sizes: dict[str, float] = {}

    def visit(text: str, cm: list[float], tm: list[float], font: Any, size: float) -> None:
        scaled = size * (abs(tm[3]) or abs(tm[1]) or 1.0) * (abs(cm[3]) or 1.0)
        for piece in text.split("\n"):
            if piece.strip():
                key = " ".join(piece.split())
                sizes[key] = max(scaled, sizes.get(key, 0.0))

    text = page.extract_text(visitor_text=visit)
    lines = []
    for line in text.split("\n"):
        words = " ".join(line.split())
        if words:
            size = sizes.get(words) or max((sizes[key] for key in sizes if key in words), default=0.0)
            lines.append((round(size, 1), words))
    return lines


def _refuse_scans(pages: list[list[_Line]], reader: PdfReader) -> None:
    empty = [number for number, page in enumerate(pages, 1) if not page]
    scans = [number for number in empty if _has_picture(reader.pages[number - 1])]
    if scans or len(empty) == len(pages):
        shown = ", ".join(str(number) for number in (scans or empty)[:8])
        raise DocumentRefused(
            f"page {shown} of this PDF is a scan or a picture without text that can be read and cited: "
            "run text recognition on it, or send the text as DOCX or Markdown"
        )


def _has_picture(page: PageObject) -> bool:
    resources = page.get("/Resources")
    objects = resources.get_object().get("/XObject") if resources is not None else None
    return bool(objects and objects.get_object())


def _without_furniture(pages: list[list[_Line]]) -> list[list[_Line]]:
    """Without page numbers, running heads and running feet."""
    edges = Counter(_shape(line) for page in pages for line in {page[0][1], page[-1][1]} if page)
    often = {shape for shape, count in edges.items() if len(pages) > 3 and count > len(pages) * _FURNITURE}
    kept = []
    for page in pages:
        lines = list(page)
        for at in (0, -1):
            while lines and (
                _shape(lines[at][1]) in often or re.fullmatch(r"(page )?#( (of|/) #)?", _shape(lines[at][1]))
            ):
                lines.pop(at)
        kept.append(lines)
    return kept


def _shape(line: str) -> str:
    return re.sub(r"\d+", "#", line.casefold())


def _body_size(pages: list[list[_Line]]) -> float:
    """The size of most letters."""
    letters: Counter[float] = Counter()
    for page in pages:
        for size, line in page:
            letters[size] += len(line)
    return letters.most_common(1)[0][0] if letters else 0.0


def _markdown(page: list[_Line], body: float) -> str:
    """Paragraphs of joined lines; a short line in larger letters becomes a heading."""
    parts: list[str] = []
    for size, line in page:
        if body and size >= body * _HEADING_SIZE and len(line) <= 120 and re.search(r"[^\W\d_]", line):
            depth = 1 if size >= body * 1.7 else 2 if size >= body * 1.35 else 3
            parts.append(f"\n{'#' * depth} {line}\n")
        elif parts and parts[-1].endswith("-") and line[:1].islower():
            parts[-1] = parts[-1][:-1] + line
        else:
            parts.append(line.lstrip("#") if line.startswith("#") else line)
    return "\n".join(parts)
