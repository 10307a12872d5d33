"""A case was stored: its card is sent and its work queued, at the same time; neither waits for the other to succeed."""

import asyncio
import logging
from collections.abc import Callable

from telegram.error import TelegramError

from bot.services import Services, in_thread
from cases.errors import LeaseTaken
from logs import about

_log = logging.getLogger(__name__)


async def open_card(services: Services, case_id: str, reply_to: int, enqueue: Callable[[str], bool]) -> None:
    """Show the case, and hand it to the workers by `enqueue`. A card that Telegram does not take is drawn later."""
    services.progress.watch(case_id)
    with about(case=case_id):
        _log.info("case stored")
        await asyncio.gather(_show(services, case_id, reply_to), in_thread(enqueue, case_id))


async def _show(services: Services, case_id: str, reply_to: int) -> None:
    try:
        await services.cards.show(case_id, reply_to)
    except (TelegramError, LeaseTaken) as error:
        _log.warning("card of %s not sent yet: %s", case_id, type(error).__name__)
