"""Taking a guideline or document out of the library, and bringing an earlier version back: each asks first."""

import logging
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from clinic.access import Author, Reader, services_of
from clinic.pages import page
from knowledge.errors import GuidelineNotFound

_log = logging.getLogger(__name__)
router = APIRouter()

Number = Annotated[int | None, Query(ge=1)]


@router.get("/guidelines/{key}/retire")
def retire_form(request: Request, reader: Reader, key: str) -> HTMLResponse:
    """Ask before it is retired."""
    versions = services_of(request).library.versions(key)
    if not versions or versions[0].retired is not None:
        raise GuidelineNotFound("Nothing of this name is live in the library.")
    return page(request, "retire.html", version=versions[0])


@router.post("/guidelines/{key}/retire")
def retire(request: Request, author: Author, key: str, number: Annotated[int, Form(ge=1)]) -> Response:
    """Take it out of every answer, unless another version is live by now."""
    services_of(request).library.retire(key, author.clinician.name, number)
    _log.info("%s retired %s", author.clinician.name, key)
    return RedirectResponse(f"/guidelines/{key}?done=retired", 303)


@router.get("/guidelines/{key}/restore")
def restore_form(request: Request, reader: Reader, key: str, number: Number = None) -> HTMLResponse:
    """Show what would come back and what would go, and ask."""
    library = services_of(request).library
    edition, live = library.earlier(key, number), library.edition(key)
    before = {piece.text for piece in live.pieces} if live else set()
    after = {piece.text for piece in edition.pieces}
    return page(
        request,
        "restore.html",
        edition=edition,
        number=number,
        live=live,
        after=library.versions(key)[0].number,
        back=[piece for piece in edition.pieces if piece.text not in before],
        gone=[piece for piece in live.pieces if piece.text not in after] if live else [],
    )


@router.post("/guidelines/{key}/restore")
def restore(
    request: Request,
    author: Author,
    key: str,
    after: Annotated[int, Form(ge=1)],
    number: Annotated[int | None, Form(ge=1)] = None,
) -> Response:
    """Make an earlier version live again, word for word, unless somebody else was quicker."""
    version = services_of(request).library.restore(key, author.clinician.name, number, after)
    _log.info("%s restored %s version %s", author.clinician.name, key, version.version)
    return RedirectResponse(f"/guidelines/{key}?done=restored", 303)
