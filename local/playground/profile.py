"""The methods about the bot itself and its chats: names, descriptions, commands, the menu button, getChat."""

from __future__ import annotations

import json
import re

from local.playground.errors import BadRequest
from local.playground.parameters import Parameters
from local.playground.playground import Playground
from local.playground.store import Chat
from local.playground.wire import Json, private_chat

COMMANDS = 100
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_TEXTS = {"name": 64, "description": 512, "short_description": 120}


async def get_me(playground: Playground, parameters: Parameters) -> Json:
    """getMe."""
    abilities = {
        "can_join_groups": False,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }
    return {**playground.bot(), **abilities}


async def agree(playground: Playground, parameters: Parameters) -> bool:
    """logOut and close: there is no other server to move to, so nothing is to be done."""
    return True


def _commands_key(scope: Json | None, language: str) -> str:
    return f"commands:{json.dumps(scope or {'type': 'default'}, sort_keys=True)}:{language}"


async def set_my_commands(playground: Playground, parameters: Parameters) -> bool:
    """setMyCommands, per scope and language."""
    commands = []
    for item in parameters.sequence("commands") or []:
        name = str(item.get("command", "")).removeprefix("/") if isinstance(item, dict) else ""
        description = str(item.get("description", "")) if isinstance(item, dict) else ""
        if not _COMMAND.fullmatch(name):
            raise BadRequest("BOT_COMMAND_INVALID")
        if not 1 <= len(description) <= 256:
            raise BadRequest("BOT_COMMAND_DESCRIPTION_INVALID")
        commands.append({"command": name, "description": description})
    if len(commands) > COMMANDS:
        raise BadRequest("BOT_COMMANDS_TOO_MUCH")
    key = _commands_key(parameters.mapping("scope"), parameters.text("language_code"))
    playground.store.set_profile(key, {"commands": commands} if commands else None)
    playground.events.publish_everywhere("profile", {})
    return True


async def get_my_commands(playground: Playground, parameters: Parameters) -> list[Json]:
    """getMyCommands of exactly one scope and language."""
    key = _commands_key(parameters.mapping("scope"), parameters.text("language_code"))
    return list((playground.store.profile(key) or {}).get("commands", []))


async def delete_my_commands(playground: Playground, parameters: Parameters) -> bool:
    """deleteMyCommands of exactly one scope and language."""
    key = _commands_key(parameters.mapping("scope"), parameters.text("language_code"))
    playground.store.set_profile(key, None)
    playground.events.publish_everywhere("profile", {})
    return True


def commands_shown_in(playground: Playground, chat: Chat) -> list[Json]:
    """The commands a patient sees: the narrowest scope wins, then their language
    (https://core.telegram.org/bots/api#determining-list-of-commands).
    """
    scopes: list[Json] = [
        {"type": "chat", "chat_id": chat.chat_id},
        {"type": "all_private_chats"},
        {"type": "default"},
    ]
    for scope in scopes:
        for language in (str(chat.user.get("language_code", "")), ""):
            if found := playground.store.profile(_commands_key(scope, language)):
                return list(found["commands"])
    return []


async def _set_text(playground: Playground, parameters: Parameters, field: str) -> bool:
    text, language = parameters.text(field), parameters.text("language_code")
    if len(text) > _TEXTS[field]:
        raise BadRequest(f"{field.replace('_', ' ')} is too long")
    playground.store.set_profile(f"{field}:{language}", {field: text} if text else None)
    playground.events.publish_everywhere("profile", {})
    return True


def text_shown_in(playground: Playground, language: str, field: str) -> str:
    """The bot's description or short description in a language, or in none."""
    for key in (f"{field}:{language}", f"{field}:"):
        if found := playground.store.profile(key):
            return str(found[field])
    return ""


async def set_my_name(playground: Playground, parameters: Parameters) -> bool:
    """setMyName."""
    return await _set_text(playground, parameters, "name")


async def get_my_name(playground: Playground, parameters: Parameters) -> Json:
    """getMyName."""
    name = text_shown_in(playground, parameters.text("language_code"), "name")
    return {"name": name or playground.settings.name}


async def set_my_description(playground: Playground, parameters: Parameters) -> bool:
    """setMyDescription: what an empty chat shows."""
    return await _set_text(playground, parameters, "description")


async def get_my_description(playground: Playground, parameters: Parameters) -> Json:
    """getMyDescription."""
    return {"description": text_shown_in(playground, parameters.text("language_code"), "description")}


async def set_my_short_description(playground: Playground, parameters: Parameters) -> bool:
    """setMyShortDescription."""
    return await _set_text(playground, parameters, "short_description")


async def get_my_short_description(playground: Playground, parameters: Parameters) -> Json:
    """getMyShortDescription."""
    return {"short_description": text_shown_in(playground, parameters.text("language_code"), "short_description")}


async def set_chat_menu_button(playground: Playground, parameters: Parameters) -> bool:
    """setChatMenuButton, for one chat or for all."""
    button = parameters.mapping("menu_button") or {"type": "default"}
    if button.get("type") not in ("commands", "default", "web_app"):
        raise BadRequest("unsupported menu button type")
    chat = str(playground.known_chat(parameters).chat_id) if parameters.text("chat_id") else ""
    playground.store.set_profile(f"menu_button:{chat}", button)
    return True


async def get_chat_menu_button(playground: Playground, parameters: Parameters) -> Json:
    """getChatMenuButton."""
    chat = str(playground.known_chat(parameters).chat_id) if parameters.text("chat_id") else ""
    return playground.store.profile(f"menu_button:{chat}") or {"type": "default" if chat else "commands"}


async def get_chat(playground: Playground, parameters: Parameters) -> Json:
    """getChat: a `ChatFullInfo`."""
    chat = playground.known_chat(parameters)
    gifts = (
        "unlimited_gifts",
        "limited_gifts",
        "unique_gifts",
        "premium_subscription",
        "gifts_from_channels",
    )
    return {
        **private_chat(chat.user),
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(gifts, False),
    }
