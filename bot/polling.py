"""The request by which a polling bot asks for updates: one that cannot be read does not hold up the others.

The library reads a whole batch at once and fails at the first update that is not in the shape it expects (a kind newer
or older than it knows); the batch would then come again for ever. Such an update is replaced by its bare id, so that
Telegram is told that it came and the rest is dealt with.
Source: core.telegram.org/bots/api#getupdates; `telegram.Bot.get_updates`.
"""

import json
import logging
from collections.abc import Callable
from typing import Any

from telegram.request import HTTPXRequest

from bot.errors import UpdateUnreadable
from bot.reading import update_of

_log = logging.getLogger(__name__)


_REFUSED = (401, 404)
"""What Telegram answers to a token it does not know; the library then asks no more, and says nothing."""


class ReadableUpdates(HTTPXRequest):
    """Telegram's answer, with the updates in it that the bot can read and the bare ids of the others."""

    def __init__(self, refused: Callable[[], None], **options: Any) -> None:
        """`refused` hears that Telegram does not know the token any more; `options` are the library's own."""
        super().__init__(**options)
        self._refused = refused

    async def do_request(self, *arguments: Any, **options: Any) -> tuple[int, bytes]:
        """The HTTP status and the body. Raises what the library's own request raises."""
        status, body = await super().do_request(*arguments, **options)
        if status in _REFUSED:
            self._refused()
        return status, readable(body) if status == 200 else body


def readable(body: bytes) -> bytes:
    """The answer of ``getUpdates``, each update in it that cannot be read cut to its id; any other body as it is."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(answer, dict) or not isinstance(answer.get("result"), list):
        return body
    updates = [kept for kept in map(_whole_or_bare, answer["result"]) if kept is not None]
    return json.dumps({**answer, "result": updates}).encode()


def _whole_or_bare(update: Any) -> Any:
    """The update, or its bare id, or None for what has none."""
    try:
        update_of(json.dumps(update).encode(), None)
    except UpdateUnreadable as error:
        number = update.get("update_id") if isinstance(update, dict) else None
        _log.error("update %s is passed over: %s", number, error)
        return {"update_id": number} if type(number) is int else None
    return update
