"""The log: its lines, what they are about, and what never stands in them."""

import json
import logging
import threading
from collections.abc import Iterator
from contextvars import copy_context

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logs import JsonLines, TextLines, about, start_logging, told

TOKEN = "123456:AAsecret-token"


@pytest.fixture(autouse=True)
def handlers_restored() -> Iterator[None]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in ("httpx", "telegram")}
    yield
    root.handlers[:] = before
    root.setLevel(level)
    for name, each in levels.items():
        logging.getLogger(name).setLevel(each)


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_json_line_says_when_who_what_and_of_which_case(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKINGPT_LOG_FORMAT", "json")
    monkeypatch.setenv("SKINGPT_PART", "gpu")
    start_logging("worker")
    with about(case="c1"), about(task="examine"):
        logging.getLogger("worker.examine").info("%s ended after %.1f s", "examine", 1.5)
    logging.getLogger("worker").warning("done")
    first, second = written(capsys)
    assert first["event"] == "examine ended after 1.5 s"
    assert (first["level"], first["part"], first["logger"]) == ("info", "gpu", "worker.examine")
    assert (first["case"], first["task"]) == ("c1", "examine")
    assert first["time"].endswith("+00:00")
    assert "case" not in second, "what the block was about ends with it"


def test_text_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging("bot")
    with about(update=7):
        logging.getLogger("bot").info("photo refused")
    line = capsys.readouterr().err
    assert line.rstrip().endswith("INFO bot photo refused update=7")


def test_threads_started_with_the_context_write_about_the_same() -> None:
    lines: list[str] = []
    format_ = TextLines("bot", ())

    def work() -> None:
        lines.append(format_.format(logging.makeLogRecord({"msg": "x", "name": "bot", "levelname": "INFO"})))

    with about(case="c1"):
        thread = threading.Thread(target=copy_context().run, args=(work,))
        thread.start()
        thread.join()
    assert "case=c1" in lines[0]


@pytest.mark.parametrize("kind", ["text", "json"])
def test_no_token_password_or_message_of_an_exception_is_written(
    kind: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKINGPT_LOG_FORMAT", kind)
    start_logging("bot", TOKEN, "")
    logging.getLogger("bot").info("https://api.telegram.org/bot%s/getMe", TOKEN)
    logging.getLogger("httpx").info("HTTP Request: POST https://api.telegram.org/bot%s/getMe", TOKEN)
    logging.getLogger("bot").info("another one: /bot99:abcdefghijklmnop/x 4711:AAbbccddeeffgghhiijjkkllmm")
    logging.getLogger("kombu").warning("amqp://me:planted@host// and Bearer planted")
    logging.getLogger("worker").warning("![](data:image/jpeg;base64,planted0000==)")
    try:
        raise RuntimeError(f"planted words of a patient, {TOKEN}")
    except RuntimeError:
        logging.getLogger("telegram").exception("failed")
    trace = {"name": "worker.x", "id": "1", "description": "raised unexpected", "exc": "planted", "args": "planted"}
    logging.getLogger("celery.app.trace").error("Task %(name)s raised %(exc)s", trace)
    log = capsys.readouterr().err
    assert "planted" not in log and "secret-token" not in log and "abcdefghijk" not in log and "AAbbcc" not in log
    assert "HTTP Request" not in log
    assert "RuntimeError at test_logs.py:" in log
    assert "task worker.x raised unexpected" in log
    assert "amqp://<password>@host" in log


@given(st.text(max_size=200), st.text("αβγδ", min_size=1, max_size=30))
def test_any_text_is_one_line_without_the_secret(text: str, secret: str) -> None:
    record = logging.makeLogRecord({"msg": "%s", "args": (f"{text}{secret}{text}",), "name": "x"})
    for kind in (JsonLines, TextLines):
        line = kind("bot", (secret,)).format(record)
        assert secret not in line.replace(text, "")
        assert len(line.splitlines()) == 1


def test_an_exception_is_told_by_type_and_place() -> None:
    try:
        raise ValueError("planted")
    except ValueError as error:
        assert told(error).startswith("ValueError at test_logs.py:")
    assert told(KeyError("planted")) == "KeyError"
