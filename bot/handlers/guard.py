"""Before any handler: private chats only, and while the bot is closed only who is let in, dermatologists among them.
Urgent words are answered anyway.
"""

from telegram import Update
from telegram.constants import ChatType
from telegram.ext import ApplicationHandlerStop

from bot import texts
from bot.allow import is_allowed
from bot.handlers.guidelines_joining import is_invitation
from bot.handlers.incoming import incoming
from bot.message import escape, message
from bot.sending import send
from bot.services import Context, Services, in_thread, services_of
from bot.urgent import urgent_answer


async def guard(update: Update, context: Context) -> None:
    """Let the update through, or answer it and stop.

    Raises:
        ApplicationHandlerStop: no other handler may see it.
    """
    services = services_of(context)
    chat, user, said = update.effective_chat, update.effective_user, update.effective_message
    if chat is None:
        raise ApplicationHandlerStop
    if chat.type != ChatType.PRIVATE:
        if said and said.text and said.text.startswith("/"):
            await send(services.bot, chat.id, message(texts.PRIVATE_ONLY))
        raise ApplicationHandlerStop
    if is_allowed(services.settings, user.id if user else None) or await _keeps_the_library(services, update):
        return
    if update.message:
        _, urgent = await in_thread(urgent_answer, incoming(update).words, services.number)
        closed = message(texts.CLOSED_BOT.format(number=escape(services.number)))
        await send(services.bot, chat.id, urgent or closed)
    raise ApplicationHandlerStop


async def _keeps_the_library(services: Services, update: Update) -> bool:
    """Whether this is a dermatologist of the library's list, or somebody who may become one."""
    if update.message and is_invitation(incoming(update).words):
        return True
    return await services.desk.dermatologist(update) is not None
