"""Signing in and out. The front page is the sign-in form, so that it answers without a session."""

import math
import re
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from clinic.access import (
    Author,
    check_form,
    services_of,
    set_cookie,
    signed_in_or_none,
    visitor_session,
)
from clinic.clinicians import LONGEST_NAME, Clinician
from clinic.pages import page
from clinic.services import Services

HOME = "/guidelines"
LONGEST_PASSWORD = 200
_OWN_PAGE = re.compile(r"/(guidelines|submissions|log|cases|search)[A-Za-z0-9/-]*")

router = APIRouter()


@router.get("/")
def front_page(request: Request, next: str = HOME) -> Response:
    """The sign-in form, or the library for who is signed in."""
    if signed_in_or_none(request):
        return RedirectResponse(HOME, 303)
    return _form(request, next)


@router.post("/sign-in")
def sign_in(
    request: Request,
    name: Annotated[str, Form(max_length=LONGEST_NAME)],
    password: Annotated[str, Form(max_length=LONGEST_PASSWORD)],
    form_token: Annotated[str, Form(max_length=200)] = "",
    next: Annotated[str, Form(max_length=200)] = HOME,
) -> Response:
    """Begin a session for the right name and password."""
    check_form(request, visitor_session(request), form_token)
    services = services_of(request)
    found = _admitted(services, name, password)
    if isinstance(found, timedelta):
        seconds = max(math.ceil(found.total_seconds()), 1)
        answer = _form(request, next, f"Too many wrong passwords. Try again in {_in_words(seconds)}.", 429, name)
        answer.headers["Retry-After"] = str(seconds)
        return answer
    if found is None:
        return _form(request, next, "Name and password do not fit together.", 401, name)
    response = RedirectResponse(next if _OWN_PAGE.fullmatch(next) else HOME, 303)
    set_cookie(request, response, services.sessions.begin(found))
    return response


@router.post("/sign-out")
def sign_out(request: Request, author: Author) -> Response:
    """End the session, for copies of its cookie too."""
    services_of(request).sessions.end(author.session)
    response = RedirectResponse("/", 303)
    set_cookie(request, response, services_of(request).sessions.begin())
    return response


def _admitted(services: Services, name: str, password: str) -> Clinician | timedelta | None:
    """The clinician; or how long to wait; or None for a wrong name or password."""
    # One check at a time: guesses sent side by side cannot slip past the count, nor fill the memory.
    with services.sign_in:
        pause = services.throttle.pause(name)
        if pause > timedelta(0):
            return pause
        clinician = services.clinicians.with_password(name, password)
        if clinician is None:
            services.throttle.failed(name)
        else:
            services.throttle.succeeded(name)
        return clinician


def _form(request: Request, next: str, problem: str = "", status: int = 200, name: str = "") -> HTMLResponse:
    invited = len(services_of(request).clinicians) > 0
    wanted = next if _OWN_PAGE.fullmatch(next) else HOME
    visitor = visitor_session(request)
    answer = page(request, "sign-in.html", status, visitor, problem=problem, name=name, next=wanted, invited=invited)
    set_cookie(request, answer, visitor)
    return answer


def _in_words(seconds: int) -> str:
    if seconds < 90:
        return f"{seconds} seconds"
    return f"{math.ceil(seconds / 60)} minutes"
