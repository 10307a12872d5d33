"""Sending and editing one message, with what Telegram's refusals mean.

HTML that Telegram cannot parse is sent again as plain text; an edit that changes nothing counts as done.
"""

import logging

from telegram import Bot, CallbackQuery, LinkPreviewOptions, ReplyParameters
from telegram import Message as Sent
from telegram.constants import ParseMode
from telegram.error import BadRequest

from bot.message import Message

_log = logging.getLogger(__name__)

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


async def send(bot: Bot, chat_id: int, message: Message, reply_to: int | None = None) -> Sent:
    """Send `message`; as an answer to the message `reply_to` where that still exists.

    Raises:
        TelegramError: it could not be sent.
    """
    reply = _reply(reply_to)
    try:
        return await bot.send_message(
            chat_id,
            message.text,
            parse_mode=ParseMode.HTML,
            reply_markup=message.keyboard,
            reply_parameters=reply,
            link_preview_options=_NO_PREVIEW,
        )
    except BadRequest as error:
        if not _is_markup(error):
            raise
        _log.error("Telegram could not parse our HTML in chat %d; sent as plain text", chat_id)
        return await bot.send_message(
            chat_id,
            message.plain,
            reply_markup=message.keyboard,
            reply_parameters=reply,
            link_preview_options=_NO_PREVIEW,
        )


async def send_photo(bot: Bot, chat_id: int, jpeg: bytes, caption: str, reply_to: int | None = None) -> Sent:
    """Send a picture with its caption in HTML; as an answer to the message `reply_to` where that still exists.

    Raises:
        TelegramError: it could not be sent.
    """
    return await bot.send_photo(
        chat_id, jpeg, caption, parse_mode=ParseMode.HTML, reply_parameters=_reply(reply_to), filename="looked-at.jpg"
    )


def _reply(reply_to: int | None) -> ReplyParameters | None:
    return ReplyParameters(reply_to, allow_sending_without_reply=True) if reply_to is not None else None


async def edit(bot: Bot, chat_id: int, message_id: int, message: Message) -> bool:
    """Make the message `message_id` read like `message`; False: it is gone or can't be edited, send a new
    one.

    Raises:
        TelegramError: it could not be edited for another reason.
    """
    try:
        await _edit_text(bot, chat_id, message_id, message, message.text, ParseMode.HTML)
    except BadRequest as error:
        if _is_unchanged(error):
            return True
        if _is_gone(error):
            return False
        if not _is_markup(error):
            raise
        _log.error("Telegram could not parse our HTML in chat %d; sent as plain text", chat_id)
        await _edit_text(bot, chat_id, message_id, message, message.plain, None)
    return True


async def acknowledge(query: CallbackQuery, note: str) -> None:
    """Answer the press of a button, with a note that is shown for a moment, or without."""
    try:
        await query.answer(note or None)
    except BadRequest:
        return  # pressed too long ago: Telegram wants no answer any more


async def _edit_text(
    bot: Bot, chat_id: int, message_id: int, message: Message, text: str, parse_mode: str | None
) -> None:
    await bot.edit_message_text(
        text,
        chat_id,
        message_id,
        parse_mode=parse_mode,
        reply_markup=message.keyboard,
        link_preview_options=_NO_PREVIEW,
    )


def _is_unchanged(error: BadRequest) -> bool:
    return "message is not modified" in error.message.lower()


def _is_gone(error: BadRequest) -> bool:
    text = error.message.lower()
    return "message to edit not found" in text or "message can't be edited" in text or "message_id_invalid" in text


def _is_markup(error: BadRequest) -> bool:
    return "can't parse entities" in error.message.lower()
