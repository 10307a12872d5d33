"""The library's buttons. Who presses is looked up on the list at every press, before anything else."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from telegram import CallbackQuery, InputFile, Update
from telegram import Message as Sent

from bot.guidelines import pages, texts
from bot.guidelines.buttons import Action, asked, library_button
from bot.guidelines.desk import Opened
from bot.guidelines.preview_page import preview_page
from bot.handlers.guidelines import found_page, home_page, told_why
from bot.handlers.guidelines_joining import take_menu_away
from bot.message import Message, message
from bot.presses import Press, Unreadable
from bot.sending import acknowledge, edit, send
from bot.services import Services, in_thread
from knowledge.due import due
from knowledge.errors import ChangeRefused, LibraryUnavailable
from knowledge.people import Dermatologist
from knowledge.record import Version
from knowledge.submission import State
from worker.enqueue import enqueue_read

_LOGGED = 200


@dataclass(frozen=True)
class Pressed:
    """A button that somebody on the list pressed: who, where, with which two numbers."""

    person: Dermatologist
    chat_id: int
    query: CallbackQuery
    first: int
    second: int

    @property
    def message_id(self) -> int | None:
        """The message under which the button stands."""
        return self.query.message.message_id if self.query.message else None


async def on_library_press(services: Services, update: Update, query: CallbackQuery, press: Press) -> None:
    """Do what was pressed, for somebody on the list; nothing at all for anybody else."""
    chat = update.effective_chat
    assert chat is not None
    chat_id = chat.id
    try:
        person = await services.desk.listed(update)
    except LibraryUnavailable:
        await acknowledge(query, texts.AWAY)
        return
    if person is None:
        await acknowledge(query, texts.NOT_LISTED)
        await take_menu_away(services.bot, chat_id)
        return
    try:
        action, first, second = asked(press)
    except Unreadable:
        await acknowledge(query, texts.GONE)
        return
    await acknowledge(query, _AT_ONCE.get(action, ""))
    async with told_why(services, chat_id):
        opened = await in_thread(services.desk.opened)
        pressed = Pressed(person, chat_id, query, first, second)
        if action in _PAGES:
            await _turn_to(services, pressed, await in_thread(_PAGES[action], opened, pressed))
        else:
            await _DEEDS[action](services, opened, pressed)


async def _turn_to(services: Services, pressed: Pressed, page: Message) -> None:
    """Show a page in place of the one whose button was pressed."""
    at = pressed.message_id
    if at is None or not await edit(services.bot, pressed.chat_id, at, page):
        await send(services.bot, pressed.chat_id, page)


# ---------------------------------------------------------------- pages


def _text(opened: Opened, pressed: Pressed) -> Message:
    version = opened.library.version(pressed.first)
    return _page_of(opened, version)


def _page_of(opened: Opened, version: Version) -> Message:
    return pages.text_page(version, opened.library.versions(version.key)[0])


def _versions(opened: Opened, pressed: Pressed) -> Message:
    key = opened.library.version(pressed.first).key
    return pages.versions_list(opened.library.versions(key), pressed.second)


def _found(opened: Opened, pressed: Pressed) -> Message:
    """The words stand in the message itself: its first line."""
    shown = pressed.query.message.text if isinstance(pressed.query.message, Sent) else None
    words = (shown or "").partition("\n")[0].removeprefix("🔎").strip()
    return found_page(opened, words, pressed.second)


def _ask_restore(opened: Opened, pressed: Pressed) -> Message:
    version = opened.library.version(pressed.first)
    return pages.ask_restore(version, opened.library.versions(version.key)[0])


def _retire(opened: Opened, pressed: Pressed) -> Message:
    version = opened.library.version(pressed.first)
    if version.retired is None:  # Else it was done already: by somebody else, or before the bot was killed.
        version = opened.library.retire(version.key, pressed.person.name, version.number)
    return _page_of(opened, version)


def _restore(opened: Opened, pressed: Pressed) -> Message:
    key = opened.library.version(pressed.first).key
    return _page_of(opened, opened.library.restore(key, pressed.person.name, pressed.first, pressed.second))


_PAGES: dict[Action, Callable[[Opened, Pressed], Message]] = {
    Action.HOME: lambda opened, pressed: home_page(opened),
    Action.LIST: lambda opened, pressed: pages.live_list(opened.library.documents(), pressed.second),
    Action.DUE: lambda opened, pressed: pages.due_list(due(opened.library), pressed.second),
    Action.WAITING: lambda opened, pressed: pages.waiting_list(opened.submissions.pending(), pressed.second),
    Action.RETIRED: lambda opened, pressed: pages.retired_list(opened.library.retired(), pressed.second),
    Action.LOG: lambda opened, pressed: pages.log_list(opened.library.deeds(_LOGGED), pressed.second),
    Action.FOUND: _found,
    Action.TEXT: _text,
    Action.VERSIONS: _versions,
    Action.ASK_RETIRE: lambda opened, pressed: pages.ask_retire(opened.library.version(pressed.first)),
    Action.RETIRE: _retire,
    Action.ASK_RESTORE: _ask_restore,
    Action.RESTORE: _restore,
}

# ---------------------------------------------------------------- deeds


async def _file(services: Services, opened: Opened, pressed: Pressed) -> None:
    """The text as a Markdown file, to be edited and sent back."""
    version = await in_thread(opened.library.version, pressed.first)
    document = await in_thread(opened.library.document, pressed.first)
    await services.bot.send_document(pressed.chat_id, InputFile(document.encode(), f"{version.key}.md"))


async def _card(services: Services, opened: Opened, pressed: Pressed) -> None:
    submission = await in_thread(opened.submissions.get, pressed.first)
    await services.submission_cards.show(opened, submission.number, pressed.chat_id)


async def _preview(services: Services, opened: Opened, pressed: Pressed) -> None:
    submission = await in_thread(opened.submissions.get, pressed.first)
    if submission.edition is None or submission.report is None:
        raise ChangeRefused(f"submission {submission.number} is {submission.state}: there is nothing to preview")
    page = await in_thread(preview_page, submission)
    await services.bot.send_document(
        pressed.chat_id,
        InputFile(page, f"submission-{submission.number}.html"),
        caption=texts.PREVIEW_CAPTION.format(number=submission.number),
    )


async def _publish(services: Services, opened: Opened, pressed: Pressed) -> None:
    try:
        await in_thread(opened.submissions.publish, pressed.first, pressed.person.name)
    except ChangeRefused:
        submission = await in_thread(opened.submissions.get, pressed.first)
        if submission.state is State.PUBLISHED:
            return  # Done already: pressed twice, or the bot was killed after it.
        if submission.state is not State.READY:
            raise
        again = library_button(texts.COMPARE_AGAIN, Action.COMPARE, submission.number)
        await send(services.bot, pressed.chat_id, message(texts.CHANGED_SINCE, [[again]]), pressed.message_id)
    finally:
        services.submission_cards.look()


async def _withdraw(services: Services, opened: Opened, pressed: Pressed) -> None:
    submission = await in_thread(opened.submissions.get, pressed.first)
    if submission.state is not State.WITHDRAWN:
        await in_thread(opened.submissions.withdraw, pressed.first, pressed.person.name)
    services.submission_cards.look()


async def _compare(services: Services, opened: Opened, pressed: Pressed) -> None:
    submission = await in_thread(opened.submissions.get, pressed.first)
    await in_thread(opened.submissions.amend, pressed.first, pressed.person.name, submission.details)
    services.submission_cards.look()
    await in_thread(enqueue_read, pressed.first)


_DEEDS: dict[Action, Callable[[Services, Opened, Pressed], Awaitable[None]]] = {
    Action.FILE: _file,
    Action.CARD: _card,
    Action.PREVIEW: _preview,
    Action.PUBLISH: _publish,
    Action.WITHDRAW: _withdraw,
    Action.COMPARE: _compare,
}
_AT_ONCE = {Action.PUBLISH: texts.PUBLISHING, Action.COMPARE: texts.COMPARING}
assert set(Action) == _PAGES.keys() | _DEEDS.keys(), "every button does something"
