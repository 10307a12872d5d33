"""The card of a case: its one message in the chat, edited as the case moves on.

Whoever changes a case calls `show`, which draws the newest snapshot; so it does not matter who comes first or twice. An
answer always comes by edit of a message whose id is stored, so that a bot killed at any point leaves at most a spare
"here is your answer", never two answers.
"""

import asyncio
import logging
from collections import OrderedDict

from telegram import Bot
from telegram.error import TelegramError

from bot import texts
from bot.leasing import leased
from bot.message import Message, message
from bot.rendering import render_case
from bot.sending import edit, send
from bot.transient import is_unanswered
from cases import caseload, leases
from cases.database import CaseDatabase
from cases.errors import CasesError
from cases.record import Case, CaseStatus

_log = logging.getLogger(__name__)

_REMEMBERED = 1000
_ROUNDS = 3
"""How often a card is drawn anew in one call while its case changes."""
_SENDING_SECONDS = 15.0
"""For which no other bot sends the first card of a case."""
_LATE_SECONDS = 60.0
"""An edit that Telegram did not answer may come through so much later, over a newer one: the card is drawn again."""


class Cards:
    """Shows cases in their chats."""

    def __init__(self, bot: Bot, db: CaseDatabase, number: str) -> None:
        """`number`: the emergency number."""
        self._bot = bot
        self._db = db
        self._number = number
        self._locks: OrderedDict[str, asyncio.Lock] = OrderedDict()
        self._shown: OrderedDict[str, Message] = OrderedDict()
        self._doubtful: dict[str, asyncio.Task[None]] = {}

    async def show(self, case_id: str, reply_to: int | None = None, *, asking_danger: bool = False) -> Case:
        """Send or edit the card of a case; the case as it was drawn.

        Raises:
            CaseNotFound: it was erased.
            LeaseTaken: another bot is about to send it.
            TelegramError: it could not be sent.
        """
        async with self._lock(case_id):
            case, card = await self._drawn(case_id, asking_danger)
            for _ in range(_ROUNDS):
                await self._put(case, card, reply_to)
                drawn = case
                # Another bot may have drawn a newer one meanwhile, and this one have come after it.
                case, newer = await self._drawn(case_id, asking_danger)
                if newer == card:
                    break
                card = newer
            return drawn

    async def show_again(self, case: Case, press: str, reply_to: int | None = None) -> None:
        """Send the card once more at the end of the chat, once for this `press`; it is edited there from now on."""
        async with self._lock(case.id):
            if not await asyncio.to_thread(caseload.was_pressed, self._db, case.id, press):
                card = render_case(case, 0, self._number)
                await self._send(case, card, reply_to, press)
                self._remember(case.id, card)
                return
            self._shown.pop(case.id, None)
        await self.show(case.id)  # it was sent, but perhaps not filled

    def close(self) -> None:
        """Draw nothing more: the bot is stopping."""
        for task in self._doubtful.values():
            task.cancel()

    async def _drawn(self, case_id: str, asking_danger: bool) -> tuple[Case, Message]:
        case, place = await asyncio.to_thread(self._snapshot, case_id)
        return case, render_case(case, place, self._number, asking_danger=asking_danger)

    async def _put(self, case: Case, card: Message, reply_to: int | None) -> None:
        standing = case.status_message_id
        if standing is not None and self._shown.get(case.id) == card:
            return
        if standing is None:
            await self._send_first(case, card, reply_to)
        elif not await self._edit(case, standing, card):
            await self._send(case, card, reply_to)
        self._remember(case.id, card)

    async def _send_first(self, case: Case, card: Message, reply_to: int | None) -> None:
        """One bot of several sends it. Raises LeaseTaken where another one is about to."""
        async with leased(self._db, leases.card_lease_name(case.id), "card", _SENDING_SECONDS):
            sent = (await asyncio.to_thread(caseload.get, self._db, case.id)).status_message_id
            if sent is None or not await self._edit(case, sent, card):
                await self._send(case, card, reply_to)

    async def _send(self, case: Case, card: Message, reply_to: int | None, press: str | None = None) -> None:
        answers = case.advice is not None or case.status is CaseStatus.FAILED
        sent = await send(self._bot, case.chat_id, message(texts.HERE_IT_COMES) if answers else card, reply_to)
        await asyncio.to_thread(caseload.set_status_message, self._db, case.id, sent.message_id, press)
        if answers:
            await self._edit(case, sent.message_id, card)

    async def _edit(self, case: Case, message_id: int, card: Message) -> bool:
        try:
            return await edit(self._bot, case.chat_id, message_id, card)
        except TelegramError as error:
            self._shown.pop(case.id, None)
            if is_unanswered(error) and case.id not in self._doubtful:
                self._doubtful[case.id] = asyncio.create_task(self._show_once_more(case.id))
            raise

    async def _show_once_more(self, case_id: str) -> None:
        await asyncio.sleep(_LATE_SECONDS)
        del self._doubtful[case_id]
        self._shown.pop(case_id, None)
        try:
            await self.show(case_id)
        except (CasesError, TelegramError) as error:
            _log.warning("card of %s not drawn once more: %s", case_id, type(error).__name__)

    def _snapshot(self, case_id: str) -> tuple[Case, int]:
        case = caseload.get(self._db, case_id)
        place = caseload.queue_place(self._db, case_id) if case.status is CaseStatus.RECEIVED else 0
        return case, place

    def _lock(self, case_id: str) -> asyncio.Lock:
        lock = self._locks.setdefault(case_id, asyncio.Lock())
        self._locks.move_to_end(case_id)
        while len(self._locks) > _REMEMBERED and not next(iter(self._locks.values())).locked():
            self._locks.popitem(last=False)
        return lock

    def _remember(self, case_id: str, card: Message) -> None:
        self._shown[case_id] = card
        self._shown.move_to_end(case_id)
        if len(self._shown) > _REMEMBERED:
            self._shown.popitem(last=False)
