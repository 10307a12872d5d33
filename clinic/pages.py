"""Renders the templates; every value is escaped, and a name that a template does not know is an error."""

from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from cases.record import day_in_words
from clinic.access import services_of, signed_in_or_none
from clinic.sessions import Session
from clinic.wording import CLASS_TITLES, LEVEL_TITLES, REVIEW_MISSING
from conditions import CONDITIONS

TEMPLATES = Path(__file__).parent / "templates"


def page(
    request: Request, template: str, status: int = 200, visitor: Session | None = None, **values: Any
) -> HTMLResponse:
    """The page of `template`, for whoever asks; `visitor`: whose forms it holds where nobody is signed in."""
    signed_in = signed_in_or_none(request)
    services = services_of(request)
    session = signed_in.session if signed_in else visitor
    content = _environment.get_template(template).render(
        clinician=signed_in.clinician.name if signed_in else None,
        form_token=services.sessions.form_token(session) if session else "",
        today=services.clock().date(),
        path=request.url.path,
        **values,
    )
    return HTMLResponse(content, status)


_environment = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters["day"] = day_in_words
_environment.globals.update(
    CLASS_TITLES=CLASS_TITLES, CONDITIONS=CONDITIONS, LEVEL_TITLES=LEVEL_TITLES, REVIEW_MISSING=REVIEW_MISSING
)
