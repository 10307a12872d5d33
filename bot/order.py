"""Updates of one chat are dealt with one after the other, those of different chats side by side."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from telegram import Update
from telegram.ext import BaseUpdateProcessor

from bot import metrics
from bot.inbox import InboxQueue
from logs import about

_AT_ONCE = 64


class ChatOrder(BaseUpdateProcessor):
    """Holds a lock per chat while an update is dealt with; then the inbox forgets the update."""

    def __init__(self, queue: InboxQueue) -> None:
        """`queue`: told when an update is finished."""
        super().__init__(_AT_ONCE)
        self._queue = queue
        self._locks: dict[int, asyncio.Lock] = {}
        self._waiting: dict[int, int] = {}

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Deal with one update when its chat's earlier ones are done."""
        if not isinstance(update, Update):
            await coroutine
            return
        chat = update.effective_chat.id if update.effective_chat else 0
        lock = self._locks.setdefault(chat, asyncio.Lock())
        self._waiting[chat] = self._waiting.get(chat, 0) + 1
        try:
            async with lock:
                with about(update=update.update_id):
                    await coroutine
                await self._queue.finish(update)
                metrics.HANDLED.labels("done").inc()
        finally:
            self._waiting[chat] -= 1
            if not self._waiting[chat]:
                del self._waiting[chat], self._locks[chat]

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""
