"""Reading the guideline library: the list, one guideline word for word, the search."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from clinic.access import Reader, services_of
from clinic.pages import page
from clinic.wording import CLASS_TITLES
from conditions import CLASSES, CONDITIONS
from knowledge.errors import GuidelineNotFound
from knowledge.guideline_file import render_guideline
from knowledge.record import Version
from knowledge.submissions import Submissions

FOUND = 10
"""Passages on a page of results."""
DEEDS = 200
"""Deeds on the page of the log."""
NOTICES = {
    "published": "Published. Patients are answered from this text from now on.",
    "restored": "Restored. Patients are answered from this version again.",
    "retired": "Retired. It is no longer used in answers; what was cited from it can still be opened.",
}

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Shelf:
    """The live guidelines of one class, and the titles of its conditions that have none."""

    slug: str
    versions: tuple[Version, ...]
    without: tuple[tuple[str, str], ...]


@router.get("/guidelines")
def library(request: Request, reader: Reader) -> HTMLResponse:
    """All live guidelines by class."""
    today = services_of(request).clock().date()
    live = services_of(request).library.documents()
    return page(
        request,
        "library.html",
        shelves=shelves(live),
        live=len(live),
        not_reviewed=sum(version.reviewed is None for version in live),
        overdue=sum(is_overdue(version, today) for version in live),
        waiting=len(Submissions(services_of(request).library).pending()),
        query="",
    )


@router.get("/search")
def search(request: Request, reader: Reader, q: Annotated[str, Query(max_length=400)] = "") -> HTMLResponse:
    """What a patient's question would find."""
    finder = services_of(request).search
    return page(request, "search.html", query=q, passages=finder.search(q, FOUND), readers=finder.readers)


@router.get("/guidelines/{key}")
def guideline(request: Request, reader: Reader, key: str, done: str = "") -> HTMLResponse:
    """One guideline or document as patients are cited it, or what became of a retired one."""
    library = services_of(request).library
    versions = library.versions(key)
    if not versions and key not in CONDITIONS:
        raise GuidelineNotFound("There is nothing of this name in the library.")
    is_live = bool(versions) and versions[0].retired is None
    slug = versions[0].slug if versions else key
    notice = NOTICES.get(done, "")
    if key != slug:
        edition = library.edition(key)
        return page(request, "document.html", key=key, slug=slug, edition=edition, versions=versions, notice=notice)
    return page(
        request,
        "guideline.html",
        key=key,
        slug=slug,
        guideline=library.guideline(slug) if is_live else None,
        beside=[version for version in library.documents() if version.slug == slug and version.key != slug],
        versions=versions,
        notice=notice,
    )


@router.get("/guidelines/{slug}/file")
def guideline_file(request: Request, reader: Reader, slug: str) -> Response:
    """The Markdown file, to be edited and published again."""
    text = render_guideline(services_of(request).library.guideline(slug))
    # The library's slugs are those of the shared vocabulary: letters and hyphens.
    headers = {"Content-Disposition": f'attachment; filename="{slug}.md"'}
    return Response(text, media_type="text/markdown", headers=headers)


@router.get("/log")
def log(request: Request, reader: Reader, about: Annotated[str, Query(max_length=200)] = "") -> HTMLResponse:
    """Who did what, newest first; of one guideline, document or person only, if asked."""
    deeds = services_of(request).library.deeds(DEEDS, about or None)
    return page(request, "log.html", deeds=deeds, about=about, most=DEEDS)


def is_overdue(version: Version, today: date) -> bool:
    """Whether its review is due already."""
    return version.review_by < today


def shelves(live: Sequence[Version]) -> list[Shelf]:
    """The live guidelines by class, in the order of the classes, by title within one."""
    with_text = {version.slug for version in live}
    return [
        Shelf(
            slug=disease_class,
            versions=tuple(
                sorted(
                    (version for version in live if CONDITIONS[version.slug].disease_class == disease_class),
                    key=lambda version: (CONDITIONS[version.slug].title.casefold(), version.key),
                )
            ),
            without=tuple(
                (slug, condition.title)
                for slug, condition in CONDITIONS.items()
                if condition.disease_class == disease_class and slug not in with_text
            ),
        )
        for disease_class in sorted(CLASSES, key=lambda each: CLASS_TITLES[each])
    ]
