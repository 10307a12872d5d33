"""What the record reads of a Telegram update: whose chat it is, and which message stands in it.

Source: core.telegram.org/bots/api#update (each update has one field besides its id: the event).
"""

import json
from typing import Any


def chat_of(payload: bytes) -> int | None:
    """The chat of an update as JSON: of its message, of the message a button hangs on, or of who sent it."""
    for event in _events(payload):
        message = _fields(event.get("message")) or event
        chat_id = _fields(message.get("chat") or event.get("from")).get("id")
        if isinstance(chat_id, int):
            return chat_id
    return None


def message_of(payload: bytes) -> tuple[int, int] | None:
    """Chat and number of the message that the update brings, or whose button was pressed."""
    for event in _events(payload):
        message = _fields(event.get("message")) or event
        chat_id, message_id = _fields(message.get("chat")).get("id"), message.get("message_id")
        if isinstance(chat_id, int) and isinstance(message_id, int):
            return chat_id, message_id
    return None


def _events(payload: bytes) -> list[dict[str, Any]]:
    try:
        parsed = json.loads(payload)
    except ValueError:
        return []
    return [_fields(event) for event in _fields(parsed).values()]


def _fields(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
