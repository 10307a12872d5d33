"""Updates of one chat are dealt with one after the other, those of different chats side by side."""

import asyncio
import inspect
from collections.abc import Awaitable
from typing import Any

from telegram import Update
from telegram.ext import BaseUpdateProcessor

from bot.albums import Albums
from bot.attempts import Attempts, chat_of
from bot.inbox import InboxQueue
from logs import about

_WAITING = 100_000
"""Updates that may wait here; how many are worked on at once is for `Attempts` to say."""


class ChatOrder(BaseUpdateProcessor):
    """Holds a lock per chat while an update is dealt with; then the inbox forgets the update."""

    def __init__(self, queue: InboxQueue) -> None:
        """`queue`: told when an update is finished. `serve` comes before the first update."""
        super().__init__(_WAITING)
        self._queue = queue
        self._locks: dict[int, asyncio.Lock] = {}
        self._waiting: dict[int, int] = {}
        self._left: set[int] = set()

    def serve(self, attempts: Attempts, albums: Albums) -> None:
        """`attempts` deals with each update; `albums` may hold one until its whole album is in."""
        self._attempts = attempts
        self._albums = albums

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Deal with one update when its chat's earlier ones are done."""
        if not isinstance(update, Update):
            await coroutine
            return
        chat = chat_of(update)
        lock = self._locks.setdefault(chat, asyncio.Lock())
        self._waiting[chat] = self._waiting.get(chat, 0) + 1
        urgent = asyncio.create_task(self._attempts.answer_urgent(update)) if lock.locked() else None
        try:
            async with lock:
                if urgent is not None:
                    urgent.cancel()
                with about(update=update.update_id):
                    await self._deal(update, chat, coroutine)
        finally:
            self._waiting[chat] -= 1
            if not self._waiting[chat]:
                del self._waiting[chat], self._locks[chat]

    async def _deal(self, update: Update, chat: int, coroutine: Awaitable[Any]) -> None:
        if chat in self._left:  # an earlier one was left in the inbox: this one comes after it
            if inspect.iscoroutine(coroutine):
                coroutine.close()
            return
        replays = await self._attempts.surely(self._queue.begin_again, update) or 0
        if not await self._attempts.deal(update, coroutine, replays):
            self._left.add(chat)
        elif not self._albums.hold(update):
            await self._attempts.surely(self._queue.finish, chat, (update.update_id,))

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""
