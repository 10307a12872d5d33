"""Documents on their way into the library: handed in, read by the worker, shown with what they change, decided.

What patients are told changes only when somebody presses Publish on the page that shows what was read.
"""

import logging
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from starlette.responses import HTMLResponse, RedirectResponse, Response

from clinic.access import Author, Reader, services_of
from clinic.pages import page
from conditions import CONDITIONS
from knowledge.errors import ChangeRefused, DocumentRefused, GuidelineInvalid
from knowledge.guideline_file import parse_guideline
from knowledge.preparing import plain_name
from knowledge.submission import Details, State
from knowledge.submissions import KEPT_REFUSED, OPEN, UNDECIDED, Submissions
from worker.enqueue import enqueue_read

_LINES_AROUND = 2

_log = logging.getLogger(__name__)
router = APIRouter()


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file that breaks the form; `wrong` marks the one that the problem names."""

    number: int
    text: str
    wrong: bool


def said(
    slug: Annotated[str, Form(max_length=80)] = "",
    title: Annotated[str, Form(max_length=200)] = "",
    version: Annotated[str, Form(max_length=80)] = "",
    jurisdiction: Annotated[str, Form(max_length=80)] = "",
    language: Annotated[str, Form(max_length=20)] = "",
    source: Annotated[str, Form(max_length=400)] = "",
    review_by: Annotated[str, Form(pattern=r"^(\d{4}-\d{2}-\d{2})?$")] = "",
    valid_from: Annotated[str, Form(pattern=r"^(\d{4}-\d{2}-\d{2})?$")] = "",
) -> Details:
    """What a form says of a document; a field that was left empty says nothing. Raises DocumentRefused."""
    if slug and slug not in CONDITIONS:
        raise DocumentRefused(f"'{slug}' is no known condition: choose one from the list")
    words = {"slug": slug, "title": title, "version": version, "source": source}
    words |= {"jurisdiction": jurisdiction, "language": language}
    filled = {name: " ".join(text.split()) for name, text in words.items() if text.strip()}
    try:
        days = {"review_by": _day(review_by), "valid_from": _day(valid_from)}
    except ValueError as error:
        raise DocumentRefused("there is no such day: write it as 2026-12-31") from error
    return Details(**filled, **days)


Said = Annotated[Details, Depends(said)]
"""A parameter of what takes the form of a document's details."""


@router.get("/guidelines/new")
def upload_form(request: Request, reader: Reader) -> HTMLResponse:
    """The form for a file."""
    return _upload_form(request)


@router.post("/submissions")
def hand_in(request: Request, author: Author, details: Said, file: Annotated[UploadFile, File()]) -> Response:
    """Keep a file and have it read; a guideline that breaks the form is shown with its lines at once."""
    content, file_name = file.file.read(), plain_name(file.filename or "")
    try:
        if file_name.endswith(".md") and content.startswith(b"---\n"):
            parse_guideline(content.decode("utf-8", "replace"), file_name)
        number = _submissions(request).receive(content, file_name, author.clinician.name, details)
    except GuidelineInvalid as error:
        lines = _lines_around(error.line, content.decode("utf-8", "replace"))
        return _upload_form(request, str(error), lines)
    except DocumentRefused as error:
        return _upload_form(request, str(error))
    enqueue_read(number)
    return _see(number)


@router.get("/submissions")
def waiting(request: Request, reader: Reader) -> HTMLResponse:
    """What waits to be read or decided."""
    return page(request, "submissions.html", submissions=_submissions(request).pending())


@router.get("/submissions/{number}")
def submission_page(request: Request, reader: Reader, number: int) -> HTMLResponse:
    """One document: how far its reading is, or what it would change."""
    return _page(request, reader.clinician.name, number)


@router.post("/submissions/{number}/publish")
def publish(request: Request, author: Author, number: int, reading: Annotated[str, Form(max_length=64)]) -> Response:
    """Publish it, or approve what somebody else handed in, as it was shown."""
    name = author.clinician.name
    try:
        version = _submissions(request).publish(number, name, reading)
    except ChangeRefused as error:
        return _page(request, name, number, f"{error}.")
    if version is None:
        return _see(number)
    _log.info("%s published %s version %s", name, version.key, version.version)
    return RedirectResponse(f"/guidelines/{version.key}?done=published", 303)


@router.post("/submissions/{number}/withdraw")
def withdraw(request: Request, author: Author, number: int) -> Response:
    """Take it back."""
    _submissions(request).withdraw(number, author.clinician.name)
    return _see(number)


@router.post("/submissions/{number}/read")
def read_again(request: Request, author: Author, number: int) -> Response:
    """Have it read again as it is, beside what is live by now."""
    submissions = _submissions(request)
    submissions.amend(number, author.clinician.name, submissions.get(number).details)
    enqueue_read(number)
    return _see(number)


@router.post("/submissions/{number}/details")
def amend(request: Request, author: Author, number: int, details: Said) -> Response:
    """Have it read again with what its author says of it now."""
    try:
        _submissions(request).amend(number, author.clinician.name, details)
    except ChangeRefused as error:
        return _page(request, author.clinician.name, number, f"{error}.")
    enqueue_read(number)
    return _see(number)


def _submissions(request: Request) -> Submissions:
    return Submissions(services_of(request).library)


def _see(number: int) -> RedirectResponse:
    return RedirectResponse(f"/submissions/{number}", 303)


def _page(request: Request, name: str, number: int, problem: str = "") -> HTMLResponse:
    library = services_of(request).library
    submission = _submissions(request).get(number)
    edition = submission.edition
    live = next(iter(library.versions(edition.key)), None) if edition else None
    return page(
        request,
        "submission.html",
        409 if problem else 200,
        submission=submission,
        edition=edition,
        report=submission.report,
        replaced=live if live and live.retired is None else None,
        problem=problem,
        own=name.casefold() == submission.author.casefold(),
        two=library.settings.library_second_approver,
        is_read=submission.state is not State.RECEIVED,
        is_open=submission.state in OPEN,
        may_read_again=submission.may_be_read_again(name),
        is_undecided=submission.state in UNDECIDED,
        kept_days=KEPT_REFUSED.days,
    )


def _upload_form(request: Request, problem: str = "", lines: list[Line] | None = None) -> HTMLResponse:
    return page(request, "upload.html", 422 if problem else 200, problem=problem, lines=lines or [], details=Details())


def _lines_around(number: int, text: str) -> list[Line]:
    lines = list(enumerate(text.splitlines(), 1))[max(number - 1 - _LINES_AROUND, 0) : number + _LINES_AROUND]
    return [Line(at, line, at == number) for at, line in lines]


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
