"""The log of every process: one line per event, as text or as JSON, with ids and never with what a patient said.

    SKINGPT_LOG_FORMAT=json SKINGPT_LOG_LEVEL=INFO

Fields of a JSON line: time (UTC), level, part (SKINGPT_PART, e.g. "bot", "gpu"), logger, event, and what the line is
about: case, turn, update … (`about`). An exception is told by its type and code lines, never by its message, which may
hold a patient's words. Bot tokens, passwords in addresses and pictures are cut out of every line, whoever wrote it.
"""

import json
import logging
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal

from room_settings import RoomSettings

NOISY = ("httpx", "httpcore", "httpx2", "telegram", "apscheduler", "urllib3", "chromadb", "alembic", "kombu", "amqp")
"""Libraries whose everyday lines hold addresses, whole updates or nothing of use: only their warnings are kept."""

_FRAMES = 4
_SECRETS = (
    # A Telegram token, in an address or alone; passwords in addresses; keys after "Bearer"; pictures as data addresses.
    (re.compile(r"\b\d{1,20}:[A-Za-z0-9_-]{20,}"), "<token>"),
    (re.compile(r"/bot\d+:[^/\s\"']+"), "/bot<token>"),
    (re.compile(r"(?<=://)[^/@\s]+@"), "<password>@"),
    (re.compile(r"(?i)\bbearer\s+\S+"), "Bearer <key>"),
    (re.compile(r"data:[\w/+.-]+;base64,[A-Za-z0-9+/=]+"), "<picture>"),
)
_ABOUT: ContextVar[dict[str, str | int]] = ContextVar("about", default={})  # noqa: B039 (replaced, never changed)


class LogSettings(RoomSettings):
    """How this process writes its log: `SKINGPT_LOG_FORMAT`, `SKINGPT_LOG_LEVEL`, `SKINGPT_PART`."""

    log_format: Literal["text", "json"] = "text"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    part: str = ""
    """The name of this process among the parts; each starts with a name of its own where none is set."""


@contextmanager
def about(**fields: str | int) -> Iterator[None]:
    """Every line written inside the block, also in tasks and threads it starts, says what it is about: ids alone."""
    token = _ABOUT.set({**_ABOUT.get(), **fields})
    try:
        yield
    finally:
        _ABOUT.reset(token)


def start_logging(part: str, *secrets: str) -> None:
    """Log to stderr as the settings say, in place of any other handler; `secrets` never appear in a line."""
    settings = LogSettings()
    kind = JsonLines if settings.log_format == "json" else TextLines
    handler = logging.StreamHandler()
    handler.setFormatter(kind(settings.part or part, secrets))
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):  # uvicorn brings handlers of its own
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    # Not through the root alone: the name of a request is an address.
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)


class _Lines(logging.Formatter):
    """What both formats share: which part writes, and what must not be written."""

    def __init__(self, part: str, secrets: tuple[str, ...]) -> None:
        super().__init__()
        self.part = part
        self._secrets = tuple(secret for secret in secrets if secret)

    def clean(self, text: str) -> str:
        """`text` on one line, without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, "<secret>")
        for pattern, instead in _SECRETS:
            text = pattern.sub(instead, text)
        return " ".join(text.splitlines())

    def event(self, record: logging.LogRecord) -> str:
        """What happened, in words."""
        if record.name == "celery.app.trace" and isinstance(record.args, dict):
            # Celery's own sentence repeats the exception's message, its arguments and the whole traceback.
            return f"task {record.args.get('name')} {record.args.get('description', 'ended')}"
        return self.clean(record.getMessage())


class JsonLines(_Lines):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "part": self.part,
            "logger": record.name,
            "event": self.event(record),
            **_ABOUT.get(),
        }
        if error := error_of(record):
            line["error"] = error
        return json.dumps(line, ensure_ascii=False)


class TextLines(_Lines):
    """Time, level, logger, event, and what it is about as key=value."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(sep=" ", timespec="milliseconds")
        words = [at.removesuffix("+00:00"), record.levelname, record.name, self.event(record)]
        words += [f"{name}={value}" for name, value in _ABOUT.get().items()]
        if error := error_of(record):
            words.append(f"error={error}")
        return " ".join(words)


def error_of(record: logging.LogRecord) -> str:
    """Type and code lines of the exception a line was written for; "" where there is none."""
    if not record.exc_info or record.exc_info[1] is None:
        return ""
    return told(record.exc_info[1])


def told(error: BaseException) -> str:
    """An exception as a log may hold it: its type and the innermost code lines, nothing of what it says."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    where = " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} at {where}" if where else type(error).__name__
