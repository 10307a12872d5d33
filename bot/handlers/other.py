"""What is neither words nor a photo: one specific sentence each."""

from telegram import Message, Update

from bot import texts
from bot.handlers.incoming import incoming
from bot.handlers.words import answer_urgent
from bot.message import message
from bot.sending import send
from bot.services import Context, services_of

_KINDS = ("animation", "video", "voice", "audio", "sticker", "location", "contact", "document")


async def on_other(update: Update, context: Context) -> None:
    """A message the bot cannot use; an urgent caption is answered first."""
    services = services_of(context)
    came = incoming(update)
    await answer_urgent(services, came)
    await send(services.bot, came.chat_id, message(texts.UNSUPPORTED[_kind(came.message)]), came.message.message_id)


def _kind(sent: Message) -> str:
    if sent.video_note:
        return "video"
    return next((kind for kind in _KINDS if getattr(sent, kind)), "other")


async def on_unknown_command(update: Update, context: Context) -> None:
    """A command that does not exist."""
    services = services_of(context)
    came = incoming(update)
    await answer_urgent(services, came)
    await send(services.bot, came.chat_id, message(texts.UNKNOWN_COMMAND))
