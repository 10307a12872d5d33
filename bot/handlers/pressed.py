"""Buttons: answers to the questions, citations, feedback, consent, erasure; the library's are handed on."""

from collections import deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from telegram import CallbackQuery, Update

from bot import texts
from bot.handlers.agreeing import answer_consent, may_keep
from bot.handlers.data import forget, switch_research, withdraw
from bot.handlers.explaining import explain
from bot.handlers.guidelines_pressed import on_library_press
from bot.handlers.memory import correct
from bot.handlers.words import is_of_a_childs_private_parts, refuse_childs_private_parts
from bot.message import fitted, message
from bot.presses import Press, PressKind, Unreadable, press_of
from bot.questions import QUESTION_KINDS, answered
from bot.rendering import render_citation, triage_of
from bot.rendering_answer import urgent_block
from bot.sending import acknowledge, edit, send
from bot.services import Context, Services, in_thread, services_of
from cases import caseload, conversation, feedback
from cases.errors import CaseNotFound, TurnNotFound
from cases.record import ADVISABLE, Case, CaseStatus, Citation
from conditions import TriageLevel
from worker.enqueue import enqueue_advise

_URGENT = (TriageLevel.EMERGENCY, TriageLevel.SAME_DAY)


async def on_press(update: Update, context: Context) -> None:
    """A button was pressed."""
    services = services_of(context)
    query = update.callback_query
    assert query is not None
    chat = update.effective_chat
    assert chat is not None
    try:
        language = update.effective_user.language_code if update.effective_user else None
        press = press_of(query.data or "")
        if press.kind is PressKind.LIBRARY:
            await on_library_press(services, update, query, press)
            return
        note = await _deal(services, chat.id, query, press, language)
    except (CaseNotFound, TurnNotFound, Unreadable):
        note = texts.GONE
    await acknowledge(query, note)


async def _deal(services: Services, chat_id: int, query: CallbackQuery, press: Press, language: str | None) -> str:
    """Do what was pressed; what to show for a moment, or nothing."""
    message_id = query.message.message_id if query.message else None
    if press.kind in QUESTION_KINDS:
        return await _answer(services, chat_id, press, message_id, _source(query))
    if press.kind in _ABOUT_CASES:
        case = await _case(services, chat_id, press.reference)
        return await _ABOUT_CASES[press.kind](services, case, press, message_id)
    if press.kind is PressKind.SHOW:
        case = await _case(services, chat_id, press.reference)
        await services.cards.show_again(case, _source(query), message_id)
        return ""
    if press.kind is PressKind.TURN_CITATION:
        return await _turn_citation(services, chat_id, press, message_id)
    return await _about_data(services, chat_id, press, message_id, language)


def _source(query: CallbackQuery) -> str:
    """Tells this press from every other; a press that comes again after a crash has the same."""
    return f"press:{query.id}"


async def _about_data(
    services: Services, chat_id: int, press: Press, message_id: int | None, language: str | None
) -> str:
    if press.kind is PressKind.CONSENT:
        await answer_consent(services, chat_id, press.value == "yes", language)
    elif press.kind is PressKind.RESEARCH:
        page = await switch_research(services, chat_id, press.value == "on")
        if message_id is None or not await edit(services.bot, chat_id, message_id, page):
            await send(services.bot, chat_id, page)
    elif press.kind is PressKind.WITHDRAW:
        await withdraw(services, chat_id)
    elif press.kind is PressKind.FORGET:
        await forget(services, chat_id, press.value == "yes")
    return ""


async def _case(services: Services, chat_id: int, case_id: str) -> Case:
    """The case, if it is this chat's."""
    case = await in_thread(caseload.get, services.db, case_id)
    if case.chat_id != chat_id:
        raise CaseNotFound(f"Case {case_id} is not of chat {chat_id}.")
    return case


async def _answer(services: Services, chat_id: int, press: Press, message_id: int | None, source: str) -> str:
    before = await _case(services, chat_id, press.reference)
    if before.status is CaseStatus.CLOSED:
        return texts.STAGE_CLOSED
    told = answered(press.kind, press.value, before.history)
    after = before.model_copy(update={"history": before.history.merged(told)})
    if source not in _WARNED:  # before the press is noted, which then warns no more
        await _warn(services, before, after, message_id)
        _WARNED.append(source)
    if not await may_keep(services, chat_id):
        return ""
    if await is_of_a_childs_private_parts(services, after, with_photo=bool(after.photo_ids)):
        await refuse_childs_private_parts(services, chat_id, after, source)
        return ""
    case = await in_thread(caseload.note_history, services.db, before.id, told, source)
    await services.cards.show(case.id)
    if case.status in ADVISABLE:
        await in_thread(enqueue_advise, case.id)
    return texts.ANSWER_UPDATED


_WARNED: deque[str] = deque(maxlen=1_000)
"""The presses that were warned of lately: one that cannot be noted is tried again and again, and warned of once."""


async def _warn(services: Services, before: Case, after: Case, message_id: int | None) -> None:
    """An answer that makes it urgent is answered at once, in a message of its own: an edit makes no sound."""
    verdict = triage_of(after)
    news = set(verdict.reasons) - set(triage_of(before).reasons)
    if verdict.level in _URGENT and news:
        await send(
            services.bot,
            after.chat_id,
            message(fitted([urgent_block(verdict, services.number)])),
            message_id,
        )


async def _more_danger(services: Services, case: Case, _press: Press, _message_id: int | None) -> str:
    await services.cards.show(case.id, asking_danger=True)
    return ""


async def _citation(services: Services, case: Case, press: Press, message_id: int | None) -> str:
    citations = case.advice.citations if case.advice else ()
    return await _open_citation(services, case.chat_id, citations, press.value, message_id)


async def _turn_citation(services: Services, chat_id: int, press: Press, message_id: int | None) -> str:
    if not press.reference.isdecimal():
        raise Unreadable("unknown turn")
    turn = await in_thread(conversation.turn, services.db, int(press.reference))
    await _case(services, chat_id, turn.case_id)
    return await _open_citation(services, chat_id, turn.citations, press.value, message_id)


async def _open_citation(
    services: Services, chat_id: int, citations: tuple[Citation, ...], number: str, message_id: int | None
) -> str:
    for citation in citations:
        if str(citation.n) == number:
            await send(services.bot, chat_id, render_citation(citation, datetime.now(UTC).date()), message_id)
            return ""
    return texts.PASSAGE_GONE


async def _feedback(services: Services, case: Case, press: Press, _message_id: int | None) -> str:
    if not await may_keep(services, case.chat_id):
        return ""
    helpful = press.value == "1"
    await in_thread(feedback.record, services.db, case.id, helpful)
    return texts.THANKS_HELPFUL if helpful else texts.THANKS_NOT_HELPFUL


_ABOUT_CASES: dict[PressKind, Callable[[Services, Case, Press, int | None], Awaitable[str]]] = {
    PressKind.MORE_DANGER: _more_danger,
    PressKind.CITATION: _citation,
    PressKind.FEEDBACK: _feedback,
    PressKind.MEMORY: correct,
    PressKind.EXPLAIN: explain,
}
