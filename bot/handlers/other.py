"""What is neither words nor a photo: one specific sentence each."""

from telegram import Message, Update

from bot import texts
from bot.handlers.incoming import incoming
from bot.handlers.words import answer_urgent
from bot.message import message
from bot.sending import send
from bot.services import Context, services_of


async def on_other(update: Update, context: Context) -> None:
    """A message the bot cannot use: one sentence, and one for a whole album. An urgent caption is answered first."""
    services = services_of(context)
    came = incoming(update)
    await answer_urgent(services, came)
    kind = _kind(came.message)
    album = came.message.media_group_id or came.message.message_id
    if await services.once.first(came.chat_id, album, kind, source=came.source):
        await send(services.bot, came.chat_id, message(texts.UNSUPPORTED[kind]), came.message.message_id)


def _kind(sent: Message) -> str:
    """The key in `texts.UNSUPPORTED`; a venue is also a location, and an animation also a document."""
    return next((kind for kind in texts.UNSUPPORTED if getattr(sent, kind, None)), "other")


async def on_unknown_command(update: Update, context: Context) -> None:
    """A command that does not exist."""
    services = services_of(context)
    came = incoming(update)
    await answer_urgent(services, came)
    await send(services.bot, came.chat_id, message(texts.UNKNOWN_COMMAND))
