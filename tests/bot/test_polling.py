"""A batch of updates with one that cannot be read, over real HTTP, read by the library."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Bot

from bot.polling import ReadableUpdates, readable
from tests.bot.test_reading import MESSAGE

WORDS = {"update_id": 1, "message": MESSAGE}
POLL = {"id": "1", "question": "?", "options": [], "total_voter_count": 0}
"""A poll as an older Bot API server tells it: the library wants fields that it lacks."""


@contextmanager
def telegram(updates: list[Any]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            body = json.dumps({"ok": True, "result": updates}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/bot"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    "unreadable",
    [
        {"message_id": 2, "date": 1, "chat": {"id": 7, "type": "private"}, "poll": POLL},
        {"message_id": 2, "date": 1, "chat": {"id": "seven", "type": "private"}},
        "no message",
    ],
)
async def test_an_update_that_cannot_be_read_holds_up_no_other(unreadable: Any) -> None:
    updates = [WORDS, {"update_id": 2, "message": unreadable}, {"no": "id"}, {"update_id": 3, "message": MESSAGE}]
    with telegram(updates) as address:
        bot = Bot("1:playground", base_url=address, get_updates_request=ReadableUpdates(lambda: None))
        received = await bot.get_updates()
        await bot.shutdown()
    assert [update.update_id for update in received] == [1, 2, 3], "the last id is what Telegram is told came"
    assert [update.message is not None for update in received] == [True, False, True]
    assert received[0].message is not None and received[0].message.text == MESSAGE["text"]


@given(st.binary(max_size=200))
def test_a_body_that_is_no_answer_is_left_to_the_library(body: bytes) -> None:
    assert readable(body) == body or json.loads(readable(body)) == json.loads(body)
