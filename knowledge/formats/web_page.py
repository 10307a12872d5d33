"""Reads an HTML page: headings, paragraphs, lists and tables; scripts, comments and hidden elements are left out."""

import re
from collections.abc import Iterator

from bs4 import BeautifulSoup, Comment, Tag
from bs4.element import PreformattedString

from knowledge.formats.extracted import Extracted, Removed, Trick, removed

_ACTIVE = ("script", "style", "noscript", "template", "iframe", "object", "embed", "svg", "math", "form", "canvas")
_FURNITURE = ("head", "title", "nav", "button")
_BESIDE = ("footer", "header", "aside")
_BLOCKS = ("p", "li", "tr", "dt", "dd", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "figcaption")
_CONTAINERS = ("div", "section", "article", "main", "body", "html", "table", "tbody", "ul", "ol", "dl")
_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(hidden|collapse)|opacity\s*:\s*0(\.0+)?\s*(;|$)"
    r"|font-size\s*:\s*(0(\.0+)?(px|pt|r?em|%)?|(0?\.\d+|1(\.\d+)?)(px|pt|%)|0?\.[01]\d*r?em)\s*(!important\s*)?(;|$)"
    r"|(?<![-\w])color\s*:\s*(#fff(fff)?|white|transparent|rgba?\(\s*255\s*,\s*255\s*,\s*255)|text-indent\s*:\s*-\d{3,}"
    r"|(left|top)\s*:\s*-\d{3,}|clip\s*:\s*rect\(0|(?<!-)(height|width)\s*:\s*0(px)?\s*(;|$)",
    re.IGNORECASE,
)


def read_web_page(markup: str) -> Extracted:
    """The visible text of `markup`."""
    page = BeautifulSoup(markup, "html.parser")
    notes: list[Removed] = []
    # Declarations and processing instructions are strings of the page, too.
    for unseen in page.find_all(string=lambda text: isinstance(text, PreformattedString)):
        if isinstance(unseen, Comment) and unseen.strip():
            notes.append(removed(Trick.COMMENT, str(unseen)))
        unseen.extract()
    for line_break in page.find_all("br"):
        line_break.replace_with(" ")
    for tag in page.find_all(_ACTIVE):
        if tag.name in ("script", "iframe", "object", "embed", "template"):
            notes.append(removed(Trick.SCRIPT, str(tag)))
        tag.decompose()
    for tag in page.find_all(_is_hidden):
        if not tag.decomposed:
            text = tag.get_text(" ", strip=True)
            if text:
                notes.append(removed(Trick.INVISIBLE, text))
            tag.decompose()
    for tag in page.find_all((*_FURNITURE, *_BESIDE)):
        if not tag.decomposed:
            text = tag.get_text(" ", strip=True)
            if text and tag.name in _BESIDE:
                notes.append(removed(Trick.BESIDE, text))
            tag.decompose()
    return Extracted(text="\n\n".join(_texts(page)), pages=None, removed=tuple(notes))


def _is_hidden(tag: Tag) -> bool:
    return (
        tag.has_attr("hidden")
        or str(tag.get("aria-hidden", "")).casefold() == "true"
        or _HIDING.search(str(tag.get("style", ""))) is not None
        or str(tag.get("color", "")).casefold() in ("white", "#fff", "#ffffff")
    )


def _texts(parent: Tag) -> Iterator[str]:
    """Blocks in reading order."""
    loose: list[str] = []
    for child in parent.children:
        if isinstance(child, Tag) and (child.name in _BLOCKS or child.name in _CONTAINERS or child.find(_BLOCKS)):
            if joined := " ".join("".join(loose).split()):
                yield joined
            loose = []
            yield from _block(child)
        elif isinstance(child, Tag):
            loose.append(child.get_text())
        else:
            loose.append(str(child))
    if joined := " ".join("".join(loose).split()):
        yield joined


def _block(tag: Tag) -> Iterator[str]:
    if tag.name not in _BLOCKS or (tag.name in ("li", "dd", "blockquote") and tag.find(_BLOCKS)):
        yield from _texts(tag)
        return
    if tag.name == "tr":
        text = " | ".join(" ".join(cell.get_text().split()) for cell in tag.find_all(("td", "th")))
    else:
        text = " ".join(tag.get_text().split())
    if not text:
        return
    if re.fullmatch(r"h[1-6]", tag.name):
        yield f"{'#' * int(tag.name[1])} {text}"
    else:
        yield f"- {text}" if tag.name == "li" else text
