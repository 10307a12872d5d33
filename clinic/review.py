"""Reviewing cases: photo, findings and the advice as the patient saw it, of patients who agreed to it only.

What the patient wrote is not shown: the consent to research speaks of photos, and free text may hold names.
"""

import logging
import re
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from cases import caseload, consent
from cases.consent import Purpose
from cases.database import CaseDatabase
from cases.errors import CaseNotFound
from cases.record import Case, History
from clinic.access import Reader, services_of
from clinic.errors import CaseNotShared
from clinic.pages import page
from conditions import CONDITIONS, SIGNS

_CASE_ID = re.compile(r"[0-9a-f]{32}")
_PICTURES = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG", "image/png"), (b"RIFF", "image/webp"))
_NOT_SHARED = (
    "No case of this number can be reviewed: there is none, it has no answer yet, or its patient has not agreed "
    "that it is used for research."
)

_log = logging.getLogger(__name__)
router = APIRouter()


@router.get("/cases")
def case_form(request: Request, reader: Reader, number: Annotated[str, Query(max_length=100)] = "") -> Response:
    """Open a case by its number."""
    wanted = number.strip().lower()
    if not wanted:
        return page(request, "cases.html", number="", problem="")
    try:
        shared_case(services_of(request).cases, wanted)
    except CaseNotShared as error:
        return page(request, "cases.html", 404, number=number, problem=str(error))
    return RedirectResponse(f"/cases/{wanted}", 303)


@router.get("/cases/{case_id}")
def case_page(request: Request, reader: Reader, case_id: str) -> HTMLResponse:
    """One case."""
    case = shared_case(services_of(request).cases, case_id)
    _log.info("%s reviews case %s", reader.clinician.name, case.id)
    return page(
        request,
        "case.html",
        case=case,
        history=history_in_words(case.history),
        choice_title=choice_title,
    )


@router.get("/cases/{case_id}/photos/{photo_id}")
def case_photo(request: Request, reader: Reader, case_id: str, photo_id: int) -> Response:
    """A photo of a case that may be reviewed."""
    case = shared_case(services_of(request).cases, case_id)
    if photo_id not in case.photo_ids:
        raise CaseNotShared(_NOT_SHARED)
    photo = caseload.photo(services_of(request).cases, photo_id)
    kind = next((kind for start, kind in _PICTURES if photo.startswith(start)), "application/octet-stream")
    return Response(photo, media_type=kind)


def shared_case(db: CaseDatabase, case_id: str) -> Case:
    """The case, if it has advice and its patient agrees to research now. Raises CaseNotShared."""
    if not _CASE_ID.fullmatch(case_id):
        raise CaseNotShared(_NOT_SHARED)
    try:
        case = caseload.get(db, case_id)
    except CaseNotFound:
        raise CaseNotShared(_NOT_SHARED) from None
    if case.advice is None or not consent.has(db, case.patient_id, Purpose.RESEARCH):
        raise CaseNotShared(_NOT_SHARED)
    return case


def history_in_words(history: History) -> list[str]:
    """What the patient answered by button, in words; nothing for what was not asked."""
    told = [f"about {history.age} years old"] if history.age is not None else []
    told += [history.region.lower()] if history.region else []
    told += [{"spot": "one spot", "rash": "a rash"}[history.spot_or_rash]] if history.spot_or_rash else []
    for sign, (yes, no) in SIGNS.items():
        answer = getattr(history, sign)
        told += [] if answer is None else [yes if answer else no]
    told += ["pregnant"] if history.pregnant else []
    told += ["weak immune system"] if history.immunosuppressed else []
    told += [f"danger sign: {sign.value}" for sign in sorted(history.danger) if sign.value != "none"]
    return told


def choice_title(slug: str) -> str:
    """What the model's choice is called."""
    return CONDITIONS[slug].title if slug in CONDITIONS else slug.replace("-", " ")
