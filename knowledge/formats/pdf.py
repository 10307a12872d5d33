"""Reads a PDF with text: pages keep their numbers, larger lines become headings, invisible text is taken out.

A page without visible text is refused by its number: it is a scan, and what cannot be read cannot be cited.
"""

import io
import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from pypdf import PageObject, PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ContentStream, DictionaryObject, IndirectObject, NameObject, StreamObject

from knowledge.errors import DocumentRefused
from knowledge.formats.extracted import PAGE, Extracted, Removed, Trick, removed

BROKEN = (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OSError)
"""What reading a crooked PDF raises."""

MOST_PAGES = 1_500
_SHOWS = {b"Tj", b"TJ", b"'", b'"'}
_DEVICES = {b"g": "/DeviceGray", b"rg": "/DeviceRGB", b"k": "/DeviceCMYK"}
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
        eye = _Eye(reader)
        for number, page in enumerate(reader.pages, 1):
            pages.append(_lines(eye.visible(page, number, notes)))
            tell(number, count)
    except BROKEN as error:
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


@dataclass(slots=True)
class _Pen:
    """What decides whether text that is shown can be seen (PDF 32000-1, 8.4, 8.6 and 9.3).

    `drawing` and `line` are how much larger the drawing and the text matrix make its letters.
    """

    mode: int = 0
    space: str = "/DeviceGray"
    white: bool = False
    size: float = 12.0
    drawing: float = 1.0
    line: float = 1.0

    @property
    def is_unseen(self) -> bool:
        """Whether text would be invisible, white or too small to be read."""
        return self.mode in (3, 7) or self.white or self.size * self.line * self.drawing < _SMALLEST

    def follow(self, operands: Any, operator: bytes, resources: Any) -> None:
        """Takes over what one operation changes."""
        match operator:
            case b"Tr":
                self.mode = int(operands[0])
            case b"cs":
                self.space, self.white = _space(str(operands[0]), resources), False
            case b"sc" | b"scn":
                self.white = _is_white(operands, self.space)
            case b"g" | b"rg" | b"k":
                self.space = _DEVICES[operator]
                self.white = _is_white(operands, self.space)
            case b"cm":
                self.drawing *= math.hypot(float(operands[2]), float(operands[3]))
            case b"BT":
                self.line = 1.0
            case b"Tf":
                self.size = abs(float(operands[1]))
            case b"Tm":
                self.line = math.hypot(float(operands[2]), float(operands[3]))


def _space(name: str, resources: Any) -> str:
    """The family of a colour space that a page names."""
    named = _entry(_entry(resources, "/ColorSpace"), name)
    return str(named[0]) if isinstance(named, list) and named else name


def _is_white(operands: Any, space: str) -> bool:
    numbers = [float(each) for each in operands if isinstance(each, int | float)]
    if not numbers or space in ("/Pattern", "/Indexed", "/Lab"):
        return False
    if len(numbers) == 4 or space in ("/Separation", "/DeviceN"):  # Inks: none of them is white.
        return max(numbers) <= 1 - _WHITE
    return min(numbers) >= _WHITE


def _entry(of: Any, name: str) -> Any:
    found = of.get(name) if isinstance(of, dict) else None
    return None if found is None else found.get_object()


class _Eye:
    """Takes out of a PDF's pages, and of the forms they draw, what nobody would see."""

    def __init__(self, reader: PdfReader) -> None:
        self._reader = reader
        self._forms: dict[tuple[int, int], StreamObject] = {}
        self._unseen: list[tuple[Any, bytes]] = []

    def visible(self, page: PageObject, number: int, notes: list[Removed]) -> PageObject:
        """The page without it."""
        contents = page.get_contents()
        if contents is None:
            return page
        stream = ContentStream(contents, self._reader)
        self._unseen = []
        if self._looked_through(stream, _entry(page, "/Resources"), _Pen()):
            page[NameObject("/Contents")] = stream
        if self._unseen:
            words = _raw_text(self._unseen) or f"{len(self._unseen)} pieces"
            notes.append(removed(Trick.INVISIBLE, words, f"page {number}"))
        return page

    def _looked_through(self, stream: ContentStream, resources: Any, pen: _Pen) -> bool:
        """Whether something was taken out of `stream` itself."""
        kept: list[tuple[Any, bytes]] = []
        stack: list[_Pen] = []
        for operands, operator in stream.operations:
            if operator in _SHOWS and pen.is_unseen:
                self._unseen.append((operands, operator))
                continue
            kept.append((operands, operator))
            if operator == b"q":
                stack.append(replace(pen))
            elif operator == b"Q" and stack:
                pen = replace(stack.pop(), line=pen.line)
            elif operator == b"Do" and operands:
                self._look_at_form(str(operands[0]), resources, pen)
            else:
                pen.follow(operands, operator, resources)
        if len(kept) == len(stream.operations):
            return False
        stream.operations = kept
        return True

    def _look_at_form(self, name: str, resources: Any, pen: _Pen) -> None:
        """Each form is looked through once, as it is drawn first: forms that draw forms would be endless."""
        drawn = _entry(resources, "/XObject")
        reference = drawn.raw_get(name) if isinstance(drawn, DictionaryObject) and name in drawn else None
        if not isinstance(reference, IndirectObject):
            return
        number = (reference.idnum, reference.generation)
        form = reference.get_object()
        if number not in self._forms and isinstance(form, StreamObject) and form.get("/Subtype") == "/Form":
            self._forms[number] = form
            try:
                self._forms[number] = self._visible_form(form, resources, pen)
            except (*BROKEN, NotImplementedError):
                self._forms[number] = _empty_form()  # what cannot be looked through is not read
                self._unseen.append(([], b"Do"))
        if number in self._forms:
            drawn[NameObject(name)] = self._forms[number]

    def _visible_form(self, form: StreamObject, resources: Any, pen: _Pen) -> StreamObject:
        matrix = [float(number) for number in form.get("/Matrix", (1, 0, 0, 1, 0, 0))]
        inside = replace(pen, drawing=pen.drawing * math.hypot(matrix[2], matrix[3]), line=1.0)
        stream = ContentStream(form, self._reader)
        if not self._looked_through(stream, _entry(form, "/Resources") or resources, inside):
            return form
        stream.update({key: each for key, each in form.items() if key not in ("/Filter", "/DecodeParms", "/Length")})
        return stream


def _empty_form() -> StreamObject:
    form = StreamObject()
    form.update({NameObject("/Type"): NameObject("/XObject"), NameObject("/Subtype"): NameObject("/Form")})
    return form


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
        numbers = 1
        for at in (-1, 0):
            while lines:
                shape = _shape(lines[at][1])
                is_number = re.fullmatch(r"(page )?#( (of|/) #)?", shape) is not None
                # A page has one number; more of them are a column of the text's own.
                if not (numbers if is_number else shape in often):
                    break
                numbers -= is_number
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
