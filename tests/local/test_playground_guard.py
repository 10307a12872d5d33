"""Only this machine, and only the playground's own page, may talk to the playground."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import httpx
import pytest
from pydantic import SecretStr, ValidationError
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartParser

from local.playground.guard import BODY_BYTES, refusal
from local.playground.patient import Patient
from local.playground.server import PAGE, serving
from local.playground.settings import PlaygroundSettings


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(PlaygroundSettings(port=0, data=tmp_path_factory.mktemp("data"))) as url:
        yield url


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "localhost@evil.example"},
        {"Host": "[::1"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/chat/open", "/bot1:playground/getMe", "/admin/faults", "/health"])
def test_strangers_are_refused(address: str, headers: dict[str, str], path: str) -> None:
    response = httpx.get(address + path, headers=headers)
    assert response.status_code in (400, 403)
    assert "result" not in response.text


def test_the_own_page_and_plain_clients_pass(address: str) -> None:
    for headers in ({}, {"Origin": address}, {"Sec-Fetch-Site": "same-origin"}):
        assert httpx.post(f"{address}/chat/open", json={}, headers=headers).status_code == 200
    by_name = address.replace("127.0.0.1", "localhost")
    assert httpx.get(f"{address}/health", headers={"Host": by_name.removeprefix("http://")}).status_code == 200


def test_a_link_may_open_the_page_and_nothing_else() -> None:
    link = Headers({"host": "127.0.0.1:8765", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"})
    assert refusal(link, "GET", "/", "127.0.0.1") is None
    assert refusal(link, "GET", "/bot1:playground/getMe", "127.0.0.1") is not None


def test_other_machines_are_refused() -> None:
    assert refusal(Headers({"host": "127.0.0.1"}), "GET", "/", "192.0.2.7") is not None


def test_the_page_loads_nothing_from_elsewhere(address: str) -> None:
    response = httpx.get(address)
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    for path in PAGE.iterdir():
        text = path.read_text(encoding="utf-8")
        assert not re.findall(r"(?:src|href|url|import)\s*[=(\s]\s*[\"']?(?:https?:)?//", text), path.name
        if path.suffix == ".js":
            assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", text), path.name
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=", response.text)


def test_a_chat_needs_its_token(address: str) -> None:
    with Patient.open(address) as someone:
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            for path in ("", "/messages", "/events", "/file/x"):
                response = httpx.get(f"{address}/chat/{someone.chat_id}{path}", headers=headers)
                assert response.status_code == 404
                assert "error" in response.json()


def test_a_malformed_request_is_not_echoed(address: str) -> None:
    with Patient.open(address) as someone:
        headers = {"Authorization": f"Bearer {someone.session}"}
        response = httpx.post(
            f"{address}/chat/{someone.chat_id}/text", json={"text": ["secret words"]}, headers=headers
        )
    assert response.status_code == 422
    assert "secret words" not in response.text


@pytest.mark.parametrize("token", ["playground", "1:", ":x", "a:b", "1:a/b"])
def test_a_token_of_the_wrong_shape_is_named_but_not_repeated(token: str) -> None:
    with pytest.raises(ValidationError) as caught:
        PlaygroundSettings(token=SecretStr(token))
    assert "SKINGPT_PLAYGROUND_TOKEN" in str(caught.value)


def test_a_request_that_is_too_large_or_tells_no_size_is_refused_unread(address: str) -> None:
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        head = f"POST /chat/open HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {BODY_BYTES + 1}\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 413")
    pieces = httpx.post(f"{address}/chat/open", content=iter([b"{", b"}"]))
    assert pieces.status_code == 411


def test_an_upload_is_never_spooled_to_the_disk() -> None:
    assert MultiPartParser.spool_max_size >= BODY_BYTES
