"""Deletes what stands in a chat, both sides of it, as far as a bot may: in Telegram the last 48 hours."""

import logging

from telegram.error import TelegramError

from bot.services import Services, in_thread
from cases import messages

_log = logging.getLogger(__name__)

_AT_ONCE = 100
"""Source: core.telegram.org/bots/api#deletemessages."""


async def empty_chat(services: Services, chat_id: int) -> bool:
    """Delete every message known to stand in the chat; whether all of them could be.

    The playground has no limit of 48 hours, and keeps no copy of what is deleted.
    """
    within = None if services.settings.uses_playground else messages.DELETABLE
    numbers = await in_thread(messages.of_chat, services.db, chat_id, within)
    complete = True
    for start in range(0, len(numbers), _AT_ONCE):
        try:
            await services.bot.delete_messages(chat_id, numbers[start : start + _AT_ONCE])
        except TelegramError as error:
            # The record must be erased all the same; the patient is told what is left.
            _log.warning("messages of chat %d not deleted: %s", chat_id, type(error).__name__)
            complete = False
    return complete
