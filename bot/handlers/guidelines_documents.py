"""A document in the chat: a dermatologist's goes into the library's queue, anybody else gets the usual sentence."""

from telegram import Update

from bot.errors import PhotoNotFetched, PhotoRefused
from bot.fetching import fetch
from bot.guidelines import texts
from bot.guidelines.captions import CaptionInvalid, details_of
from bot.handlers.guidelines import told_why
from bot.handlers.incoming import Incoming, incoming
from bot.handlers.other import on_other
from bot.handlers.words import on_words
from bot.message import escape, message
from bot.sending import send
from bot.services import Context, Services, in_thread, services_of
from knowledge import submission_cards
from knowledge.people import Dermatologist
from knowledge.submission import Details
from worker.enqueue import enqueue_read


async def on_document(update: Update, context: Context) -> None:
    """A file that is no picture."""
    services = services_of(context)
    person = await services.desk.dermatologist(update)
    if person is None:
        await on_other(update, context)
        return
    came = incoming(update)
    try:
        details = details_of(came.message.caption or "")
        content = await fetch(services.bot, came.message)
    except CaptionInvalid as invalid:
        await _say(services, came, texts.CAPTION_INVALID.format(why=escape(str(invalid))))
    except PhotoRefused:
        await _say(services, came, texts.TOO_HEAVY)
    except PhotoNotFetched:
        await _say(services, came, texts.NOT_FETCHED)
    else:
        await _receive(services, came, person, content, details)


async def _receive(services: Services, came: Incoming, person: Dermatologist, content: bytes, details: Details) -> None:
    """Keep the file, give it a card in this chat, and have it read."""
    document = came.message.document
    assert document is not None
    async with told_why(services, came.chat_id, came.message.message_id):
        opened = await in_thread(services.desk.opened)
        name = document.file_name or "document"
        number = await in_thread(opened.submissions.receive, content, name, person.name, details)
        await services.submission_cards.show(opened, number, came.chat_id, came.message.message_id)
        await in_thread(enqueue_read, number)


async def on_reply(update: Update, context: Context) -> None:
    """Words in reply to a card say what its caption should have said; all other replies are a patient's words."""
    services = services_of(context)
    came = incoming(update)
    replied = came.message.reply_to_message
    shown = replied.text if replied else None
    person = await services.desk.dermatologist(update) if (shown or "").startswith(texts.CARD_MARK) else None
    number = await _submission_of(services, came) if person else None
    if person is None or number is None:
        await on_words(update, context)
        return
    async with told_why(services, came.chat_id, came.message.message_id):
        opened = await in_thread(services.desk.opened)
        before = await in_thread(opened.submissions.get, number)
        try:
            details = details_of(came.words, before.details)
        except CaptionInvalid as invalid:
            await _say(services, came, texts.REPLY_INVALID.format(why=escape(str(invalid))))
            return
        await in_thread(opened.submissions.amend, number, person.name, details)
        services.submission_cards.look()
        await in_thread(enqueue_read, number)
        await _say(services, came, texts.AMENDED)


async def _submission_of(services: Services, came: Incoming) -> int | None:
    """The submission whose card is replied to."""
    replied = came.message.reply_to_message
    assert replied is not None
    opened = await in_thread(services.desk.opened)
    return await in_thread(submission_cards.shown_by, opened.library.engine, came.chat_id, replied.message_id)


async def _say(services: Services, came: Incoming, text: str) -> None:
    await send(services.bot, came.chat_id, message(text), came.message.message_id)
