"""/guidelines for dermatologists: the library's first page, or a search. Whoever is not on the list sees an unknown
command.
"""

import contextlib
from collections.abc import AsyncIterator

from telegram import Update

from bot.guidelines import pages, texts
from bot.guidelines.desk import Opened
from bot.handlers.incoming import incoming
from bot.handlers.other import on_unknown_command
from bot.handlers.words import answer_urgent
from bot.message import Message, escape, message
from bot.sending import send
from bot.services import Context, Services, in_thread, services_of
from knowledge.due import due
from knowledge.errors import (
    ChangeRefused,
    DocumentRefused,
    GuidelineInvalid,
    GuidelineNotFound,
    KnowledgeError,
    LibraryUnavailable,
)
from worker.failures import log_failure

_LONGEST_SEARCH = 200
_MOST_PAGES = 6


async def guidelines(update: Update, context: Context) -> None:
    """/guidelines, or /guidelines WORDS."""
    services = services_of(context)
    came = incoming(update)
    words = " ".join(came.words.split()[1:])[:_LONGEST_SEARCH]
    async with told_why(services, came.chat_id):
        try:
            person = await services.desk.listed(update)
        except LibraryUnavailable:
            await answer_urgent(services, came)  # it may be a patient who writes this
            raise
        if person is None:
            await on_unknown_command(update, context)
            return
        opened = await in_thread(services.desk.opened)
        page = await in_thread(found_page, opened, words, 0) if words else await in_thread(home_page, opened)
        await send(services.bot, came.chat_id, page)


@contextlib.asynccontextmanager
async def told_why(services: Services, chat_id: int, reply_to: int | None = None) -> AsyncIterator[None]:
    """What the library refuses, or cannot do now, is said in the chat; it is for the dermatologist to try again."""
    try:
        yield
    except (ChangeRefused, DocumentRefused, GuidelineInvalid, GuidelineNotFound) as refused:
        why = texts.REFUSED.format(why=escape(str(refused).rstrip(".")))
        await send(services.bot, chat_id, message(why), reply_to)
    except KnowledgeError as error:
        log_failure("library", chat_id, error)
        await send(services.bot, chat_id, message(texts.AWAY), reply_to)


def home_page(opened: Opened) -> Message:
    """The first page. Raises KnowledgeError, as all pages do."""
    live, waiting = len(opened.library.documents()), len(opened.submissions.pending())
    return pages.home(pages.Counts(live, waiting, len(due(opened.library))))


def found_page(opened: Opened, words: str, page: int) -> Message:
    """A page of what a patient's question would find."""
    page = min(page, _MOST_PAGES - 1)
    wanted = (page + 1) * pages.PER_PAGE
    found = opened.search.search(words, wanted + (page + 1 < _MOST_PAGES))[page * pages.PER_PAGE :]
    live = {(version.key, version.version): version.number for version in opened.library.documents()}
    numbers = [live.get((passage.key, passage.version)) for passage in found]
    return pages.found_list(words, found, numbers, page, opened.library.today(), opened.search.readers)
