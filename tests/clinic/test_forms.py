"""Forms and answers: what other pages send is refused, and every answer carries the page's policy."""

import pytest

from knowledge.library import Library
from tests.clinic.browsing import PASSWORD, Visitor, fields
from tests.knowledge.samples import guideline


@pytest.fixture
def psoriasis(library: Library) -> Library:
    library.publish(guideline(), "starter")
    return library


@pytest.mark.parametrize("token", [None, "", "0" * 64, "ü"])
async def test_a_form_without_its_token_changes_nothing(psoriasis: Library, reader: Visitor, token: str | None) -> None:
    data = {} if token is None else {"form_token": token}
    answer = await reader.client.post("/guidelines/psoriasis/retire", data=data)
    assert answer.status_code == 403
    assert [version.slug for version in psoriasis.documents()] == ["psoriasis"]


async def test_the_token_of_another_session_changes_nothing(psoriasis: Library, reader: Visitor) -> None:
    page = (await reader.get("/guidelines/psoriasis/retire")).text
    token = fields(page, "/guidelines/psoriasis/retire")
    await reader.send("/guidelines", "/sign-out")
    await reader.sign_in("Dr A. Example", PASSWORD)
    assert (await reader.client.post("/guidelines/psoriasis/retire", data=token)).status_code == 403
    assert psoriasis.documents()


async def test_signing_in_needs_the_token_too(visitor: Visitor) -> None:
    answer = await visitor.client.post("/sign-in", data={"name": "Dr A. Example", "password": PASSWORD})
    assert answer.status_code == 403
    assert (await visitor.get("/guidelines")).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [{"origin": "http://127.0.0.1:8765"}, {"origin": "null"}, {"sec-fetch-site": "same-site"}],
    ids=["the neighbour's port", "no origin", "another site"],
)
async def test_forms_of_other_pages_are_refused_even_with_the_token(
    psoriasis: Library, reader: Visitor, headers: dict[str, str]
) -> None:
    address = "/guidelines/psoriasis/retire"
    token = fields((await reader.get(address)).text, address)
    assert (await reader.client.post(address, data=token, headers=headers)).status_code == 403
    assert psoriasis.documents()
    own = {"origin": "http://127.0.0.1:8766", "sec-fetch-site": "same-origin"}
    assert (await reader.client.post(address, data=token, headers=own)).status_code == 303
    assert not psoriasis.documents()


async def test_other_host_names_are_not_answered(visitor: Visitor) -> None:
    assert (await visitor.client.get("/", headers={"host": "evil.example"})).status_code == 400


async def test_a_form_that_is_too_long_is_refused_before_it_is_read(reader: Visitor) -> None:
    answer = await reader.client.post("/cases", content=b"x" * 1_000_001)
    assert answer.status_code == 413


async def test_a_document_may_be_large_but_only_of_who_is_signed_in(visitor: Visitor) -> None:
    large = {"file": ("p.pdf", b"x" * 1_000_001)}
    assert (await visitor.client.post("/submissions", files=large)).status_code == 413
    await visitor.sign_in("Dr A. Example", PASSWORD)
    assert (await visitor.client.post("/submissions", files=large)).status_code == 403, "without the form's token"


@pytest.mark.parametrize("address", ["/", "/guidelines", "/search?q=itch", "/cases", "/nowhere", "/health"])
async def test_every_answer_forbids_scripts_frames_and_caches(reader: Visitor, address: str) -> None:
    headers = (await reader.get(address)).headers
    assert headers["content-security-policy"].startswith("default-src 'none';")
    assert "script-src" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("address", ["/guidelines", "/guidelines/psoriasis", "/guidelines/new", "/submissions", "/log"])
async def test_pages_hold_no_script_no_inline_style_and_nothing_from_elsewhere(
    psoriasis: Library, reader: Visitor, address: str
) -> None:
    page = (await reader.get(address)).text
    assert "<script" not in page
    assert " style=" not in page
    assert 'src="http' not in page
    assert 'rel="stylesheet" href="/static/clinic.css"' in page
    assert (await reader.get("/static/clinic.css")).status_code == 200


async def test_health_answers_without_a_session(visitor: Visitor) -> None:
    answer = await visitor.get("/health")
    assert (answer.status_code, answer.text) == (200, "ok")


async def test_the_front_page_answers_without_a_session(visitor: Visitor) -> None:
    assert (await visitor.get("/")).status_code == 200
