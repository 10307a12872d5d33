"""Updates brought by Telegram: written down before they count, from Telegram alone, dealt with by one of several."""

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient

from bot import webhook
from bot.claims import Claims
from bot.inbox import InboxQueue
from bot.settings import BotSettings
from cases import consent, inbox, patients
from cases.database import CaseDatabase, open_cases
from cases.errors import DatabaseUnavailable
from cases.settings import CasesSettings
from local.playground.patient import Patient
from tests.bot.conftest import KEY, House, agree
from tests.bot.test_chat import saying, text_of, until

SECRET = "a-secret-of-the-webhook"
HEADERS = {webhook.SECRET_HEADER: SECRET}


def update(number: int, chat_id: int = 7, text: str = "/help") -> dict[str, Any]:
    chat = {"id": chat_id, "type": "private", "first_name": "Sam"}
    sender = {"id": chat_id, "is_bot": False, "first_name": "Sam"}
    return {
        "update_id": number,
        "message": {"message_id": number, "date": 1_700_000_000, "chat": chat, "from": sender, "text": text},
    }


@pytest.fixture
def db(tmp_path: Path) -> Iterator[CaseDatabase]:
    db = open_cases(CasesSettings(data=tmp_path / "var", key=KEY))
    yield db
    db.close()


@pytest.fixture
def woken() -> list[bool]:
    return []


@pytest.fixture
def client(db: CaseDatabase, woken: list[bool]) -> TestClient:
    return TestClient(webhook.application(db, "/telegram", SECRET, lambda: woken.append(True)))


def test_an_update_is_written_down_before_it_is_acknowledged_and_once(
    client: TestClient, db: CaseDatabase, woken: list[bool]
) -> None:
    for _ in range(2):
        assert client.post("/telegram", json=update(5), headers=HEADERS).status_code == 200
    assert [update_id for update_id, _ in inbox.pending(db)] == [5]
    assert woken == [True]


@pytest.mark.parametrize("headers", [{}, {webhook.SECRET_HEADER: "another"}, {webhook.SECRET_HEADER: SECRET + "x"}])
def test_whoever_does_not_know_the_secret_brings_nothing(
    client: TestClient, db: CaseDatabase, headers: dict[str, str]
) -> None:
    assert client.post("/telegram", json=update(5), headers=headers).status_code == 403
    assert inbox.pending(db) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"update_id": "5"}',
        b'{"update_id": true}',
        b'{"update_id": -1}',
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_what_is_no_update_is_refused(client: TestClient, db: CaseDatabase, body: bytes) -> None:
    assert client.post("/telegram", content=body, headers=HEADERS).status_code == 400
    assert inbox.pending(db) == []


def test_a_body_without_end_is_cut_off_whatever_its_headers_say(client: TestClient, db: CaseDatabase) -> None:
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        for _ in range(64):
            read += 1
            yield b" " * 100_000

    assert client.post("/telegram", content=endless(), headers=HEADERS).status_code == 413
    assert client.post("/telegram", content=b" " * (webhook.MAX_BYTES + 1), headers=HEADERS).status_code == 413
    assert inbox.pending(db) == []


def test_while_the_record_cannot_be_written_telegram_is_asked_to_come_again(
    client: TestClient, db: CaseDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object) -> bool:
        raise DatabaseUnavailable("locked")

    with monkeypatch.context() as patch:
        patch.setattr("bot.webhook.inbox.receive", unavailable)
        patch.setattr("bot.webhook.inbox.waiting", unavailable)
        assert client.post("/telegram", json=update(5), headers=HEADERS).status_code == 503
        assert client.get("/ready").status_code == 503
        assert client.get("/health").status_code == 200
    assert client.get("/ready").status_code == 200
    assert client.post("/telegram", json=update(5), headers=HEADERS).status_code == 200


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"webhook_url": "http://bot.example.org/x", "webhook_secret": SECRET}, "https"),
        ({"webhook_url": "https://bot.example.org/x"}, "SKINGPT_WEBHOOK_SECRET"),
        ({"webhook_url": "https://bot.example.org/x", "webhook_secret": "short"}, "SKINGPT_WEBHOOK_SECRET"),
        ({"webhook_url": "https://bot.example.org/ready", "webhook_secret": SECRET}, "/ready"),
    ],
)
def test_a_webhook_that_is_not_safe_is_refused_with_the_remedy(settings: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as caught:
        BotSettings(**settings)
    assert "short" not in str(caught.value)


# ---------------------------------------------------------------- who deals with a chat


class Bot:
    """One of several on the same record: what was handed on to it."""

    def __init__(self, db: CaseDatabase, seconds: float = 30.0) -> None:
        self.db = db
        self.queue = InboxQueue(db)
        self.claims = Claims(None, db, self.queue, seconds)  # type: ignore[arg-type]

    async def look(self) -> list[int]:
        await self.claims._round()
        numbers = []
        while not self.queue.empty():
            numbers.append(self.queue.get_nowait().update_id)  # type: ignore[attr-defined]
        return numbers


def received(db: CaseDatabase, *updates: tuple[int, int]) -> None:
    import json

    for number, chat_id in updates:
        assert inbox.receive(db, number, json.dumps(update(number, chat_id)).encode())


async def test_a_chat_is_dealt_with_by_one_bot_in_order_until_it_leaves(db: CaseDatabase) -> None:
    first, second = Bot(db), Bot(db)
    received(db, (1, 7), (2, 8), (3, 7))
    assert sorted(await first.look()) == [1, 2, 3]
    received(db, (4, 7), (5, 9))
    assert await second.look() == [5], "chats 7 and 8 are the first bot's"
    assert await first.look() == [4], "and nothing is handed on twice"
    inbox.done(db, 1, 3, 4)
    await first.claims.release()
    received(db, (6, 7))
    assert await second.look() == [2, 6]


async def test_what_a_dead_bot_left_goes_to_another_when_its_lease_is_over(db: CaseDatabase) -> None:
    dead, living = Bot(db, seconds=0.3), Bot(db, seconds=0.3)
    received(db, (1, 7), (2, 7))
    assert await dead.look() == [1, 2]
    assert await living.look() == []
    await asyncio.sleep(0.4)
    assert await living.look() == [1, 2]
    assert living.queue.begin_again(db, _Numbered(1)) == 1, "that a crash cut it off is counted"  # type: ignore[arg-type]


class _Numbered:
    def __init__(self, update_id: int) -> None:
        self.update_id = update_id


async def test_a_lease_is_renewed_while_there_is_work(db: CaseDatabase) -> None:
    busy, other = Bot(db, seconds=0.6), Bot(db, seconds=0.6)
    received(db, (1, 7))
    assert await busy.look() == [1]
    for _ in range(6):
        await asyncio.sleep(0.25)
        assert await busy.look() == []
        assert await other.look() == []


async def test_an_update_that_no_version_of_the_bot_can_read_holds_up_nobody(db: CaseDatabase) -> None:
    assert inbox.receive(db, 1, b'{"update_id": 1, "message": {"chat": {"id": 7}, "text": 5}}')
    received(db, (2, 7))
    bot = Bot(db)
    assert await bot.look() == [2]
    assert [update_id for update_id, _ in inbox.pending(db)] == [2]


# ---------------------------------------------------------------- the whole


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_a_bot_by_webhook_answers_like_one_that_polls(house: House) -> None:
    port = _free_port()
    settings = {
        "webhook_url": f"http://127.0.0.1:{port}/telegram",
        "webhook_listen": f"127.0.0.1:{port}",
        "webhook_secret": SECRET,
    }
    with Patient.open(house.url) as patient:
        with house.bot(**settings):
            agree(patient)
            patient.say("/help")
            patient.wait_for(saying("How to take a good photo"))
        patient.say("/privacy")  # while the bot is away
        with house.bot(**settings):
            patient.wait_for(saying("Not stored"))
            until(lambda: inbox.pending(house.db) == [])
        patient.say("/cases")
        with house.bot():  # without an address: back to polling
            patient.wait_for(saying("You have no questions stored"))


@contextlib.contextmanager
def _round_robin(ports: list[int]) -> Iterator[int]:
    """A balancer in front of the bots: each in turn, the next where one does not answer."""
    app, turn = FastAPI(), itertools.count()

    @app.post("/telegram")
    async def forward(request: Request) -> Response:
        body, start = await request.body(), next(turn)
        headers = {webhook.SECRET_HEADER: request.headers.get(webhook.SECRET_HEADER, "")}
        for offset in range(len(ports)):
            port = ports[(start + offset) % len(ports)]
            with contextlib.suppress(httpx.HTTPError):
                async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
                    answer = await client.post(f"http://127.0.0.1:{port}/telegram", content=body, headers=headers)
                return Response(status_code=answer.status_code)
        return Response(status_code=502)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, access_log=False, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(10)


def _start(house: House, folder: Path, balancer: int, port: int) -> "subprocess.Popen[bytes]":
    environment = {
        "SKINGPT_DATA": str(folder / "var"),
        "SKINGPT_KEY": KEY,
        "SKINGPT_BOT_API": house.url,
        "SKINGPT_BROKER_URL": "redis://127.0.0.1:9/0",
        "SKINGPT_WEBHOOK_URL": f"http://127.0.0.1:{balancer}/telegram",
        "SKINGPT_WEBHOOK_LISTEN": f"127.0.0.1:{port}",
        "SKINGPT_WEBHOOK_SECRET": SECRET,
        "PATH": "/usr/bin",
    }
    root = Path(__file__).resolve().parents[2]
    return subprocess.Popen(
        [sys.executable, "-m", "bot"], cwd=root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_bots_one_of_them_killed_lose_nothing_and_keep_the_order(house: House, tmp_path: Path) -> None:
    """200 updates of 20 chats, by a balancer to two processes; one is killed with SIGKILL in the middle."""
    ports = [_free_port(), _free_port()]
    chats = [Patient.open(house.url) for _ in range(20)]
    for chat in chats:
        consent.give(house.db, patients.patient_of_chat(house.db, chat.chat_id).id, consent.Purpose.CARE)
    with _round_robin(ports) as balancer, contextlib.ExitStack() as ending:
        bots = [_start(house, tmp_path, balancer, port) for port in ports]
        for bot in bots:
            ending.callback(bot.wait, 30)
            ending.callback(bot.terminate)
        until_slow(lambda: all(_is_ready(port) for port in ports))
        for number in range(10):
            for chat in chats:
                chat.say(f"/nonsense{number}" if number % 2 else "/help")
            if number == 4:
                until_slow(lambda: sum(len(chat.replies()) for chat in chats) > 20)
                os.kill(bots[0].pid, signal.SIGKILL)
        until_slow(lambda: all(len(chat.replies()) >= 10 for chat in chats))
        until_slow(lambda: inbox.pending(house.db) == [])
        for chat in chats:
            said = [_kind(text_of(sent)) for sent in chat.replies()]
            # What was under way when the bot was killed may be said twice, but never out of turn.
            assert [kind for kind, _ in itertools.groupby(said)] == ["help", "unknown"] * 5
            assert len(said) <= 12
            chat.close()


def until_slow(true: Any) -> None:
    deadline = time.monotonic() + 150
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def _is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/ready", trust_env=False, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def _kind(text: str) -> str:
    return "help" if "How to take a good photo" in text else "unknown" if "don't know that command" in text else text
