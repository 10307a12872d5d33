"""Several bots on one inbox: each chat's updates are dealt with by one of them at a time, in order.

Every bot writes what Telegram hands it into the inbox. Whoever is first takes a chat that has updates waiting, by a
lease, and keeps it while there is something to do and a little longer (so that an album stays with one bot). The lease
of a bot that died ends by itself; another one then goes on with the oldest update that is not done.
"""

import asyncio
import contextlib
import logging
import os
import secrets
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from telegram import Bot

from bot.errors import UpdateUnreadable
from bot.inbox import InboxQueue
from bot.reading import update_of
from cases import inbox, leases
from cases.database import CaseDatabase
from cases.errors import CasesError, LeaseLost, LeaseTaken
from cases.inbox import Waiting

_log = logging.getLogger(__name__)

LEASE_SECONDS = 30.0
"""A bot that is killed leaves its chats to the others after so long at most."""
_LOOK_SECONDS = 0.3
"""Pause between two looks for chats that another bot wrote down, or left behind."""
_LINGER_SECONDS = 5.0


@dataclass
class _Held:
    """A chat that this bot deals with."""

    lease: leases.Lease
    ending: contextlib.ExitStack
    renewed: float
    busy: float
    handed: set[int] = field(default_factory=set)
    """The updates that were handed on and are not done."""


class Claims:
    """The chats this bot has taken, and what of them was handed on to the application."""

    def __init__(self, bot: Bot, db: CaseDatabase, queue: InboxQueue, seconds: float = LEASE_SECONDS) -> None:
        """`queue`: the application's. `seconds`: of a chat's lease; renewed when a third is over."""
        self._bot = bot
        self._db = db
        self._queue = queue
        self._seconds = seconds
        self._owner = f"bot@{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._held: dict[int, _Held] = {}
        self._news = asyncio.Event()

    def look(self) -> None:
        """Something was written into the inbox: look at once."""
        self._news.set()

    async def run(self) -> None:
        """Take chats and hand on their updates for ever."""
        while True:
            self._news.clear()
            try:
                await self._round()
            except CasesError as error:
                _log.error("the inbox cannot be read: %s", type(error).__name__)
                await asyncio.sleep(1)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), _LOOK_SECONDS)

    async def release(self) -> None:
        """Leave all chats to the others: the bot is stopping."""
        for chat_id in list(self._held):
            await self._leave(chat_id)

    async def _round(self) -> None:
        waiting = await asyncio.to_thread(inbox.waiting, self._db)
        for chat_id, undone in waiting.items():
            if chat_id not in self._held and not await self._take(chat_id, undone):
                continue
            await self._hand_on(self._held[chat_id], undone.update_ids)
        for chat_id, held in list(self._held.items()):
            await self._keep(chat_id, held, has_work=chat_id in waiting)

    async def _take(self, chat_id: int, undone: Waiting) -> bool:
        ending = contextlib.ExitStack()
        name = leases.inbox_lease_name(chat_id)
        try:
            holding = leases.lease(self._db, name, self._owner, self._seconds)
            lease = await asyncio.to_thread(ending.enter_context, holding)
        except LeaseTaken:
            return False
        now = time.monotonic()
        self._held[chat_id] = _Held(lease, ending, renewed=now, busy=now)
        if (self._db.now() - undone.since).total_seconds() > self._seconds:
            # Whoever had the chat died over it, perhaps because of it: such tries are counted.
            self._queue.cut_off(undone.update_ids[:1])
            _log.info("chat with %d waiting updates taken over", len(undone.update_ids))
        return True

    async def _hand_on(self, held: _Held, update_ids: Sequence[int]) -> None:
        held.busy = time.monotonic()
        held.handed.intersection_update(update_ids)
        for update_id in update_ids:
            if update_id in held.handed:
                continue
            payload = await asyncio.to_thread(inbox.payload_of, self._db, update_id)
            if payload is None:
                continue
            held.handed.add(update_id)
            try:
                await self._queue.hand_on(update_of(payload, self._bot))
            except UpdateUnreadable as error:
                _log.error("update %d dropped: %s", update_id, error)
                await asyncio.to_thread(inbox.done, self._db, update_id)

    async def _keep(self, chat_id: int, held: _Held, *, has_work: bool) -> None:
        now = time.monotonic()
        if not has_work and now - held.busy > _LINGER_SECONDS:
            await self._leave(chat_id)
        elif now - held.renewed > self._seconds / 3:
            try:
                await asyncio.to_thread(held.lease.renew)
                held.renewed = now
            except LeaseLost:
                # This process stood still for longer than the lease: another bot deals with the chat now.
                _log.error("a chat was lost to another bot")
                del self._held[chat_id]

    async def _leave(self, chat_id: int) -> None:
        held = self._held.pop(chat_id)
        try:
            await asyncio.to_thread(held.ending.close)
        except CasesError as error:
            _log.warning("a chat's lease was not given back, it ends by itself: %s", type(error).__name__)
