"""When a part counts as up: it answers HTTP, answers Redis's PING, says so in its log, or has finished."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx

from local.addresses import HOST

POLL_SECONDS = 0.1


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
            async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
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
class Finishes:
    """It has one thing to do and is up when it has ended without an error."""

    async def is_up(self, log: Path, since: int) -> bool:
        """Never while it lives."""
        return False
