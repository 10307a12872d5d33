"""Reply markup: which keyboards a bot may attach to a message."""

from __future__ import annotations

from local.playground.entities import checked_url
from local.playground.errors import BadRequest
from local.playground.wire import Json

CALLBACK_DATA_BYTES = 64
BUTTONS = 100
_ACTIONS = (
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
)


def inline_keyboard(markup: object) -> Json | None:
    """The inline keyboard of `reply_markup`, or None where there is none.

    Reply keyboards, their removal and forced replies are accepted and shown nowhere: they are no part of the
    message that Telegram returns.

    Raises:
        BadRequest: malformed markup, a button without text or action, callback data over 64 bytes.
    """
    if markup is None or markup == "":
        return None
    if not isinstance(markup, dict):
        raise BadRequest("object expected as reply markup")
    if "inline_keyboard" not in markup:
        return None
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise BadRequest('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    checked = [[_button(button) for button in row] for row in rows if row]
    if sum(len(row) for row in checked) > BUTTONS:
        raise BadRequest("REPLY_MARKUP_TOO_LONG")
    return {"inline_keyboard": checked} if checked else None


def _button(button: object) -> Json:
    if not isinstance(button, dict):
        raise BadRequest("can't parse inline keyboard button: expected an Object")
    if not str(button.get("text", "")).strip():
        raise BadRequest("can't parse inline keyboard button: Button text must be non-empty")
    actions = [action for action in _ACTIONS if action in button]
    if not actions:
        raise BadRequest("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if "callback_data" in button and not 1 <= len(str(button["callback_data"]).encode()) <= CALLBACK_DATA_BYTES:
        raise BadRequest("BUTTON_DATA_INVALID")
    if "url" in button:
        url = checked_url(str(button["url"]))
        if url is None:
            raise BadRequest(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")
        button = {**button, "url": url}
    return dict(button)
