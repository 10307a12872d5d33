"""When a part counts as up: it answers HTTP, answers Redis's PING, says so in its log, or has finished. And how to
tell later that it does not merely live: it still answers, or its main loop still goes round.
"""

import asyncio
import logging
import re
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import httpx

from local.addresses import HOST

if TYPE_CHECKING:
    from celery import Celery

POLL_SECONDS = 0.1
LONGEST_LOOK = 15.0
"""Seconds to wait for an HTTP answer: a machine that is busy is not one that hangs."""

_log = logging.getLogger(__name__)


class Health(Protocol):
    """One look at a part."""

    async def is_up(self, log: Path, since: int) -> bool:
        """Whether it can be used now. `since`: where in its log file its present life began."""
        ...


@dataclass(frozen=True, slots=True)
class AnswersHttp:
    """`GET url` gives a 2xx."""

    url: str

    async def is_up(self, log: Path, since: int) -> bool:
        """Ask once."""
        try:
            # Without the environment's proxies: everything here is on this machine.
            async with httpx.AsyncClient(trust_env=False, timeout=LONGEST_LOOK) as client:
                return (await client.get(self.url)).is_success
        except httpx.HTTPError:
            return False


@dataclass(frozen=True, slots=True)
class AnswersPing:
    """A Redis server that has finished loading."""

    port: int

    async def is_up(self, log: Path, since: int) -> bool:
        """Ask once."""
        try:
            async with asyncio.timeout(2):
                reader, writer = await asyncio.open_connection(HOST, self.port)
                try:
                    writer.write(b"PING\r\n")
                    return (await reader.readline()).startswith(b"+PONG")
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return False


@dataclass(frozen=True, slots=True)
class SaysSo:
    """A line of the log holds `words`, or the `other` words that are as good."""

    words: str
    other: str | None = None

    async def is_up(self, log: Path, since: int) -> bool:
        """Read what it has written so far."""
        with log.open("rb") as file:
            file.seek(since)
            said = file.read()
        return any(words.encode() in said for words in (self.words, self.other) if words)


@dataclass(frozen=True, slots=True)
class GoesRound:
    """The metrics at `url` have the gauge `metric`, and the time it tells lies no further back than `seconds`."""

    url: str
    metric: str
    seconds: float

    async def is_up(self, log: Path, since: int) -> bool:
        """Ask once."""
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=LONGEST_LOOK) as client:
                page = (await client.get(self.url)).text
        except httpx.HTTPError:
            return False
        told = re.search(rf"^{self.metric} (\S+)$", page, re.MULTILINE)
        return told is not None and time.time() - float(told[1]) <= self.seconds


@dataclass(frozen=True, slots=True)
class AnswersCelery:
    """The worker `node` answers a ping that goes through the broker at `broker_url`; its pool may be at work."""

    node: str
    broker_url: str

    async def is_up(self, log: Path, since: int) -> bool:
        """Ask once. Where the broker is away nobody can tell, and the worker is not to blame."""
        return await asyncio.to_thread(self._answers)

    def _answers(self) -> bool:
        try:
            replies = _celery(self.broker_url).control.ping(destination=[self.node], timeout=5)
        except Exception as error:  # whatever Redis, RabbitMQ and kombu call it when the broker is away
            _log.info("%s cannot be asked: %s", self.node, type(error).__name__)
            return True
        return bool(replies)


@cache
def _celery(broker_url: str) -> "Celery":
    from celery import Celery  # imported when the first worker is up: the start does not wait for it

    app = Celery("supervisor", broker=broker_url, set_as_current=False)
    app.conf.broker_connection_timeout = 3
    if broker_url.startswith("redis"):
        app.conf.broker_transport_options = {"socket_timeout": 10, "socket_connect_timeout": 3}
    return app


@dataclass(frozen=True, slots=True)
class Finishes:
    """It has one thing to do and is up when it has ended without an error."""

    async def is_up(self, log: Path, since: int) -> bool:
        """Never while it lives."""
        return False
