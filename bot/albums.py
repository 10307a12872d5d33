"""Albums: Telegram sends their photos as separate updates; they are complete when none has come for a while.

Each photo is stored as soon as it comes; what follows (the card, the queue, what is said of refused photos) waits for
the whole album. Its updates stay in the inbox until that is done too, so a bot that is killed in between loses nothing.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from telegram import Update

from bot.errors import RefusalReason
from bot.transient import is_transient
from worker.failures import log_failure

_REMEMBERED = 200
_AGAIN_SECONDS = 5.0


@dataclass
class Album:
    """What became of the photos of one album so far."""

    chat_id: int
    first_message_id: int
    case_id: str | None = None
    sent: int = 0
    taken: int = 0
    refused: dict[int, RefusalReason] = field(default_factory=dict)
    """By the number of the photo's message."""
    words: str = ""
    """The captions of photos that were not taken, until there is a case that they belong to."""
    closed: bool = False
    """Nothing more of it is taken: no consent, or it must not be looked at; that was said already."""
    messages: set[int] = field(default_factory=set)
    """Those that were counted as sent: one that is dealt with again is not counted again."""
    update_ids: list[int] = field(default_factory=list)
    """The updates to be forgotten when it is finished."""


class Albums:
    """The albums that are coming in."""

    def __init__(
        self,
        seconds: float,
        finish: Callable[[Album], Awaitable[None]],
        forget: Callable[[int, Sequence[int]], Awaitable[None]],
    ) -> None:
        """`seconds`: quiet time after which `finish` is called; then `forget`, with the chat and the updates held."""
        self._seconds = seconds
        self._finish = finish
        self._forget = forget
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
        album.messages.add(message_id)
        album.sent = len(album.messages)
        return album

    def end(self, chat_id: int, group: str) -> None:
        """The photo is dealt with: if no other comes, the album finishes."""
        key = (chat_id, group)
        self._timers[key] = asyncio.create_task(self._wait(key, self._albums[key], self._seconds))

    def hold(self, update: Update) -> bool:
        """Keep the update until its album is finished; False: it is of none that is coming in."""
        said = update.message
        if said is None or said.media_group_id is None:
            return False
        key = (said.chat_id, said.media_group_id)
        if key not in self._timers:
            return False
        self._albums[key].update_ids.append(update.update_id)
        return True

    async def drain(self) -> None:
        """Finish all albums now: the bot is stopping."""
        for key in list(self._timers):
            self._timers.pop(key).cancel()
            await self._finished(self._albums[key])

    async def _wait(self, key: tuple[int, str], album: Album, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._timers.pop(key, None)
        if not await self._finished(album) and key not in self._timers:
            self._timers[key] = asyncio.create_task(self._wait(key, album, _AGAIN_SECONDS))

    async def _finished(self, album: Album) -> bool:
        """Whether it is finished now, or never will be."""
        held, album.update_ids = album.update_ids, []
        try:
            await self._finish(album)
        except Exception as error:
            log_failure("album of message", album.first_message_id, error)
            if is_transient(error):
                album.update_ids = held + album.update_ids
                return False
        await self._forget(album.chat_id, held)
        return True
