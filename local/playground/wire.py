"""The objects that travel: users, chats and messages in Telegram's JSON (https://core.telegram.org/bots/api)."""

from __future__ import annotations

import time
from typing import Any

Json = dict[str, Any]

UPDATE_KINDS = (
    "message",
    "edited_message",
    "callback_query",
    "my_chat_member",
    "message_reaction",
)
# Telegram sends these only to bots that ask for them by name.
KINDS_ONLY_ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


def utf16_length(text: str) -> int:
    """Length of `text` in UTF-16 code units, the unit of Telegram's entity offsets and limits."""
    return len(text) + sum(1 for character in text if ord(character) > 0xFFFF)


def now() -> int:
    """Unix time in whole seconds."""
    return int(time.time())


def bot_user(token: str, name: str, username: str) -> Json:
    """The bot as a `User`; its id is the part of the token before the colon."""
    return {"id": int(token.split(":", 1)[0]), "is_bot": True, "first_name": name, "username": username}


def file_ids(value: object) -> set[str]:
    """The ids of all files that a message or an update carries."""
    if isinstance(value, list):
        return {file_id for item in value for file_id in file_ids(item)}
    if not isinstance(value, dict):
        return set()
    own = {value["file_id"]} if isinstance(value.get("file_id"), str) else set()
    return own | file_ids(list(value.values()))


def private_chat(user: Json) -> Json:
    """The `Chat` between the bot and `user`; in private chats both have the same id."""
    chat: Json = {"id": user["id"], "type": "private"}
    for field in ("first_name", "last_name", "username"):
        if user.get(field):
            chat[field] = user[field]
    return chat
