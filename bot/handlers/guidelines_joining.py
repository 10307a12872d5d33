"""A dermatologist follows an invitation: /start with a token that works once."""

import logging

from telegram import Bot, BotCommandScopeChat, Update
from telegram.error import TelegramError

from bot import texts as patients_texts
from bot.guidelines import texts
from bot.handlers.guidelines import told_why
from bot.handlers.incoming import incoming
from bot.message import escape, message
from bot.sending import send
from bot.services import Context, Services, in_thread, services_of
from knowledge import people
from knowledge.people import PREFIX

_log = logging.getLogger(__name__)


def is_invitation(words: str) -> bool:
    """Whether a message is what Telegram sends when somebody opens an invitation."""
    command, _, token = words.partition(" ")
    return command == "/start" and token.startswith(PREFIX)


async def join(update: Update, context: Context) -> None:
    """/start TOKEN. The token goes nowhere but into the look-up of its hash."""
    services = services_of(context)
    came, user = incoming(update), update.effective_user
    if user is None:
        return
    async with told_why(services, came.chat_id):
        text = await in_thread(_join, services, came.words.partition(" ")[2].strip(), user.id)
        await send(services.bot, came.chat_id, message(text))
        if await services.desk.dermatologist(update):
            await _announce(services.bot, came.chat_id)


def _join(services: Services, token: str, user_id: int) -> str:
    engine = services.desk.opened().library.engine
    if joined := people.join(engine, token, user_id):
        return texts.WELCOME.format(name=escape(joined.name))
    if known := people.find(engine, user_id):
        return texts.ON_THE_LIST_ALREADY.format(name=escape(known.name))
    return texts.INVITATION_OVER


async def _announce(bot: Bot, chat_id: int) -> None:
    """The command stands in this chat's menu, and in no other's."""
    try:
        await bot.set_my_commands([*patients_texts.COMMANDS, texts.COMMAND], scope=BotCommandScopeChat(chat_id))
    except TelegramError as error:
        _log.warning("menu of a dermatologist not set: %s", type(error).__name__)


async def take_menu_away(bot: Bot, chat_id: int) -> None:
    """Who is not on the list any more sees the menu that patients see."""
    try:
        await bot.delete_my_commands(scope=BotCommandScopeChat(chat_id))
    except TelegramError as error:
        _log.warning("menu of a chat not taken away: %s", type(error).__name__)
