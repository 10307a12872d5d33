"""The card of a case: its one message in the chat, edited as the case moves on.

Whoever changes a case calls `show`, which draws the newest snapshot; so it does not matter who comes first or
twice.
"""

import asyncio
from collections import OrderedDict

from telegram import Bot

from bot.message import Message
from bot.rendering import render_case
from bot.sending import edit, send
from cases import caseload
from cases.database import CaseDatabase
from cases.record import Case, CaseStatus

_REMEMBERED = 1000


class Cards:
    """Shows cases in their chats."""

    def __init__(self, bot: Bot, db: CaseDatabase, number: str) -> None:
        """`number`: the emergency number."""
        self._bot = bot
        self._db = db
        self._number = number
        self._locks: OrderedDict[str, asyncio.Lock] = OrderedDict()
        self._shown: OrderedDict[str, Message] = OrderedDict()

    async def show(self, case_id: str, reply_to: int | None = None, *, asking_danger: bool = False) -> Case:
        """Send or edit the card of a case; the case as it was drawn.

        Raises:
            CaseNotFound: it was erased.
            TelegramError: it could not be sent.
        """
        async with self._lock(case_id):
            case, place = await asyncio.to_thread(self._snapshot, case_id)
            card = render_case(case, place, self._number, asking_danger=asking_danger)
            if case.status_message_id is None or (
                self._shown.get(case_id) != card
                and not await edit(self._bot, case.chat_id, case.status_message_id, card)
            ):
                await self._send(case, card, reply_to)
            self._remember(case_id, card)
            return case

    async def show_again(self, case: Case, reply_to: int | None = None) -> None:
        """Send the card once more at the end of the chat; it is edited there from now on."""
        async with self._lock(case.id):
            card = render_case(case, 0, self._number)
            await self._send(case, card, reply_to)
            self._remember(case.id, card)

    async def _send(self, case: Case, card: Message, reply_to: int | None) -> None:
        sent = await send(self._bot, case.chat_id, card, reply_to)
        await asyncio.to_thread(caseload.set_status_message, self._db, case.id, sent.message_id)

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
