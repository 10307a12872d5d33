"""Albums: Telegram sends their photos as separate updates; they are complete when none has come for a while.

Each photo is stored as soon as it comes; only what follows (the card, the queue) waits for the whole album,
so a bot that is killed in between loses nothing.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.errors import RefusalReason

_REMEMBERED = 200


@dataclass
class Album:
    """What became of the photos of one album so far."""

    chat_id: int
    first_message_id: int
    case_id: str | None = None
    sent: int = 0
    taken: int = 0
    refused: dict[int, RefusalReason] = field(default_factory=dict)
    """By the photo's place in the album, from 1."""
    closed: bool = False
    """Nothing more of it is taken: no consent, or it must not be looked at; that was said already."""


class Albums:
    """The albums that are coming in."""

    def __init__(self, seconds: float, finish: Callable[[Album], Awaitable[None]]) -> None:
        """`seconds`: quiet time after which `finish` is called."""
        self._seconds = seconds
        self._finish = finish
        self._albums: OrderedDict[tuple[int, str], Album] = OrderedDict()
        self._timers: dict[tuple[int, str], asyncio.Task[None]] = {}

    def begin(self, chat_id: int, group: str, message_id: int) -> Album:
        """A photo of the album `group` has come; the album does not finish before `end` is called."""
        key = (chat_id, group)
        if timer := self._timers.pop(key, None):
            timer.cancel()
        album = self._albums.setdefault(key, Album(chat_id, message_id))
        self._albums.move_to_end(key)
        if len(self._albums) > _REMEMBERED:
            self._albums.popitem(last=False)
        album.sent += 1
        return album

    def end(self, chat_id: int, group: str) -> None:
        """The photo is dealt with: if no other comes, the album finishes."""
        key = (chat_id, group)
        self._timers[key] = asyncio.create_task(self._wait(key))

    async def drain(self) -> None:
        """Finish all albums now: the bot is stopping."""
        for key in list(self._timers):
            self._timers.pop(key).cancel()
            await self._finish(self._albums[key])

    async def _wait(self, key: tuple[int, str]) -> None:
        await asyncio.sleep(self._seconds)
        self._timers.pop(key, None)
        await self._finish(self._albums[key])
