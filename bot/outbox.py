"""The outbox: sends what is due, in the bot's own event loop, side by side for different chats, in order within one.

Telegram knows no two sends as the same, so an answer is never sent: it is filled by edit into a message whose id is
stored before (the card of its case, or for a reply a message that says that it comes). A bot killed anywhere in between
leaves at most one spare notice, never two answers and never none.
"""

import asyncio
import logging
import os
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta

from telegram import Bot
from telegram.error import BadRequest, Forbidden, RetryAfter

from bot import metrics, texts
from bot.cards import Cards
from bot.explanation import caption
from bot.message import Message, escape, message
from bot.pace import seconds
from bot.rendering import render_turn
from bot.sending import edit, send, send_photo
from bot.transient import is_transient
from cases import caseload, conversation, outbox
from cases.database import CaseDatabase
from cases.errors import CaseNotFound, CasesError, TurnNotFound
from cases.record import Case, CaseStatus, Outgoing
from logs import about
from worker.failures import log_failure

_log = logging.getLogger(__name__)

_BATCH = 30
_APOLOGIES = {"case": texts.UNDELIVERED, "turn": texts.UNDELIVERED, "overlay": texts.NOT_EXPLAINED}
_CHATS_AT_ONCE = 60
_TRIES = 5
"""Failures of a message, for another reason than that Telegram or the record is away, after which it is dropped."""
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_DRAIN_SECONDS = 10.0
_BEGIN_SECONDS = 20.0
"""A chat's next message is begun so long after it was handed out; the lease on it lasts for a minute."""


class Outbox:
    """Delivers outgoing messages."""

    def __init__(self, bot: Bot, db: CaseDatabase, cards: Cards, number: str, pause: float) -> None:
        """`number`: the emergency number. `pause`: seconds between two looks when nothing was due."""
        self._bot = bot
        self._db = db
        self._cards = cards
        self._number = number
        self._pause = pause
        self._owner = f"bot@{socket.gethostname()}:{os.getpid()}"
        self._chats: dict[int, asyncio.Task[None]] = {}
        self._unreached: dict[int, int] = {}
        """Chat → how often in a row Telegram was not reached for it."""

    async def run(self) -> None:
        """Deliver for ever."""
        await self._take_over()
        while True:
            if len(self._chats) >= _CHATS_AT_ONCE:
                await asyncio.wait(self._chats.values(), return_when=asyncio.FIRST_COMPLETED)
            try:
                due = await asyncio.to_thread(outbox.due, self._db, _BATCH, self._owner)
            except CasesError as error:
                _log.error("the outbox could not be read: %s", type(error).__name__)
                due = []
            self._begin(due)
            if not due:
                await asyncio.sleep(self._pause)

    async def drain(self) -> None:
        """Finish what is being sent: the bot is stopping."""
        if self._chats:
            await asyncio.wait(self._chats.values(), timeout=_DRAIN_SECONDS)
        for task in list(self._chats.values()):
            task.cancel()

    async def _take_over(self) -> None:
        """What a bot that was killed on this machine had in hand is due now, not when its lease is over."""
        try:
            for owner in await asyncio.to_thread(outbox.owners, self._db):
                if owner == self._owner or _is_dead(owner):
                    await asyncio.to_thread(outbox.release, self._db, owner)
        except CasesError as error:
            _log.error("nothing taken over, the leases end by themselves: %s", type(error).__name__)

    def _begin(self, due: Sequence[Outgoing]) -> None:
        chats: dict[int, list[Outgoing]] = defaultdict(list)
        for outgoing in due:
            chats[outgoing.chat_id].append(outgoing)
        for chat_id, waiting in chats.items():
            if chat_id not in self._chats:  # else the lease on it ended while it is still being sent
                self._chats[chat_id] = asyncio.create_task(self._deliver(chat_id, waiting))

    async def _deliver(self, chat_id: int, waiting: Sequence[Outgoing]) -> None:
        """Deliver to one chat, until something cannot be sent: nothing overtakes it."""
        begun = time.monotonic()
        try:
            for index, outgoing in enumerate(waiting):
                late = time.monotonic() - begun > _BEGIN_SECONDS
                with about(message=outgoing.id, **_subject(outgoing)):
                    after = timedelta() if late else await self._deliver_one(outgoing)
                if after is not None:
                    for held in waiting[index if late else index + 1 :]:
                        await asyncio.to_thread(outbox.postpone, self._db, held.id, after)
                    return
        except CasesError as error:
            _log.error("chat %d: leases not given back, they end by themselves: %s", chat_id, type(error).__name__)
        finally:
            del self._chats[chat_id]

    async def _deliver_one(self, outgoing: Outgoing) -> timedelta | None:
        """Send one message; how long to wait before trying again, or None when it is dealt with."""
        try:
            message_id = await self._show(outgoing)
        except (CaseNotFound, TurnNotFound):
            await self._drop(outgoing, "erased")
            return None
        except Forbidden:
            await self._drop(outgoing, outbox.BLOCKED)
            return None
        except Exception as error:
            return await self._failed(outgoing, error)
        self._unreached.pop(outgoing.chat_id, None)
        await self._ended(lambda: outbox.sent(self._db, outgoing.id, message_id))
        metrics.SENT.labels(outgoing.kind).inc()
        _log.info("%s sent", outgoing.kind)
        return None

    async def _drop(self, outgoing: Outgoing, reason: str) -> None:
        await self._ended(lambda: outbox.drop(self._db, outgoing.id, reason))
        metrics.DROPPED.labels(reason).inc()

    async def _failed(self, outgoing: Outgoing, error: Exception) -> timedelta | None:
        log_failure("message", outgoing.id, error)
        metrics.RETRIED.labels(outgoing.kind).inc()
        if is_transient(error):
            unreached = self._unreached.get(outgoing.chat_id, 0) + 1
            self._unreached[outgoing.chat_id] = unreached
            asked = seconds(error) + 1 if isinstance(error, RetryAfter) else 0.0
            after = max(_pause(unreached), timedelta(seconds=asked))
            await asyncio.to_thread(outbox.postpone, self._db, outgoing.id, after)
            return after
        if isinstance(error, BadRequest) or outgoing.attempts >= _TRIES:
            _log.error("message %d given up: %s", outgoing.id, type(error).__name__)
            return await self._ended(lambda: self._give_up(outgoing))
        after = _pause(outgoing.attempts)
        await asyncio.to_thread(outbox.retry, self._db, outgoing.id, after)
        return after

    def _give_up(self, outgoing: Outgoing) -> None:
        """The patient is not left alone: in the place of an answer that cannot be shown they are told so."""
        if apology := _APOLOGIES.get(outgoing.kind):
            outbox.put(self._db, outgoing.chat_id, "text", "", apology.encode(), dedupe=f"undelivered:{outgoing.id}")
        outbox.drop(self._db, outgoing.id, "refused")
        metrics.DROPPED.labels("refused").inc()

    async def _ended(self, write: Callable[[], None]) -> timedelta | None:
        """What was sent must be known as sent, or it is sent again: wait for the record as long as it takes. None."""
        pause = 0.5
        while True:
            try:
                await asyncio.to_thread(write)
                return None
            except CasesError as error:
                _log.error("a delivery could not be noted, again in %.0f s: %s", pause, type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(_LONGEST_PAUSE, pause * 2)

    async def _show(self, outgoing: Outgoing) -> int | None:
        match outgoing.kind:
            case "case":
                return await self._show_case(outgoing.reference)
            case "turn":
                turn = await asyncio.to_thread(conversation.turn, self._db, int(outgoing.reference))
                return await self._fill(outgoing, render_turn(turn, self._number))
            case "notice":
                case = await asyncio.to_thread(caseload.get, self._db, outgoing.reference)
                ready = message(texts.READY)
                return (await send(self._bot, case.chat_id, ready, case.status_message_id)).message_id
            case "overlay":
                case = await asyncio.to_thread(caseload.get, self._db, outgoing.reference)
                picture, words = outgoing.payload, caption(case)
                return (await send_photo(self._bot, case.chat_id, picture, words, case.status_message_id)).message_id
            case "text":
                text = message(escape(outgoing.payload.decode()))
                return (await send(self._bot, outgoing.chat_id, text)).message_id

    async def _fill(self, outgoing: Outgoing, answer: Message) -> int:
        """Put the answer into the message that stands in the chat for it, sent now if there is none."""
        standing = outgoing.message_id
        if standing is not None and await edit(self._bot, outgoing.chat_id, standing, answer):
            return standing
        sent = await send(self._bot, outgoing.chat_id, message(texts.THINKING))
        await asyncio.to_thread(outbox.place, self._db, outgoing.id, sent.message_id)
        await edit(self._bot, outgoing.chat_id, sent.message_id, answer)
        return sent.message_id

    async def _show_case(self, case_id: str) -> int | None:
        case = await self._cards.show(case_id)
        await asyncio.to_thread(self._note_shown, case)
        return case.status_message_id

    def _note_shown(self, case: Case) -> None:
        if case.status is CaseStatus.ADVISED:
            delivered = caseload.mark_delivered(self._db, case.id)
            # An edit makes no sound: the first answer, and a failure, are announced once.
            first = outbox.put(self._db, case.chat_id, "notice", case.id, dedupe=f"notice:{case.id}")
            if delivered and case.advice is not None:
                metrics.DELIVERED.labels(case.advice.triage.level.value).inc()
            if first:
                seconds_taken = (self._db.now() - case.created).total_seconds()
                metrics.ANSWER_SECONDS.labels("photo" if case.photo_ids else "words").observe(seconds_taken)
                _log.info("answered after %.1f s", seconds_taken)
        elif case.status is CaseStatus.FAILED:
            outbox.put(self._db, case.chat_id, "notice", case.id, dedupe=f"notice:{case.id}:failed")


def _subject(outgoing: Outgoing) -> dict[str, str | int]:
    """What a message is about, by its id."""
    match outgoing.kind:
        case "case" | "notice" | "overlay":
            return {"case": outgoing.reference}
        case "turn":
            return {"turn": int(outgoing.reference)}
        case _:
            return {}


def _pause(failures: int) -> timedelta:
    """Before the next try: doubling."""
    return timedelta(seconds=min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(failures - 1, 10)))


def _is_dead(owner: str) -> bool:
    """Whether `owner` is a process of this machine that has ended."""
    host, _, pid = owner.removeprefix("bot@").rpartition(":")
    if host != socket.gethostname() or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
