"""An update from the JSON that Telegram sent."""

import json

from telegram import Bot, Update

from bot.errors import UpdateUnreadable


def update_of(payload: bytes, bot: Bot | None) -> Update:
    """The update in `payload`; its answers go through `bot`.

    Raises:
        UpdateUnreadable: it is no JSON, or not in the shape of an update.
    """
    try:
        body = json.loads(payload)
        if isinstance(body, dict) and type(body.get("update_id")) is int:
            return Update.de_json(body, bot)
    except (TypeError, KeyError, AttributeError, ValueError, OverflowError, OSError, RecursionError) as error:
        # The library checks nothing: it fails wherever it meets what it did not expect.
        raise UpdateUnreadable(f"An update of {len(payload)} bytes is not readable: {type(error).__name__}.") from None
    raise UpdateUnreadable(f"What came ({len(payload)} bytes) is no update.")
