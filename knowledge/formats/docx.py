"""Reads a DOCX: paragraphs, headings and tables of its main part; hidden, white and deleted text is left out.

Nothing is unpacked to disk, entities are refused, and a file that swells is refused before it is read.
Structure: ECMA-376, part 1 (w:document).
"""

import io
import zipfile
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from knowledge.errors import DocumentRefused
from knowledge.formats.extracted import Extracted, Removed, Trick, removed

LARGEST: Final = 60_000_000
"""Bytes of all parts together when unpacked."""
_MOST_PARTS: Final = 5_000
_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DOCUMENT, _STYLES = "word/document.xml", "word/styles.xml"


def read_docx(content: bytes) -> Extracted:
    """The text of `content`. Raises DocumentRefused."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            _refuse_bombs(parts)
            document = fromstring(_part(parts, _DOCUMENT))
            styles = fromstring(_part(parts, _STYLES)) if _STYLES in parts.namelist() else None
    except DefusedXmlException as error:
        raise DocumentRefused("this DOCX declares XML entities, as only attacks do: save it anew in Word") from error
    except (zipfile.BadZipFile, KeyError, ParseError, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
        problem = f"this DOCX is broken, locked or no DOCX at all ({type(error).__name__})"
        raise DocumentRefused(f"{problem}: save it anew as .docx, without a password") from error
    depths = _heading_depths(styles)
    notes: list[Removed] = []
    body = document.find(f"{_W}body")
    blocks = [] if body is None else list(_blocks(body, depths, notes))
    return Extracted(text="\n\n".join(blocks), pages=None, removed=tuple(notes))


def _refuse_bombs(parts: zipfile.ZipFile) -> None:
    entries = parts.infolist()
    if len(entries) > _MOST_PARTS or sum(entry.file_size for entry in entries) > LARGEST:
        raise DocumentRefused(
            f"this DOCX unpacks to more than {LARGEST // 1_000_000} MB: remove its pictures, or send it as Markdown"
        )


def _part(parts: zipfile.ZipFile, name: str) -> bytes:
    # The sizes in the archive's list may lie, so no more than the limit is unpacked.
    with parts.open(name) as stream:
        content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise DocumentRefused(f"this DOCX unpacks to more than {LARGEST // 1_000_000} MB: it is not taken")
    return content


def _heading_depths(styles: Element | None) -> dict[str, int]:
    """The depth of each heading style by its id: styles have other names in every language, but outline levels."""
    depths: dict[str, int] = {"Title": 1}
    for style in styles.iter(f"{_W}style") if styles is not None else ():
        identifier = style.get(f"{_W}styleId", "")
        level = style.find(f"{_W}pPr/{_W}outlineLvl")
        name = style.find(f"{_W}name")
        named = (name.get(f"{_W}val", "") if name is not None else "").casefold()
        if level is not None and level.get(f"{_W}val", "").isdecimal():
            depths[identifier] = int(level.get(f"{_W}val", "0")) + 1
        elif named.startswith("heading ") and named[8:].isdecimal():
            depths[identifier] = int(named[8:])
    return depths


def _blocks(parent: Element, depths: dict[str, int], notes: list[Removed]) -> Iterator[str]:
    for child in parent:
        if child.tag == f"{_W}p":
            text = _paragraph(child, notes)
            if text:
                yield _as_markdown(child, text, depths)
        elif child.tag == f"{_W}tbl":
            for row in child.iter(f"{_W}tr"):
                cells = [" ".join(_cell(cell, notes)) for cell in row.iter(f"{_W}tc")]
                if any(cells):
                    yield " | ".join(cells)
        elif child.tag in (f"{_W}sdt", f"{_W}sdtContent"):
            yield from _blocks(child, depths, notes)


def _cell(cell: Element, notes: list[Removed]) -> Iterator[str]:
    return (text for paragraph in cell.iter(f"{_W}p") if (text := _paragraph(paragraph, notes)))


def _as_markdown(paragraph: Element, text: str, depths: dict[str, int]) -> str:
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    identifier = style.get(f"{_W}val", "") if style is not None else ""
    level = paragraph.find(f"{_W}pPr/{_W}outlineLvl")
    if level is not None and level.get(f"{_W}val", "").isdecimal() and int(level.get(f"{_W}val", "9")) < 9:
        return f"{'#' * min(int(level.get(f'{_W}val', '0')) + 1, 6)} {text}"
    if identifier in depths:
        return f"{'#' * min(depths[identifier], 6)} {text}"
    return f"- {text}" if paragraph.find(f"{_W}pPr/{_W}numPr") is not None else text.lstrip("#")


def _paragraph(paragraph: Element, notes: list[Removed]) -> str:
    pieces: list[str] = []
    for run in paragraph.iter(f"{_W}r"):
        text = "".join(_run_text(run))
        if text.strip() and _is_hidden(run):
            notes.append(removed(Trick.INVISIBLE, text))
        else:
            pieces.append(text)
    return " ".join("".join(pieces).split())


def _run_text(run: Element) -> Iterator[str]:
    # Deleted text stands in w:delText and field codes in w:instrText; comments are another part.
    for child in run:
        if child.tag == f"{_W}t":
            yield child.text or ""
        elif child.tag in (f"{_W}tab", f"{_W}br", f"{_W}cr"):
            yield " "
        elif child.tag == f"{_W}noBreakHyphen":
            yield "-"


def _is_hidden(run: Element) -> bool:
    look = run.find(f"{_W}rPr")
    if look is None:
        return False
    for mark in ("vanish", "webHidden"):
        found = look.find(f"{_W}{mark}")
        if found is not None and found.get(f"{_W}val", "true") not in ("0", "false", "off"):
            return True
    color, size = look.find(f"{_W}color"), look.find(f"{_W}sz")
    shade = (color.get(f"{_W}val", "") if color is not None else "").upper()
    white = len(shade) == 6 and all(part in "F" for part in (shade[0], shade[2], shade[4]))
    half_points = size.get(f"{_W}val", "") if size is not None else ""
    return white or (half_points.isdecimal() and int(half_points) <= 4)
