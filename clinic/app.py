"""The page as a web application: its routes, its guard, and what an error looks like."""

import logging
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from cases.errors import CasesError
from clinic import guidelines, publishing, review, sign_in, submissions
from clinic.errors import CaseNotShared, FormExpired, SignInNeeded
from clinic.guard import Guard
from clinic.pages import page
from clinic.services import Services
from knowledge.errors import ChangeRefused, DocumentRefused, GuidelineNotFound, KnowledgeError

_log = logging.getLogger(__name__)


def create_app(services: Services, hosts: frozenset[str]) -> FastAPI:
    """The application on `services`, answering to `hosts`."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.services = services
    app.add_middleware(Guard, hosts=hosts)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    app.add_api_route("/health", health)
    # Before the library's pages, since "new" would be read as the name of a guideline.
    for router in (sign_in.router, submissions.router, publishing.router, guidelines.router, review.router):
        app.include_router(router)
    app.add_exception_handler(SignInNeeded, _sign_in_needed)
    for kind in (
        CasesError,
        KnowledgeError,
        FormExpired,
        CaseNotShared,
        HTTPException,
        RequestValidationError,
    ):
        app.add_exception_handler(kind, _problem)
    return app


def health() -> Response:
    """Whether the process answers; looks at nothing else, so that a slow part does not make it restart."""
    return PlainTextResponse("ok")


async def _sign_in_needed(request: Request, _error: Exception) -> Response:
    wanted = f"?next={request.url.path}" if request.method == "GET" and request.url.path.isascii() else ""
    return RedirectResponse(f"/{wanted}", 303)


async def _problem(request: Request, error: Exception) -> Response:
    status, title, text = _in_words(error)
    if status >= 500:
        _log.error("%s %s failed: %s", request.method, request.url.path, type(error).__name__)
    return page(request, "problem.html", status, title=title, text=text)


def _in_words(error: Exception) -> tuple[int, str, str]:
    """Status, heading and text of an error."""
    if isinstance(error, GuidelineNotFound | CaseNotShared):
        return 404, "Not found", str(error)
    if isinstance(error, ChangeRefused | DocumentRefused):
        return 409, "Not done", f"{str(error)[:1].upper()}{str(error)[1:]}."
    if isinstance(error, FormExpired):
        return 403, "Not done", str(error)
    if isinstance(error, HTTPException):
        return (
            error.status_code,
            "Not found" if error.status_code == 404 else "Not done",
            "There is no such page.",
        )
    if isinstance(error, RequestValidationError):
        return 422, "Not done", "Something in the form is missing or too long. Go back and look at it again."
    return 503, "Not available now", str(error)
