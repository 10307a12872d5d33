"""What the playground keeps over a restart, and what it forgets on request."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

from local.playground.errors import PatientError
from local.playground.patient import Patient
from local.playground.server import serving
from local.playground.settings import PlaygroundSettings

TOKEN = "1:playground"
ROOT = Path(__file__).parents[2]


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (400, 300), "brown").save(buffer, "JPEG")
    return buffer.getvalue()


def updates(address: str, **parameters: int) -> list[int]:
    result = httpx.get(f"{address}/bot{TOKEN}/getUpdates", params=parameters).json()["result"]
    return [update["update_id"] for update in result]


@contextlib.contextmanager
def process(data: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "local.playground", "--port", "0", "--data", str(data)]
    with subprocess.Popen(command, cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            address = child.stdout.readline().split()[1].rstrip("/")
            with httpx.Client(transport=httpx.HTTPTransport(retries=10)) as client:
                assert client.get(f"{address}/health").json()["status"] == "ok"
            yield address, child
        finally:
            child.kill()


def test_a_killed_process_loses_nothing(tmp_path: Path) -> None:
    with process(tmp_path) as (address, child):
        with Patient.open(address) as someone:
            someone.say("first")
            [photo] = someone.send_photo(picture())
            chat_id, session = someone.chat_id, someone.session
        before = updates(address)
        child.kill()
    with process(tmp_path) as (address, _), Patient(address, chat_id, session) as someone:
        assert [message.get("text") for message in someone.messages()] == ["first", None]
        assert someone.download(photo["photo"][-1]["file_id"])
        assert updates(address) == before
        assert updates(address, offset=before[-1] + 1) == []
        someone.say("second")
        [later] = updates(address)
        assert later > before[-1]


def test_ids_rise_even_after_everything_was_confirmed(tmp_path: Path) -> None:
    settings = PlaygroundSettings(port=0, data=tmp_path)
    with serving(settings) as address, Patient.open(address) as someone:
        message = someone.say("one")
        chat_id, session = someone.chat_id, someone.session
        [first] = updates(address)
        updates(address, offset=first + 1)
        httpx.get(
            f"{address}/bot{TOKEN}/deleteMessage", params={"chat_id": chat_id, "message_id": message["message_id"]}
        )
    with serving(settings) as address, Patient(address, chat_id, session) as someone:
        assert someone.say("two")["message_id"] > message["message_id"]
        assert updates(address)[0] > first


def test_forgetting_leaves_no_trace_on_disk(tmp_path: Path) -> None:
    with serving(PlaygroundSettings(port=0, data=tmp_path)) as address:
        with Patient.open(address) as someone, Patient.open(address) as other:
            someone.say("itches-terribly")
            someone.send_photo(picture())
            other.say("still here")
            someone.forget()
            with pytest.raises(PatientError):
                someone.messages()
            assert [message["text"] for message in other.messages()] == ["still here"]
            assert len(updates(address)) == 1
        assert not [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
        for path in tmp_path.glob("playground.sqlite3*"):
            assert b"itches-terribly" not in path.read_bytes()


def test_a_taken_port_is_said_plainly(tmp_path: Path) -> None:
    with serving(PlaygroundSettings(port=0, data=tmp_path / "a")) as address:
        port = address.rsplit(":", 1)[1]
        command = [sys.executable, "-m", "local.playground", "--port", port, "--data", str(tmp_path / "b")]
        result = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert f"Port {port} cannot be used" in result.stderr


def test_a_wiped_playground_does_not_count_its_updates_from_one_again(tmp_path: Path) -> None:
    started = int(time.time())
    with serving(PlaygroundSettings(port=0, data=tmp_path)) as address, Patient.open(address) as patient:
        patient.say("hello")
        [first] = updates(address)
    assert first > started
