"""The application of python-telegram-bot, put together: inbox, order, pace, handlers.

Run: ``python -m bot``
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from telegram import Update
from telegram.error import InvalidToken, TelegramError
from telegram.ext import (
    Application,
    ApplicationBuilder,
    CallbackQueryHandler,
    CommandHandler,
    MessageHandler,
    TypeHandler,
    filters,
)

from bot import webhook
from bot.albums import Album, Albums
from bot.attempts import Attempts
from bot.cards import Cards
from bot.claims import Claims
from bot.decoding import Decoders
from bot.errors import SettingsInvalid
from bot.guidelines.cards import SubmissionCards
from bot.guidelines.desk import Desk
from bot.handlers.agreeing import announce_commands, show_help, start
from bot.handlers.data import ask_forget, export, privacy
from bot.handlers.guard import guard
from bot.handlers.guidelines import guidelines
from bot.handlers.guidelines_documents import on_document, on_reply
from bot.handlers.guidelines_joining import join
from bot.handlers.memory import memory
from bot.handlers.other import on_other, on_unknown_command
from bot.handlers.photos import finish, on_photo
from bot.handlers.pressed import on_press
from bot.handlers.questions_asked import list_cases, new_question
from bot.handlers.words import on_edited, on_words
from bot.inbox import InboxQueue
from bot.noting import NotingPace
from bot.once import Once
from bot.order import ChatOrder
from bot.outbox import Outbox
from bot.polling import ReadableUpdates
from bot.progress import Progress
from bot.services import Services
from bot.settings import BotSettings
from cases.database import CaseDatabase
from knowledge.people import PREFIX
from worker.failures import log_failure

_log = logging.getLogger(__name__)

BotApplication = Application[Any, Any, Any, Any, Any, Any]

_COMMANDS = {
    "start": start,
    "help": show_help,
    "new": new_question,
    "cases": list_cases,
    "memory": memory,
    "privacy": privacy,
    "export": export,
    "forget": ask_forget,
    "guidelines": guidelines,
}
_INVITATION = filters.Regex(rf"^/start {PREFIX}")
_PICTURE = filters.PHOTO | filters.Document.IMAGE
for _ending in ("jpg", "jpeg", "png", "webp", "heic", "heif"):  # some phones send a photo's file without its type
    _PICTURE |= filters.Document.FileExtension(_ending)
_UPDATES = ["message", "edited_message", "callback_query"]
_LONGEST_PAUSE = 30.0
_POLL_SECONDS = 25
_THREADS = 32


def build(
    settings: BotSettings, queue: InboxQueue, db: CaseDatabase, order: ChatOrder, refused: asyncio.Event
) -> BotApplication:
    """The application with its handlers; connects to nothing yet, and `order` is still to be served. `refused` is set
    when Telegram does not know the token any more.

    Raises:
        SettingsInvalid: the token does not have Telegram's shape.
    """
    builder = (
        ApplicationBuilder()
        .token(settings.token)
        .update_queue(queue)
        .concurrent_updates(order)
        .rate_limiter(NotingPace(db, refused.set))
        .connection_pool_size(128)
        .pool_timeout(20)
        .connect_timeout(10)
        .read_timeout(15)
        .get_updates_request(ReadableUpdates(refused.set, read_timeout=_POLL_SECONDS + 10, connect_timeout=10))
    )
    if settings.uses_playground:
        base = settings.bot_api.rstrip("/")
        builder = builder.base_url(f"{base}/bot").base_file_url(f"{base}/file/bot")
    application: BotApplication = builder.build()
    _add_handlers(application)
    return application


def _add_handlers(application: BotApplication) -> None:
    new = filters.UpdateType.MESSAGE
    application.add_handler(TypeHandler(Update, guard), group=-1)
    application.add_handler(CommandHandler("start", join, filters=new & _INVITATION))
    for command, handler in _COMMANDS.items():
        application.add_handler(CommandHandler(command, handler, filters=new))
    application.add_handler(MessageHandler(new & filters.COMMAND, on_unknown_command))
    application.add_handler(MessageHandler(new & filters.TEXT & filters.REPLY, on_reply))
    application.add_handler(MessageHandler(new & filters.TEXT, on_words))
    application.add_handler(MessageHandler(new & _PICTURE, on_photo))
    application.add_handler(MessageHandler(new & filters.Document.ALL & ~filters.ANIMATION, on_document))
    application.add_handler(MessageHandler(new & ~filters.StatusUpdate.ALL, on_other))
    application.add_handler(MessageHandler(filters.UpdateType.EDITED_MESSAGE, on_edited))
    application.add_handler(CallbackQueryHandler(on_press))


@contextlib.asynccontextmanager
async def running(settings: BotSettings, db: CaseDatabase, desk: Desk) -> AsyncIterator[asyncio.Event]:
    """The bot at work: polling, answering, delivering. On leaving it finishes the updates it has begun.

    The event is set when Telegram does not know the token any more: then there is nothing left to do but to leave.
    `desk`: where dermatologists keep the library; closed on leaving.

    Raises:
        SettingsInvalid: the token does not have Telegram's shape, or Telegram does not know it.
    """
    # The record blocks: when it is locked, a handful of threads would all wait for it, and with them everything else.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_THREADS, "bot"))
    queue = InboxQueue(db)
    order = ChatOrder(queue)
    refused = asyncio.Event()
    application = build(settings, queue, db, order, refused)
    await _connect(application)
    attempts = Attempts(application.bot, db, settings.emergency_number, application.process_update)
    application.add_error_handler(attempts.on_error)
    services = services_for(settings, db, application, attempts, Decoders(), desk)
    order.serve(attempts, services.albums)
    services.put_into(application.bot_data)
    outbox = Outbox(application.bot, db, services.cards, services.number, settings.outbox_seconds)
    try:
        await _announce(application)
        await application.start()
        background = [
            asyncio.create_task(_kept_running("outbox", outbox.run)),
            asyncio.create_task(_kept_running("progress", services.progress.run)),
            asyncio.create_task(_kept_running("submissions", services.submission_cards.run)),
        ]
        receiving = _webhook(settings, db, application, queue) if settings.webhook_url else _polling(application, queue)
        try:
            async with receiving:
                _log.info("the bot is ready")
                yield refused
        finally:
            attempts.stop()
            await application.stop()
            await services.albums.drain()
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
            await outbox.drain()
            services.cards.close()
    finally:
        await application.shutdown()
        await asyncio.to_thread(services.decoders.close)
        await asyncio.to_thread(desk.close)


@contextlib.asynccontextmanager
async def _polling(application: BotApplication, queue: InboxQueue) -> AsyncIterator[None]:
    """Ask Telegram for updates while the block runs; a webhook that was set is removed."""
    await queue.replay(application.bot)
    assert application.updater is not None
    await application.updater.start_polling(timeout=_POLL_SECONDS, bootstrap_retries=-1, allowed_updates=_UPDATES)
    try:
        yield
    finally:
        with contextlib.suppress(InvalidToken):  # the end of a bot whose token was revoked
            await application.updater.stop()


@contextlib.asynccontextmanager
async def _webhook(
    settings: BotSettings, db: CaseDatabase, application: BotApplication, queue: InboxQueue
) -> AsyncIterator[None]:
    """Have Telegram bring updates while the block runs, to this bot and to others that share its record.

    The webhook stays registered: another bot may go on with it.
    """
    claims = Claims(application.bot, db, queue)
    async with webhook.listening(settings, db, claims.look):
        claiming = asyncio.create_task(_kept_running("claims", claims.run))
        registering = asyncio.create_task(webhook.register(application.bot, settings, _UPDATES))
        try:
            yield
        finally:
            registering.cancel()
            claiming.cancel()
            await asyncio.gather(claiming, registering, return_exceptions=True)
    await claims.release()


async def _kept_running(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run for ever what delivers answers: whatever it fails at, it begins again."""
    while True:
        try:
            await work()
        except Exception as error:
            log_failure("background", name, error)
        await asyncio.sleep(1)


async def _announce(application: BotApplication) -> None:
    """The menu of commands; a bot without it works as well."""
    try:
        await announce_commands(application.bot)
    except TelegramError as error:
        _log.warning("commands not announced: %s", type(error).__name__)


async def _connect(application: BotApplication) -> None:
    """Wait for the Bot API: at a start of the whole house it may come up after the bot."""
    pause = 0.5
    while True:
        try:
            await application.initialize()
            return
        except InvalidToken:
            raise SettingsInvalid("Telegram does not know this token: check SKINGPT_TELEGRAM_TOKEN.") from None
        except TelegramError as error:
            _log.warning("the bot waits for Telegram (%s), again in %.1f s", type(error).__name__, pause)
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, pause * 2)


def services_for(
    settings: BotSettings,
    db: CaseDatabase,
    application: BotApplication,
    attempts: Attempts,
    decoders: Decoders,
    desk: Desk,
) -> Services:
    """What the handlers work with."""
    cards = Cards(application.bot, db, settings.emergency_number)
    progress = Progress(db, cards, settings.progress_seconds)

    async def finish_album(album: Album) -> None:
        await finish(services, album)

    async def forget(chat_id: int, update_ids: Sequence[int]) -> None:
        await attempts.surely(InboxQueue.finish, chat_id, update_ids)

    albums = Albums(settings.album_seconds, finish_album, forget)
    submission_cards = SubmissionCards(application.bot, db, desk, settings.progress_seconds)
    once = Once(db, seconds=60)
    services = Services(application.bot, db, settings, cards, progress, albums, decoders, once, desk, submission_cards)
    return services
