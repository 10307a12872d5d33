"""Reads a DOCX: paragraphs, headings and tables of its main part; hidden, white and deleted text is left out.

Footnotes, equations and symbols of fonts that no text can hold are told as left out.

Nothing is unpacked to disk, entities are refused, and a file that swells is refused before it is read.
Structure: ECMA-376, part 1 (w:document).
"""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
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
_MATH: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/math}oMath"
_DOCUMENT, _STYLES = "word/document.xml", "word/styles.xml"
_GONE: Final = (f"{_W}del", f"{_W}moveFrom")
"""Changes that are tracked: what they hold stands in the text no more."""
_NOTES: Final = {
    f"{_W}footnoteReference": ("footnote", "word/footnotes.xml"),
    f"{_W}endnoteReference": ("endnote", "word/endnotes.xml"),
}
_SYMBOLS: Final = dict(
    zip(
        (*range(0x20, 0x7F), *range(0xA1, 0xFF)),
        " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼"
        "ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪\ufffd〉∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭",
        strict=True,
    )
)
"""The letters of the font Symbol, in which Word writes µ, ≥ and ≤ (Adobe's Symbol encoding)."""


@dataclass(frozen=True, slots=True)
class _Around:
    """What the main part refers to, and what was left out of it so far.

    `depths` are those of the heading styles, `hidden` the styles whose text nobody sees, `footnotes` their texts.
    """

    depths: Mapping[str, int]
    hidden: frozenset[str]
    footnotes: Mapping[tuple[str, str], str]
    notes: list[Removed] = field(default_factory=list)


def read_docx(content: bytes) -> Extracted:
    """The text of `content`. Raises DocumentRefused."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            _refuse_bombs(parts)
            document = fromstring(_part(parts, _DOCUMENT))
            styles = fromstring(_part(parts, _STYLES)) if _STYLES in parts.namelist() else None
            footnotes = dict(_footnotes(parts))
    except DefusedXmlException as error:
        raise DocumentRefused("this DOCX declares XML entities, as only attacks do: save it anew in Word") from error
    except (zipfile.BadZipFile, KeyError, ParseError, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
        problem = f"this DOCX is broken, locked or no DOCX at all ({type(error).__name__})"
        raise DocumentRefused(f"{problem}: save it anew as .docx, without a password") from error
    around = _Around(_heading_depths(styles), _hidden_styles(styles), footnotes)
    body = document.find(f"{_W}body")
    blocks = [] if body is None else list(_blocks(body, around))
    return Extracted(text="\n\n".join(blocks), pages=None, removed=tuple(around.notes))


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


def _footnotes(parts: zipfile.ZipFile) -> Iterator[tuple[tuple[str, str], str]]:
    """The texts of footnotes and endnotes, by kind and id."""
    for kind, name in _NOTES.values():
        if name in parts.namelist():
            for each in fromstring(_part(parts, name)).iter(f"{_W}{kind}"):
                words = " ".join(text.text or "" for text in each.iter(f"{_W}t"))
                yield (kind, each.get(f"{_W}id", "")), words


def _heading_depths(styles: Element | None) -> dict[str, int]:
    """The depth of each heading style by its id: styles have other names in every language, but outline levels."""
    depths: dict[str, int] = {"Title": 1}
    for style in styles.iter(f"{_W}style") if styles is not None else ():
        identifier = style.get(f"{_W}styleId", "")
        level = _outline_level(style)
        name = style.find(f"{_W}name")
        named = (name.get(f"{_W}val", "") if name is not None else "").casefold()
        if level is not None:
            depths[identifier] = level + 1
        elif named.startswith("heading ") and named[8:].isdecimal():
            depths[identifier] = int(named[8:])
    return depths


def _outline_level(of: Element) -> int | None:
    """The outline level of a style or a paragraph; level 9 is Word's word for text that is no heading."""
    found = of.find(f"{_W}pPr/{_W}outlineLvl")
    level = found.get(f"{_W}val", "") if found is not None else ""
    return int(level) if level.isdecimal() and int(level) < 9 else None


def _hidden_styles(styles: Element | None) -> frozenset[str]:
    """The styles that hide text, themselves or by the style they are based on."""
    by_id = {
        style.get(f"{_W}styleId", ""): style for style in (styles.iter(f"{_W}style") if styles is not None else ())
    }

    def hides(identifier: str, passed: frozenset[str] = frozenset()) -> bool:
        style = by_id.get(identifier)
        if style is None or identifier in passed:
            return False
        mark = style.find(f"{_W}rPr/{_W}vanish")
        return hides(_named(style, "basedOn"), passed | {identifier}) if mark is None else _is_on(mark)

    return frozenset(identifier for identifier in by_id if identifier and hides(identifier))


def _named(of: Element, path: str) -> str:
    """The style that an element below `of` names, or nothing."""
    found = of.find("/".join(f"{_W}{step}" for step in path.split("/")))
    return found.get(f"{_W}val", "") if found is not None else ""


def _is_on(mark: Element) -> bool:
    return mark.get(f"{_W}val", "true") not in ("0", "false", "off")


def _blocks(parent: Element, around: _Around) -> Iterator[str]:
    for child in parent:
        if child.tag == f"{_W}p":
            text = _paragraph(child, around)
            if text:
                yield _as_markdown(child, text, around.depths)
        elif child.tag == f"{_W}tbl":
            for row in child.iter(f"{_W}tr"):
                cells = [" ".join(_cell(cell, around)) for cell in row.iter(f"{_W}tc")]
                if any(cells):
                    yield " | ".join(cells)
        elif child.tag in (f"{_W}sdt", f"{_W}sdtContent"):
            yield from _blocks(child, around)


def _cell(cell: Element, around: _Around) -> Iterator[str]:
    return (text for paragraph in cell.iter(f"{_W}p") if (text := _paragraph(paragraph, around)))


def _as_markdown(paragraph: Element, text: str, depths: Mapping[str, int]) -> str:
    identifier = _named(paragraph, "pPr/pStyle")
    level = _outline_level(paragraph)
    if level is not None:
        return f"{'#' * min(level + 1, 6)} {text}"
    if identifier in depths:
        return f"{'#' * min(depths[identifier], 6)} {text}"
    return f"- {text}" if paragraph.find(f"{_W}pPr/{_W}numPr") is not None else text.lstrip("#")


def _paragraph(paragraph: Element, around: _Around) -> str:
    pieces: list[str] = []
    style = _named(paragraph, "pPr/pStyle")
    for run in _runs(paragraph):
        text = "".join(_run_text(run, around))
        if text.strip() and _is_hidden(run, style, around.hidden):
            around.notes.append(removed(Trick.INVISIBLE, text))
        else:
            pieces.append(text)
    return " ".join("".join(pieces).split())


def _runs(parent: Element) -> Iterator[Element]:
    """The runs and equations that stand in a paragraph, in reading order."""
    for child in parent:
        if child.tag in (f"{_W}r", _MATH):
            yield child
        if child.tag not in (*_GONE, _MATH):
            yield from _runs(child)


def _run_text(run: Element, around: _Around) -> Iterator[str]:
    # Field codes stand in w:instrText; comments are another part.
    if run.tag == _MATH:
        around.notes.append(removed(Trick.UNREADABLE, f"equation {''.join(run.itertext())}"))
        return
    for child in run:
        if child.tag == f"{_W}t":
            yield child.text or ""
        elif child.tag == f"{_W}sym":
            yield _symbol(child, around)
        elif child.tag in _NOTES:
            kind, identifier = _NOTES[child.tag][0], child.get(f"{_W}id", "")
            words = around.footnotes.get((kind, identifier), "")
            around.notes.append(removed(Trick.UNREADABLE, f"{kind} {words or identifier}"))
        elif child.tag in (f"{_W}tab", f"{_W}br", f"{_W}cr"):
            yield " "
        elif child.tag == f"{_W}noBreakHyphen":
            yield "-"


def _symbol(mark: Element, around: _Around) -> str:
    font, code = mark.get(f"{_W}font", ""), mark.get(f"{_W}char", "")
    # Word moves the letters of such a font to Unicode's private F000 to F0FF.
    place = re.fullmatch(r"(?:[Ff]0|00)?([0-9A-Fa-f]{2})", code)
    letter = _SYMBOLS.get(int(place[1], 16)) if place and font.casefold() == "symbol" else None
    if letter is None:
        around.notes.append(removed(Trick.UNREADABLE, f"symbol {code} of the font {font}"))
    return letter or ""


def _is_hidden(run: Element, style: str, hidden: frozenset[str]) -> bool:
    vanish = run.find(f"{_W}rPr/{_W}vanish")
    if _is_on(vanish) if vanish is not None else not hidden.isdisjoint((style, _named(run, "rPr/rStyle"))):
        return True
    look = run.find(f"{_W}rPr")
    if look is None:
        return False
    web_hidden = look.find(f"{_W}webHidden")
    if web_hidden is not None and _is_on(web_hidden):
        return True
    color, size = look.find(f"{_W}color"), look.find(f"{_W}sz")
    shade = (color.get(f"{_W}val", "") if color is not None else "").upper()
    white = len(shade) == 6 and all(part in "F" for part in (shade[0], shade[2], shade[4]))
    half_points = size.get(f"{_W}val", "") if size is not None else ""
    return white or (half_points.isdecimal() and int(half_points) <= 4)
