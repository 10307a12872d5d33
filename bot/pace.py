"""Telegram's speed limits: one message a second per chat (short bursts allowed), thirty a second over all.

Limits: core.telegram.org/bots/faq, "My bot is hitting limits".
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

from telegram.error import RetryAfter
from telegram.ext import BaseRateLimiter

from bot import metrics

_log = logging.getLogger(__name__)

PER_CHAT = 1.0
BURST = 3
OVERALL = 30.0
_TRIES = 3
_LONGEST_WAIT = 10.0
"""Seconds to wait for Telegram inside one call; the outbox and the inbox wait longer by themselves, holding up only the
chat concerned.
"""
_FORGET_AFTER = 1000


class Bucket:
    """A token bucket: `rate` a second, at most `burst` at once. Callers are served in the order they came."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        """A full bucket."""
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._filled = float(burst)
        self._at = clock()

    def wait(self) -> float:
        """Take one; the seconds to wait before using it (0: now)."""
        now = self._clock()
        self._filled = min(self._burst, self._filled + (now - self._at) * self._rate) - 1
        self._at = now
        return max(0.0, -self._filled / self._rate)


class Pace(BaseRateLimiter[int]):
    """Holds back calls that show something in a chat; a call that Telegram sends back (429) waits and is
    tried again.
    """

    def __init__(self) -> None:
        """Starts with full buckets."""
        self._overall = Bucket(OVERALL, int(OVERALL))
        self._chats: dict[int | str, Bucket] = {}

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, bool | dict[str, Any] | list[dict[str, Any]]]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: int | None,
    ) -> bool | dict[str, Any] | list[dict[str, Any]]:
        """Make the call when its turn comes.

        Raises:
            RetryAfter: Telegram asked to wait three times, or longer than ten seconds.
        """
        chat = data.get("chat_id")
        if chat is not None and endpoint.startswith(("send", "edit")) and endpoint != "sendChatAction":
            await asyncio.sleep(self._turn(chat))
        for attempt in range(1, _TRIES + 1):
            try:
                return await callback(*args, **kwargs)
            except RetryAfter as error:
                metrics.RATE_LIMITED.labels(endpoint).inc()
                wait = seconds(error)
                if attempt == _TRIES or wait > _LONGEST_WAIT:
                    raise
                _log.warning("Telegram asks to wait %.0f s before %s", wait, endpoint)
                await asyncio.sleep(wait + 0.1)
        raise AssertionError("unreachable: the last try returns or raises")

    def _turn(self, chat: int | str) -> float:
        if len(self._chats) > _FORGET_AFTER:
            self._chats.clear()
        bucket = self._chats.setdefault(chat, Bucket(PER_CHAT, BURST))
        return max(bucket.wait(), self._overall.wait())


def seconds(error: RetryAfter) -> float:
    """How long Telegram asks to wait; the library gives a number or a timedelta, by setting."""
    asked = error.retry_after
    return float(asked) if isinstance(asked, int) else asked.total_seconds()
