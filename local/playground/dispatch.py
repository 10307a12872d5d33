"""The Bot API's front: token, fault, method, answer (https://core.telegram.org/bots/api#making-requests)."""

from __future__ import annotations

import asyncio
import logging
import re
import sqlite3
from collections.abc import Awaitable, Callable

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from local.playground import editing, profile, sending, webhook
from local.playground.errors import BadRequest, BotApiError, Unauthorized, UnknownMethod
from local.playground.parameters import Parameters, read_parameters
from local.playground.playground import Playground

log = logging.getLogger(__name__)


async def get_updates(playground: Playground, parameters: Parameters) -> object:
    """getUpdates."""
    return await playground.updates.get(parameters)


METHODS: dict[str, Callable[[Playground, Parameters], Awaitable[object]]] = {
    "getUpdates": get_updates,
    "setWebhook": webhook.set_webhook,
    "deleteWebhook": webhook.delete_webhook,
    "getWebhookInfo": webhook.get_webhook_info,
    "getMe": profile.get_me,
    "logOut": profile.agree,
    "close": profile.agree,
    "sendMessage": sending.send_message,
    "sendPhoto": sending.send_photo,
    "sendDocument": sending.send_document,
    "sendMediaGroup": sending.send_media_group,
    "sendMessageDraft": sending.send_message_draft,
    "sendChatAction": sending.send_chat_action,
    "editMessageText": editing.edit_message_text,
    "editMessageCaption": editing.edit_message_caption,
    "editMessageMedia": editing.edit_message_media,
    "editMessageReplyMarkup": editing.edit_message_reply_markup,
    "deleteMessage": editing.delete_message,
    "deleteMessages": editing.delete_messages,
    "setMessageReaction": editing.set_message_reaction,
    "answerCallbackQuery": editing.answer_callback_query,
    "getFile": editing.get_file,
    "getChat": profile.get_chat,
    "setMyCommands": profile.set_my_commands,
    "getMyCommands": profile.get_my_commands,
    "deleteMyCommands": profile.delete_my_commands,
    "setMyName": profile.set_my_name,
    "getMyName": profile.get_my_name,
    "setMyDescription": profile.set_my_description,
    "getMyDescription": profile.get_my_description,
    "setMyShortDescription": profile.set_my_short_description,
    "getMyShortDescription": profile.get_my_short_description,
    "setChatMenuButton": profile.set_chat_menu_button,
    "getChatMenuButton": profile.get_chat_menu_button,
}
_BY_LOWER_NAME = {name.lower(): name for name in METHODS}  # Telegram's method names ignore case


async def call(playground: Playground, method: str, parameters: Parameters) -> object:
    """Do one call of the Bot API, unless a fault hits it.

    Raises:
        BotApiError: as Telegram would answer.
    """
    name = _BY_LOWER_NAME.get(method.lower())
    if name is None:
        raise UnknownMethod("Not Found: method not found")
    chat_text = parameters.text("chat_id")
    chat_id = int(chat_text) if re.fullmatch(r"-?\d{1,18}", chat_text) else None
    fault = playground.faults.take(name, chat_id)
    error = None
    if fault is not None:
        await asyncio.sleep(fault.delay)
        error = fault.as_error()
        if error is not None and fault.when == "before":
            raise error
    try:
        result = await METHODS[name](playground, parameters)
    except sqlite3.IntegrityError:
        # The patient deleted the chat while a file was being written.
        raise BadRequest("chat not found") from None
    if error is not None:
        raise error
    return result


def check_token(playground: Playground, token: str) -> None:
    """Refuse a token that is not the bot's.

    Raises:
        UnknownMethod: it does not even look like a token.
        Unauthorized: it is another bot's.
    """
    if not re.fullmatch(r"\d+:.+", token):
        raise UnknownMethod("Not Found")
    if not playground.token_fits(token):
        raise Unauthorized("Unauthorized")


def failed(error: BotApiError) -> JSONResponse:
    """An unsuccessful answer."""
    body: dict[str, object] = {"ok": False, "error_code": error.code, "description": error.description}
    if error.parameters:
        body["parameters"] = error.parameters
    return JSONResponse(body, status_code=error.code)


def bot_api(playground: Playground) -> APIRouter:
    """The routes `/bot<token>/<method>` and `/file/bot<token>/<path>`."""
    router = APIRouter()

    @router.api_route("/bot{token}/{method}", methods=["GET", "POST"])
    async def method_call(token: str, method: str, request: Request) -> JSONResponse:
        try:
            check_token(playground, token)
            result = await call(playground, method, await read_parameters(request))
        except BotApiError as error:
            return failed(error)
        return JSONResponse({"ok": True, "result": result})

    @router.get("/file/bot{token}/{path:path}")
    async def download(token: str, path: str) -> Response:
        try:
            check_token(playground, token)
        except BotApiError as error:
            return failed(error)
        stored = playground.store.file(path=path)
        content = None if stored is None else await to_thread.run_sync(playground.files.content, stored)
        if content is None:
            return failed(UnknownMethod("Not Found"))
        return Response(content, media_type="application/octet-stream")

    return router
