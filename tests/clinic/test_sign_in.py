"""Signing in: who gets in, who has to wait, and for how long a session lasts."""

import base64
import json
import re

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from clinic.access import COOKIE
from clinic.clinicians import Clinicians
from clinic.services import Services
from clinic.settings import ClinicSettings
from clinic.throttle import FREE_TRIES, FREE_TRIES_OF_ALL
from tests.clinic.browsing import PASSWORD, Visitor, clinician
from tests.clinic.conftest import Clock

OPEN = {"/", "/health", "/sign-in"}


async def is_in(visitor: Visitor) -> bool:
    return (await visitor.get("/guidelines")).status_code == 200


async def test_the_right_password_opens_the_library(visitor: Visitor) -> None:
    answer = await visitor.sign_in("dr a. example", PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/guidelines")
    page = (await visitor.get("/guidelines")).text
    assert "Dr A. Example" in page


@pytest.mark.parametrize(
    ("name", "password"),
    [("Dr A. Example", PASSWORD + " "), ("Dr A. Example", "-"), ("Dr B. Nobody", PASSWORD), ("", PASSWORD)],
)
async def test_a_wrong_name_or_password_opens_nothing(visitor: Visitor, name: str, password: str) -> None:
    answer = await visitor.sign_in(name, password)
    assert answer.status_code == (401 if name else 422)
    assert not await is_in(visitor)


async def test_wrong_name_and_wrong_password_read_the_same(visitor: Visitor) -> None:
    wrong = [await visitor.sign_in(name, "not the password") for name in ("Dr A. Example", "Dr B. Example")]
    pages = [re.sub(r'(name="form_token" value=)"[^"]*"', "", answer.text) for answer in wrong]
    assert pages[0] == pages[1].replace("Dr B. Example", "Dr A. Example")


async def test_guessing_is_slowed_down_even_for_the_right_password(visitor: Visitor, clock: Clock) -> None:
    for _ in range(FREE_TRIES):
        assert (await visitor.sign_in("Dr A. Example", "not the password")).status_code == 401
    refused = await visitor.sign_in("DR A. EXAMPLE", PASSWORD)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
    assert not await is_in(visitor)
    clock.advance(seconds=31)
    assert (await visitor.sign_in("Dr A. Example", PASSWORD)).status_code == 303


async def test_trying_many_names_does_not_help(visitor: Visitor) -> None:
    for number in range(FREE_TRIES_OF_ALL):
        assert (await visitor.sign_in(f"Dr {number}", "not the password")).status_code == 401
    assert (await visitor.sign_in("Dr A. Example", PASSWORD)).status_code == 429


async def test_the_pause_grows_with_every_further_wrong_password(visitor: Visitor, clock: Clock) -> None:
    for _ in range(FREE_TRIES):
        await visitor.sign_in("Dr A. Example", "not the password")
    pauses = []
    for _ in range(7):
        pauses.append(int((await visitor.sign_in("Dr A. Example", PASSWORD)).headers["retry-after"]))
        clock.advance(seconds=pauses[-1] + 1)
        assert (await visitor.sign_in("Dr A. Example", "not the password")).status_code == 401
    assert pauses == [30, 60, 120, 240, 480, 900, 900]


async def test_no_page_opens_without_a_session(app: FastAPI, visitor: Visitor) -> None:
    routes = [route for route in every_route(app) if route.path not in OPEN]
    assert len(routes) >= 10
    for route in routes:
        address = route.path.format(slug="melanoma", key="melanoma", case_id="0" * 32, photo_id=1, number=1)
        for method in route.methods:
            # Files and fields as each form wants them, so that only the missing session can be the reason.
            form = {"number": "1", "after": "1", "form_token": "x"}
            data = {"data": form, "files": {"file": ("x.md", "x")}} if method == "POST" else {}
            answer = await visitor.client.request(method, address, **data)
            assert answer.status_code == 303, (method, address)
            assert answer.headers["location"].partition("?")[0] == "/"


def every_route(app: FastAPI) -> list[APIRoute]:
    from clinic import guidelines, publishing, review, sign_in, submissions

    rooms = (guidelines, publishing, review, sign_in, submissions)
    return [route for room in rooms for route in room.router.routes if isinstance(route, APIRoute)]


async def test_a_session_ends_after_eight_hours_however_busy(reader: Visitor, clock: Clock) -> None:
    for _ in range(7):
        clock.advance(hours=1)
        assert await is_in(reader)
    clock.advance(minutes=59)
    assert await is_in(reader)
    clock.advance(minutes=1)
    answer = await reader.get("/guidelines/melanoma")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?next=/guidelines/melanoma")


async def test_signing_out_ends_copies_of_the_cookie_too(reader: Visitor) -> None:
    copy = reader.client.cookies[COOKIE]
    assert (await reader.send("/guidelines", "/sign-out")).status_code == 303
    assert not await is_in(reader)
    reader.client.cookies.clear()
    reader.client.cookies.set(COOKIE, copy)
    assert not await is_in(reader)


async def test_a_changed_cookie_is_worth_nothing(reader: Visitor) -> None:
    content, _, signature = reader.client.cookies[COOKIE].partition(".")
    session = json.loads(base64.urlsafe_b64decode(content))
    later = base64.urlsafe_b64encode(json.dumps({**session, "began": session["began"] + 60}).encode()).decode()
    reader.client.cookies.clear()
    reader.client.cookies.set(COOKIE, f"{later}.{signature}")
    assert not await is_in(reader)


@pytest.mark.parametrize("listed", [[], ["Dr A. Example"]], ids=["taken off the list", "another password"])
async def test_the_list_is_asked_on_every_request(
    services: Services, app: FastAPI, reader: Visitor, listed: list[str]
) -> None:
    changed = Clinicians([clinician(name, "another password than before") for name in listed])
    object.__setattr__(services, "clinicians", changed)
    assert not await is_in(reader)


async def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(visitor: Visitor) -> None:
    answer = await visitor.sign_in("Dr A. Example", PASSWORD)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert "Max-Age=28800" in cookie


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "/\\evil.example", "/sign-out"])
async def test_signing_in_leads_nowhere_else(visitor: Visitor, wanted: str) -> None:
    answer = await visitor.send("/", "/sign-in", name="Dr A. Example", password=PASSWORD, next=wanted)
    assert answer.headers["location"] == "/guidelines"


async def test_signing_in_leads_back_to_the_page_that_was_asked_for(visitor: Visitor) -> None:
    asked = await visitor.get("/guidelines/melanoma")
    answer = await visitor.send(asked.headers["location"], "/sign-in", name="Dr A. Example", password=PASSWORD)
    assert answer.headers["location"] == "/guidelines/melanoma"


async def test_a_list_without_anybody_says_how_to_invite(services: Services, visitor: Visitor) -> None:
    object.__setattr__(services, "clinicians", Clinicians([]))
    assert "./run clinic invite" in (await visitor.get("/")).text
    assert (await visitor.sign_in("Dr A. Example", PASSWORD)).status_code == 401


def test_other_host_names_are_named_in_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKINGPT_CLINIC_HOSTS", "Clinic.Example.org, ")
    assert ClinicSettings().hosts == {"127.0.0.1", "localhost", "clinic.example.org"}


async def test_behind_tls_the_cookie_is_never_sent_without(app: FastAPI) -> None:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://127.0.0.1") as client:
        answer = await Visitor(client).sign_in("Dr A. Example", PASSWORD)
    assert "Secure" in answer.headers["set-cookie"]
