"""Writes the cards of submissions: whenever one stands otherwise than its messages show, they are written anew.

What is to be shown is in the library's database, so it does not matter which bot writes it or whether one was killed:
at most a spare card is left, whose buttons work as well.
"""

import asyncio
import contextlib
import logging
import os
import socket

from telegram import Bot
from telegram.error import BadRequest, Forbidden, TelegramError

from bot.guidelines import texts
from bot.guidelines.card_text import render_card
from bot.guidelines.desk import Desk, Opened
from bot.leasing import leased
from bot.message import Message, message
from bot.sending import edit, send
from cases.database import CaseDatabase
from cases.errors import CasesError, LeaseTaken
from knowledge import people, submission_cards
from knowledge.errors import KnowledgeError
from knowledge.submission_cards import Card
from worker.failures import log_failure

_log = logging.getLogger(__name__)

_LEASE, _LEASE_SECONDS = "library-cards", 30.0
"""Held by the bot that writes cards at the moment, so that no two send the same one."""
_AT_ONCE = 10
_LONGEST_PAUSE = 30.0


class SubmissionCards:
    """Keeps the cards of all submissions up to date."""

    def __init__(self, bot: Bot, db: CaseDatabase, desk: Desk, seconds: float) -> None:
        """`seconds`: pause between two looks; Telegram wants no more than an edit every 1.5 s."""
        self._bot = bot
        self._db = db
        self._desk = desk
        self._seconds = seconds
        self._owner = f"bot@{socket.gethostname()}:{os.getpid()}"
        self._news = asyncio.Event()

    def look(self) -> None:
        """Something was decided or received: look at once."""
        self._news.set()

    async def show(self, opened: Opened, submission: int, chat_id: int, reply_to: int | None = None) -> None:
        """Show the submission in this chat in a new message; the old one says so. Raises KnowledgeError."""
        engine = opened.library.engine
        before = await asyncio.to_thread(submission_cards.place, engine, submission, chat_id, reply_to)
        self.look()
        if before is not None:
            try:
                await edit(self._bot, chat_id, before, message(texts.MOVED))
            except TelegramError as error:
                _log.warning("old card of submission %d left as it is: %s", submission, type(error).__name__)

    async def run(self) -> None:
        """Look for ever; less often while the library is away."""
        pause = self._seconds
        while True:
            self._news.clear()
            try:
                await self._round()
                pause = self._seconds
            except (KnowledgeError, CasesError) as error:
                pause = min(_LONGEST_PAUSE, pause * 2)
                _log.error("cards of submissions not written, again in %.0f s: %s", pause, type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), pause)

    async def _round(self) -> None:
        opened = await asyncio.to_thread(self._desk.opened)
        if not await asyncio.to_thread(_to_write, opened):
            return
        with contextlib.suppress(LeaseTaken):
            async with leased(self._db, _LEASE, self._owner, _LEASE_SECONDS):
                for card in (await asyncio.to_thread(_to_write, opened))[:_AT_ONCE]:
                    await self._write(opened, card)

    async def _write(self, opened: Opened, card: Card) -> None:
        message_id = card.message_id
        try:
            text = await asyncio.to_thread(_rendered, opened, card)
            if text is None:
                return
            if message_id is None or not await edit(self._bot, card.chat_id, message_id, text):
                message_id = (await send(self._bot, card.chat_id, text, card.reply_to)).message_id
        except (Forbidden, BadRequest) as error:  # Blocked, or not to be shown at all: not again until it stands anew.
            log_failure("submission", card.submission, error)
        except TelegramError as error:
            _log.warning("card of submission %d not written yet: %s", card.submission, type(error).__name__)
            return
        await asyncio.to_thread(submission_cards.written, opened.library.engine, card, message_id)


def _to_write(opened: Opened) -> list[Card]:
    submission_cards.ask_approvers(opened.library.engine)
    return submission_cards.outdated(opened.library.engine)


def _rendered(opened: Opened, card: Card) -> Message | None:
    """The card's text; None where nobody on the list reads this chat any more."""
    engine = opened.library.engine
    viewer = people.find(engine, card.chat_id)
    if viewer is None:
        return None
    return render_card(opened.submissions.get(card.submission), viewer, people.allowed(engine))
