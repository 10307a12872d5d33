"""Changing the library: a Markdown file is checked, shown, and only then published; a guideline is retired.

Every form is checked again when it is sent: the text that is published is the text that was shown, and what it
replaces is what was shown to be replaced.
"""

import logging
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import Annotated

from fastapi import APIRouter, File, Form, Request, UploadFile
from starlette.responses import HTMLResponse, RedirectResponse, Response

from clinic.access import Author, Reader, services_of
from clinic.pages import page
from knowledge.errors import GuidelineInvalid
from knowledge.guideline_file import parse_guideline
from knowledge.record import Guideline, Version

LONGEST_TEXT = 400_000
"""Characters of a guideline; the starter texts have about 8,000."""
_LINES_AROUND = 2

_log = logging.getLogger(__name__)
router = APIRouter()


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file that breaks the form; `wrong` marks the one that the problem names."""

    number: int
    text: str
    wrong: bool


@router.get("/guidelines/new")
def upload_form(request: Request, reader: Reader) -> HTMLResponse:
    """The form for a file."""
    return _upload_form(request)


@router.post("/guidelines/check")
def check(request: Request, author: Author, file: Annotated[UploadFile, File()]) -> HTMLResponse:
    """Show what would be published, or what is wrong with the file."""
    document = _document(file.filename)
    content = file.file.read()
    try:
        text = _text(content, document)
        return _preview(request, text, document, parse_guideline(text, document))
    except GuidelineInvalid as error:
        return _upload_form(request, error, content.decode("utf-8", "replace"))


@router.post("/guidelines")
def publish(
    request: Request,
    author: Author,
    text: Annotated[str, Form(max_length=LONGEST_TEXT)],
    document: Annotated[str, Form(max_length=200)],
    replaces: Annotated[int, Form(ge=0)],
) -> Response:
    """Publish the text that was shown, under the clinician's name."""
    library = services_of(request).library
    document = _document(document)
    try:
        guideline = parse_guideline(text, document)
    except GuidelineInvalid as error:
        return _upload_form(request, error, text)
    if _newest(request, guideline.slug) != replaces:
        problem = "Somebody else changed this guideline meanwhile. Look at it, then publish or take your file back."
        return _preview(request, text, document, guideline, problem)
    library.publish(guideline, author.clinician.name)
    _log.info("%s published %s version %s", author.clinician.name, guideline.slug, guideline.version)
    return RedirectResponse(f"/guidelines/{guideline.slug}?done=published", 303)


@router.get("/guidelines/{slug}/retire")
def retire_form(request: Request, reader: Reader, slug: str) -> HTMLResponse:
    """Ask before a guideline is retired."""
    return page(request, "retire.html", guideline=services_of(request).library.guideline(slug))


@router.post("/guidelines/{slug}/retire")
def retire(request: Request, author: Author, slug: str) -> Response:
    """Take the guideline out of every answer."""
    services_of(request).library.retire(slug, author.clinician.name)
    _log.info("%s retired %s", author.clinician.name, slug)
    return RedirectResponse(f"/guidelines/{slug}?done=retired", 303)


def warnings(guideline: Guideline, today: date) -> list[str]:
    """What is allowed but should be looked at before it is published."""
    found = []
    if guideline.reviewed is None:
        found.append("No review date: patients will read “not reviewed by a clinician” at every citation.")
    elif guideline.reviewed > today:
        found.append("The review date lies in the future.")
    if guideline.review_by < today:
        found.append("The date for the next review has passed already.")
    return found


def _preview(request: Request, text: str, document: str, guideline: Guideline, problem: str = "") -> HTMLResponse:
    versions = services_of(request).library.versions(guideline.slug)
    return page(
        request,
        "preview.html",
        409 if problem else 200,
        guideline=guideline,
        text=text,
        document=document,
        replaced=_live(versions),
        replaces=versions[0].number if versions else 0,
        warnings=warnings(guideline, services_of(request).clock().date()),
        problem=problem,
    )


def _upload_form(request: Request, error: GuidelineInvalid | None = None, text: str = "") -> HTMLResponse:
    lines = _lines_around(error.line, text) if error else []
    return page(request, "upload.html", 422 if error else 200, problem=str(error or ""), lines=lines)


def _lines_around(number: int, text: str) -> list[Line]:
    lines = list(enumerate(text.splitlines(), 1))[max(number - 1 - _LINES_AROUND, 0) : number + _LINES_AROUND]
    return [Line(at, line, at == number) for at, line in lines]


def _newest(request: Request, slug: str) -> int:
    versions = services_of(request).library.versions(slug)
    return versions[0].number if versions else 0


def _live(versions: list[Version]) -> Version | None:
    return versions[0] if versions and versions[0].retired is None else None


def _document(filename: str | None) -> str:
    return PurePosixPath((filename or "").replace("\\", "/")).name[:100] or "guideline.md"


def _text(content: bytes, document: str) -> str:
    if len(content) > LONGEST_TEXT:
        problem = f"the file is longer than {LONGEST_TEXT:,} bytes"
        raise GuidelineInvalid(document, 1, problem, "Shorten it; one file holds one condition")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise GuidelineInvalid(document, line, "this is not UTF-8 text", "Save the file as UTF-8") from error
