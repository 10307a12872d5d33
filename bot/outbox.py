"""The outbox: sends what is due, in the bot's own event loop.

A message is marked as sent after Telegram took it, so a bot killed in between sends it twice rather than
never. The answer replaces the card by edit, which does no harm twice.
"""

import asyncio
import logging
import os
import socket
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from telegram import Bot
from telegram.error import BadRequest, Forbidden, RetryAfter, TelegramError

from bot import metrics, texts
from bot.cards import Cards
from bot.message import escape, message
from bot.pace import seconds
from bot.rendering import render_turn
from bot.sending import send
from cases import caseload, conversation, outbox
from cases.database import CaseDatabase
from cases.errors import CaseNotFound, CasesError, TurnNotFound
from cases.record import Case, CaseStatus, Outgoing
from logs import about

_log = logging.getLogger(__name__)

_BATCH = 30
_TRIES = 12
_LONGEST_PAUSE = 300


class Outbox:
    """Delivers outgoing messages: side by side for different chats, in order within one."""

    def __init__(self, bot: Bot, db: CaseDatabase, cards: Cards, number: str, pause: float) -> None:
        """`number`: the emergency number. `pause`: seconds between two looks when nothing was due."""
        self._bot = bot
        self._db = db
        self._cards = cards
        self._number = number
        self._pause = pause
        self._owner = f"bot@{socket.gethostname()}:{os.getpid()}"

    async def run(self) -> None:
        """Deliver for ever."""
        while True:
            try:
                delivered = await self.deliver()
            except CasesError as error:
                _log.error("the outbox could not be read: %s", type(error).__name__)
                delivered = 0
            if not delivered:
                await asyncio.sleep(self._pause)

    async def deliver(self) -> int:
        """Send what is due now; how many messages were due."""
        due = await asyncio.to_thread(outbox.due, self._db, _BATCH, self._owner)
        chats: dict[int, list[Outgoing]] = defaultdict(list)
        for outgoing in due:
            chats[outgoing.chat_id].append(outgoing)
        await asyncio.gather(*(self._deliver_chat(waiting) for waiting in chats.values()))
        return len(due)

    async def _deliver_chat(self, waiting: Sequence[Outgoing]) -> None:
        for index, outgoing in enumerate(waiting):
            with about(message=outgoing.id, **_subject(outgoing)):
                after = await self._deliver_one(outgoing)
            if after is None:
                continue
            metrics.RETRIED.labels(outgoing.kind).inc()
            for held in waiting[index:]:  # nothing overtakes what could not be sent
                await asyncio.to_thread(outbox.retry, self._db, held.id, after)
            return

    async def _deliver_one(self, outgoing: Outgoing) -> timedelta | None:
        """Send one message; how long to wait before trying again, or None when it is dealt with."""
        try:
            message_id = await self._show(outgoing)
        except (CaseNotFound, TurnNotFound):
            return await self._dropped(outgoing, "erased")
        except Forbidden:
            return await self._dropped(outgoing, "blocked")
        except RetryAfter as error:
            return timedelta(seconds=seconds(error) + 1)
        except BadRequest as error:
            _log.error("message %d refused by Telegram: %s", outgoing.id, type(error).__name__)
            return await self._dropped(outgoing, "refused")
        except (TelegramError, CasesError) as error:
            if outgoing.attempts >= _TRIES:
                _log.error("message %d given up: %s", outgoing.id, type(error).__name__)
                return await self._dropped(outgoing, "unreachable")
            return timedelta(seconds=min(_LONGEST_PAUSE, 2**outgoing.attempts))
        await asyncio.to_thread(outbox.sent, self._db, outgoing.id, message_id)
        metrics.SENT.labels(outgoing.kind).inc()
        _log.info("%s sent", outgoing.kind)
        return None

    async def _dropped(self, outgoing: Outgoing, reason: str) -> timedelta | None:
        await asyncio.to_thread(outbox.drop, self._db, outgoing.id, reason)
        metrics.DROPPED.labels(reason).inc()
        return None

    async def _show(self, outgoing: Outgoing) -> int | None:
        match outgoing.kind:
            case "case":
                return await self._show_case(outgoing.reference)
            case "turn":
                turn = await asyncio.to_thread(conversation.turn, self._db, int(outgoing.reference))
                return (await send(self._bot, outgoing.chat_id, render_turn(turn, self._number))).message_id
            case "notice":
                case = await asyncio.to_thread(caseload.get, self._db, outgoing.reference)
                ready = message(texts.READY)
                return (await send(self._bot, case.chat_id, ready, case.status_message_id)).message_id
            case "text":
                text = message(escape(outgoing.payload.decode()))
                return (await send(self._bot, outgoing.chat_id, text)).message_id

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
        case "case" | "notice":
            return {"case": outgoing.reference}
        case "turn":
            return {"turn": int(outgoing.reference)}
        case _:
            return {}
