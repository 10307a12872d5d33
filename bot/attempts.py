"""An update is dealt with until it succeeds: what passes by itself is waited for, what does not is tried five times.

While it waits the update stays in the inbox and its chat's later updates wait behind it, so that their order holds. The
patient is told that it takes longer, and urgent words are answered at once all the same.
"""

import asyncio
import contextlib
import inspect
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from telegram import Bot, Update
from telegram.error import Forbidden, RetryAfter, TelegramError
from telegram.ext import ApplicationHandlerStop

from bot import metrics, texts
from bot.message import Message, message
from bot.pace import seconds
from bot.sending import send
from bot.services import Context
from bot.transient import is_transient
from bot.urgent import urgent_answer
from cases import outbox
from cases.database import CaseDatabase
from cases.errors import CasesError
from worker.failures import log_failure

_log = logging.getLogger(__name__)

ATTEMPTS = 5
"""Failures, or crashes of the whole bot, after which an update is given up with an apology."""
_PATIENCE = 6 * 3600.0
"""Seconds for which a failure that passes by itself is waited for; then it counts like any other."""
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 10.0
_TOLD_AT = 4
"""The failure after which the patient is told that it takes longer: about three seconds after the first."""
_AT_ONCE = 64
_URGENT_SECONDS = 3.0


class Attempts:
    """Deals with updates again and again. `process` is the application's; set it before the first update."""

    def __init__(self, bot: Bot, db: CaseDatabase, number: str, process: Callable[[Update], Awaitable[Any]]) -> None:
        """`number`: the emergency number. `process`: deals with one update, failing into `on_error`."""
        self._bot = bot
        self._db = db
        self._number = number
        self._process = process
        self._errors: dict[int, Exception] = {}
        self._work = asyncio.Semaphore(_AT_ONCE)
        self._stop = asyncio.Event()

    async def on_error(self, update: object, context: Context) -> None:
        """The application's error handler: a handler failed.

        Raises:
            ApplicationHandlerStop: always; a guard that failed must not let the other handlers see the update.
        """
        error = context.error
        if not isinstance(update, Update) or not isinstance(error, Exception):
            _log.error("outside an update: %s", type(error).__name__)
            return
        log_failure("update", update.update_id, error)
        self._errors[update.update_id] = error
        raise ApplicationHandlerStop

    async def deal(self, update: Update, first: Awaitable[Any], replays: int) -> bool:
        """True: it is dealt with, or given up. False: the bot stops before that; the update stays in the inbox.

        `first` is the application's own coroutine for it; `replays`: how often a crash has cut it off before.
        """
        if replays >= ATTEMPTS or self._stop.is_set():
            if inspect.iscoroutine(first):
                first.close()
            if not self._stop.is_set():
                await self._give_up(update)
            return not self._stop.is_set()
        return await self._until_done(update, first)

    async def _until_done(self, update: Update, work: Awaitable[Any]) -> bool:
        began, tries, failures = time.monotonic(), 0, 0
        while True:
            async with self._work:
                await work
            error = self._errors.pop(update.update_id, None)
            if error is None or isinstance(error, Forbidden):
                metrics.HANDLED.labels("done").inc()
                return True
            metrics.HANDLED.labels("failed").inc()
            tries += 1
            failures += not (is_transient(error) and time.monotonic() - began < _PATIENCE)
            if failures >= ATTEMPTS:
                await self._give_up(update)
                return True
            if tries == _TOLD_AT:
                await self._say(update, message(texts.LATER))
            if await self.stopped_within(_wait(tries, error)):
                return False
            work = self._process(update)

    async def answer_urgent(self, update: Update) -> None:
        """An update waits for its chat's earlier ones: urgent words wait for three seconds only."""
        said = update.message
        if said is None:
            return
        _, urgent = await asyncio.to_thread(urgent_answer, said.text or said.caption or "", self._number)
        if urgent is not None:
            await asyncio.sleep(_URGENT_SECONDS)
            await self._say(update, urgent)

    async def surely(self, write: Callable[..., Any], *arguments: object) -> Any:
        """The result of `write(db, *arguments)`, tried until the record can be used; None where the bot stops first."""
        tries = 0
        while True:
            try:
                return await asyncio.to_thread(write, self._db, *arguments)
            except CasesError as error:
                tries += 1
                _log.error("the record cannot be used, try %d: %s", tries, type(error).__name__)
                if await self.stopped_within(_wait(tries, error)):
                    return None

    async def stopped_within(self, pause: float) -> bool:
        """Wait; whether the bot was told to stop before the pause was over."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), pause)
        return self._stop.is_set()

    def stop(self) -> None:
        """Wait for nothing any more: what is not done stays in the inbox."""
        self._stop.set()

    async def _give_up(self, update: Update) -> None:
        chat = chat_of(update)
        metrics.HANDLED.labels("given-up").inc()
        _log.error("update %d given up", update.update_id)
        apology, dedupe = texts.FAILED_ONCE, f"apology:{update.update_id}"
        try:
            await asyncio.to_thread(outbox.put, self._db, chat, "text", "", apology.encode(), dedupe=dedupe)
        except CasesError:
            await self._say(update, message(apology))

    async def _say(self, update: Update, text: Message) -> None:
        try:
            await send(self._bot, chat_of(update), text)
        except TelegramError as error:
            _log.warning("update %d: nothing could be said: %s", update.update_id, type(error).__name__)


def chat_of(update: Update) -> int:
    """The chat an update belongs to; 0 for those of none."""
    return update.effective_chat.id if update.effective_chat else 0


def _wait(tries: int, error: Exception) -> float:
    asked = seconds(error) if isinstance(error, RetryAfter) else 0.0
    return float(max(asked, min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(tries, 10))))
