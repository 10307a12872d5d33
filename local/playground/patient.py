"""A patient in Python: opens a chat, writes, sends photos, presses buttons, waits for answers.

    with Patient.open("http://127.0.0.1:8765") as patient:
        patient.start()
        answer = patient.wait_for(lambda message: "text" in message)

For tests, load tests and scripts; it needs no bot library, only the playground's address.
"""

from __future__ import annotations

import contextlib
import mimetypes
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from local.playground.errors import NoAnswerError, PatientError
from local.playground.wire import Json

ANSWER_SECONDS = 30.0


class Patient:
    """One chat with the bot. Every method raises `PatientError` where the playground refuses."""

    def __init__(self, base_url: str, chat_id: int, session: str) -> None:
        """Enter a chat that is already open."""
        self.chat_id = chat_id
        self.session = session
        self._http = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {session}"},
            timeout=60,
            trust_env=False,
        )

    @classmethod
    def open(cls, base_url: str, *, first_name: str = "Sam", language_code: str = "en") -> Self:
        """Open a new chat as a new patient."""
        newcomer = {"first_name": first_name, "language_code": language_code}
        response = httpx.post(f"{base_url.rstrip('/')}/chat/open", json=newcomer, timeout=60, trust_env=False)
        body = _checked(response)
        return cls(base_url, body["chat_id"], body["session"])

    def __enter__(self) -> Self:
        """The patient itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection; the chat stays."""
        self.close()

    def close(self) -> None:
        """Close the connection; the chat stays."""
        self._http.close()

    def _post(self, path: str, **request: Any) -> Json:
        body: Json = _checked(self._http.post(self._at(path), **request))
        return body

    def _at(self, path: str) -> str:
        return f"/chat/{self.chat_id}{path}"

    def start(self) -> Json:
        """Press START, which sends /start."""
        return self.say("/start")

    def say(self, text: str, *, reply_to: int | None = None) -> Json:
        """Send a text; returns the message sent."""
        body = self._post("/text", json={"text": text, "reply_to_message_id": reply_to})
        return _only(body)

    def send_photo(self, *photos: Path | str | bytes, caption: str = "") -> list[Json]:
        """Send photos as photos (scaled, no metadata); several are an album. Returns the messages sent."""
        return self._send("/photos", photos, caption)

    def send_file(self, *files: Path | str | bytes, caption: str = "") -> list[Json]:
        """Send files as they are; several are an album. Returns the messages sent."""
        return self._send("/documents", files, caption)

    def _send(self, path: str, files: tuple[Path | str | bytes, ...], caption: str) -> list[Json]:
        parts = [("file", _part(number, file)) for number, file in enumerate(files, 1)]
        return list(self._post(path, files=parts, data={"caption": caption})["messages"])

    def send_raw(self, partial: Json, *, kind: str = "message") -> Json:
        """Send any other message or update, given as the fields that Telegram would send."""
        return _only(self._post("/raw", json=partial, params={"kind": kind}))

    def edit(self, message_id: int, text: str) -> Json:
        """Change an own text message."""
        return self.send_raw({"message_id": message_id, "text": text}, kind="edited_message")

    def press(self, button: str, *, message_id: int | None = None) -> str:
        """Press the newest button with this label or callback data; returns the callback query's id.

        Raises:
            PatientError: no message has such a button.
        """
        for message in reversed(self.messages()):
            if message_id in (None, message["message_id"]):
                for found in buttons(message):
                    if "callback_data" in found and button in (found["text"], found["callback_data"]):
                        pressed = {"message_id": message["message_id"], "data": found["callback_data"]}
                        return str(self._post("/press", json=pressed)["callback_query_id"])
        raise PatientError(f"No message has a button {button!r}.", status=404)

    def press_answer(self, callback_query_id: str, *, timeout: float = ANSWER_SECONDS) -> Json:
        """Wait for the bot's answer to a pressed button: `text`, `show_alert`.

        Raises:
            NoAnswerError: none within `timeout` seconds.
        """
        return self._until(lambda: self._answer(callback_query_id), "The button was not answered", timeout)

    def _answer(self, callback_query_id: str) -> Json | None:
        answer: Json | None = _checked(self._http.get(self._at(f"/presses/{callback_query_id}")))["answer"]
        return answer

    def messages(self) -> list[Json]:
        """The whole conversation, oldest first, as it now reads."""
        pages: list[Json] = []
        before: int | None = None
        while True:
            query = {"limit": 1000} if before is None else {"limit": 1000, "before": before}
            page = _checked(self._http.get(self._at("/messages"), params=query))["messages"]
            pages = page + pages
            if len(page) < 1000:
                return pages
            before = page[0]["message_id"]

    def replies(self, *, after: int = 0) -> list[Json]:
        """The bot's messages with ids above `after`, oldest first."""
        return [message for message in self.messages() if message["from"]["is_bot"] and message["message_id"] > after]

    def wait_for(self, predicate: Callable[[Json], object], *, after: int = 0, timeout: float = ANSWER_SECONDS) -> Json:
        """The bot's oldest message with an id above `after` that fits; waits for it to come or be edited.

        Raises:
            NoAnswerError: none within `timeout` seconds.
        """

        def fitting() -> Json | None:
            return next((message for message in self.replies(after=after) if predicate(message)), None)

        return self._until(fitting, "The bot sent no fitting message", timeout)

    def _until(self, found: Callable[[], Json | None], complaint: str, timeout: float) -> Json:
        """Look once, then again after each event of the chat, and whenever it says that nothing happens."""
        deadline = time.monotonic() + timeout
        with contextlib.suppress(httpx.TransportError):
            for _ in self._events(timeout):
                if (result := found()) is not None:
                    return result
                if time.monotonic() >= deadline:
                    break
        # The stream ends when the time is up, or when the playground restarts: then ask now and then.
        while (result := found()) is None:
            if time.monotonic() >= deadline:
                raise NoAnswerError(f"{complaint} within {timeout:g} s.")
            time.sleep(0.1)
        return result

    def _events(self, timeout: float) -> Iterator[str]:
        """The names of the chat's events as they happen, at first `hello`, and "" now and then while there are none;
        ends with httpx.ReadTimeout.
        """
        limits = httpx.Timeout(60, read=timeout)
        with self._http.stream("GET", self._at("/events"), timeout=limits) as response:
            if response.is_error:
                response.read()
                _checked(response)
            for line in response.iter_lines():
                if line.startswith("event: "):
                    yield line.removeprefix("event: ")
                elif line.startswith(":"):
                    yield ""

    def download(self, file_id: str) -> bytes:
        """The bytes of a file that a message of this chat carries."""
        response = self._http.get(self._at(f"/file/{file_id}"))
        if response.is_error:
            _checked(response)
        return response.content

    def block(self, *, blocked: bool = True) -> None:
        """Block the bot, or let it write again."""
        self._post("/block", json={"blocked": blocked})

    def forget(self) -> None:
        """Delete the chat with everything in it."""
        _checked(self._http.delete(self._at("")))


def buttons(message: Json) -> list[Json]:
    """The inline buttons under a message, row by row."""
    rows: list[list[Json]] = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [button for row in rows for button in row]


def add_fault(base_url: str, **fault: object) -> None:
    """Let calls of the Bot API fail: the fields of `local.playground.faults.Fault`."""
    _checked(httpx.post(f"{base_url}/admin/faults", json=fault, timeout=60, trust_env=False))


def _part(number: int, file: Path | str | bytes) -> tuple[str, bytes, str]:
    if isinstance(file, bytes):
        return f"photo{number}.jpg", file, "image/jpeg"
    path = Path(file)
    return path.name, path.read_bytes(), mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def _only(body: Json) -> Json:
    message: Json = body["messages"][0]
    return message


def _checked(response: httpx.Response) -> Any:
    """The JSON of an answer.

    Raises:
        PatientError: the playground refused, with its reason.
    """
    body = response.json()
    if response.is_error:
        raise PatientError(str(body.get("error") or body.get("description")), status=response.status_code)
    return body
