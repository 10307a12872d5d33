"""Who is asking: checked anew on every request, from the cookie and the allow-list together."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Form, Request
from starlette.responses import Response

from clinic.clinicians import Clinician
from clinic.errors import FormExpired, SignInNeeded
from clinic.services import Services
from clinic.sessions import LIFETIME, Session

COOKIE = "skingpt_clinic"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A clinician and their session."""

    clinician: Clinician
    session: Session


def services_of(request: Request) -> Services:
    """What the pages work with."""
    return cast(Services, request.app.state.services)


def visitor_session(request: Request) -> Session:
    """The session of whoever asks, signed in or not; a new one where the cookie is no good."""
    sessions = services_of(request).sessions
    return sessions.read(request.cookies.get(COOKIE, "")) or sessions.begin()


def signed_in_or_none(request: Request) -> SignedIn | None:
    """The clinician who asks, if they are signed in, still on the list and with the password they signed in with."""
    services = services_of(request)
    session = services.sessions.read(request.cookies.get(COOKIE, ""))
    clinician = services.clinicians.named(session.name) if session else None
    if session is None or clinician is None or clinician.fingerprint != session.fingerprint:
        return None
    return SignedIn(clinician, session)


def signed_in(request: Request) -> SignedIn:
    """The clinician who asks. Raises SignInNeeded."""
    found = signed_in_or_none(request)
    if found is None:
        raise SignInNeeded("Please sign in.")
    return found


def check_form(request: Request, session: Session, form_token: str) -> None:
    """Raises FormExpired unless the form was made for this session."""
    if not services_of(request).sessions.is_form_token(session, form_token):
        raise FormExpired("This form has expired: go back, reload the page and send it again.")


def signed_in_with_form(request: Request, form_token: Annotated[str, Form(max_length=200)] = "") -> SignedIn:
    """The clinician who sends a form of their own session. Raises SignInNeeded, FormExpired."""
    found = signed_in(request)
    check_form(request, found.session, form_token)
    return found


Reader = Annotated[SignedIn, Depends(signed_in)]
"""A parameter of every page that only clinicians may see."""
Author = Annotated[SignedIn, Depends(signed_in_with_form)]
"""A parameter of every page that changes something."""


def set_cookie(request: Request, response: Response, session: Session) -> None:
    """Give the browser this session."""
    response.set_cookie(
        COOKIE,
        services_of(request).sessions.cookie(session),
        max_age=int(LIFETIME.total_seconds()),
        httponly=True,
        samesite="strict",
        # On this machine's own address there is no TLS; behind a proxy there must be.
        secure=request.url.scheme == "https",
        path="/",
    )
