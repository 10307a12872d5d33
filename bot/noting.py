"""Notes the number of every message the bot sends, so that `/forget` can have it deleted from the chat."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from telegram.error import InvalidToken

from bot.pace import Pace
from cases import messages
from cases.database import CaseDatabase
from cases.errors import CasesError

_log = logging.getLogger(__name__)


class NotingPace(Pace):
    """The pace, which every call passes through, and the place where each call's answer is seen."""

    def __init__(self, db: CaseDatabase, refused: Callable[[], None]) -> None:
        """Notes in `db`; `refused` hears that Telegram does not know the token any more."""
        super().__init__()
        self._db = db
        self._refused = refused

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, bool | dict[str, Any] | list[dict[str, Any]]]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: int | None,
    ) -> bool | dict[str, Any] | list[dict[str, Any]]:
        """Make the call when its turn comes, then note what it put into the chat. Raises what the pace raises."""
        try:
            result = await super().process_request(callback, args, kwargs, endpoint, data, rate_limit_args)
        except InvalidToken as error:
            if "Unauthorized" in error.message:  # not a 404, which may be of this one call
                self._refused()
            raise
        sent = result if isinstance(result, list) else [result]
        numbers = [each["message_id"] for each in sent if isinstance(each, dict) and "message_id" in each]
        if endpoint.startswith("send") and numbers:
            try:
                await asyncio.to_thread(messages.note, self._db, int(data["chat_id"]), numbers)
            except CasesError as error:
                # It is sent: to fail now would send it twice. `/forget` will leave it in the chat, at worst.
                _log.error("message %s not noted: %s", numbers, type(error).__name__)
        return result
