"""Webhooks: delivery in order, with the secret, again after failures."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from telegram import Bot, Update
from telegram.error import BadRequest, Conflict

from local.playground.patient import Patient
from local.playground.server import serving
from local.playground.settings import PlaygroundSettings


class Receiver:
    """A bot's end of a webhook: keeps what arrives, answers as told."""

    def __init__(self) -> None:
        self.arrived: queue.Queue[tuple[str | None, dict[str, Any]]] = queue.Queue()
        self.answers: queue.Queue[tuple[int, dict[str, Any] | None]] = queue.Queue()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.arrived.put((self.headers.get("X-Telegram-Bot-Api-Secret-Token"), body))
                status, answer = (200, None) if receiver.answers.empty() else receiver.answers.get()
                content = json.dumps(answer).encode() if answer else b""
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                """Stay quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def next(self) -> tuple[str | None, dict[str, Any]]:
        return self.arrived.get(timeout=10)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(PlaygroundSettings(port=0, data=tmp_path_factory.mktemp("data"))) as url:
        yield url


async def test_updates_are_delivered_in_order_with_the_secret(address: str, receiver: Receiver) -> None:
    async with Bot("1:playground", base_url=f"{address}/bot") as bot:
        with Patient.open(address) as someone:
            someone.say("before")
            await bot.set_webhook(receiver.url, secret_token="s3cret-Word_")
            someone.say("after")
            texts = []
            for _ in range(2):
                secret, body = receiver.next()
                assert secret == "s3cret-Word_"
                update = Update.de_json(body, bot)
                assert update.message is not None
                texts.append(update.message.text)
            assert texts == ["before", "after"]
        with pytest.raises(Conflict, match="can't use getUpdates method while webhook is active"):
            await bot.get_updates()
        info = await bot.get_webhook_info()
        assert (info.url, info.last_error_message) == (receiver.url, None)
        assert await bot.delete_webhook()
        assert await bot.get_updates() == ()


async def test_a_failed_delivery_is_repeated_and_reported(address: str, receiver: Receiver) -> None:
    receiver.answers.put((500, None))
    async with Bot("1:playground", base_url=f"{address}/bot") as bot:
        await bot.set_webhook(receiver.url, drop_pending_updates=True)
        with Patient.open(address) as someone:
            someone.say("once")
            first, second = receiver.next(), receiver.next()
        assert first == second
        assert first[0] is None
        assert "500" in str((await bot.get_webhook_info()).last_error_message)


async def test_a_delivery_may_be_answered_with_a_call(address: str, receiver: Receiver) -> None:
    async with Bot("1:playground", base_url=f"{address}/bot") as bot:
        await bot.set_webhook(receiver.url, drop_pending_updates=True)
        with Patient.open(address) as someone:
            receiver.answers.put((200, {"method": "sendMessage", "chat_id": someone.chat_id, "text": "at once"}))
            someone.say("hello")
            assert someone.wait_for(lambda message: message["text"] == "at once", timeout=10)


async def test_dropping_what_waits_and_refusing_other_machines(address: str, receiver: Receiver) -> None:
    async with Bot("1:playground", base_url=f"{address}/bot") as bot:
        with Patient.open(address) as someone:
            someone.say("old")
            await bot.delete_webhook(drop_pending_updates=True)
            assert await bot.get_updates() == ()
        with pytest.raises(BadRequest, match="this machine only"):
            await bot.set_webhook("https://example.com/hook")
        with pytest.raises(BadRequest, match="unallowed characters"):
            await bot.set_webhook(receiver.url, secret_token="not allowed")
