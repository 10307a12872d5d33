"""/memory: what is remembered of the patient's cases; facts can be called wrong and right again, a case be erased.

What was told in another case and holds in this one is shown with its day, and can be called wrong here too.
"""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from telegram import Update

from agents.triage.carried import Carried, all_told
from agents.triage.told import Fact
from bot import texts
from bot.handlers.agreeing import ask_consent, may_keep
from bot.handlers.incoming import incoming
from bot.message import Message, escape, message
from bot.presses import Press, PressKind, Unreadable, button
from bot.sending import edit, send
from bot.services import Context, Services, in_thread, services_of
from cases import caseload, conversation
from cases.database import CaseDatabase
from cases.elsewhere import told_elsewhere
from cases.erasure import clean_files, erase_cases
from cases.errors import ErasureUnfinished
from cases.record import ADVISABLE, Case, History, Said, day_in_words
from worker.enqueue import enqueue_advise, enqueue_forget

_log = logging.getLogger(__name__)

_ERASE, _SHOW = "erase", "show"
_MOST_OTHERS = 5
_LABEL = 30


@dataclass(frozen=True)
class Page:
    """What is remembered of one case: facts relied on, told in it or carried over from others; facts called wrong; and
    the patient's other cases.
    """

    case: Case
    facts: tuple[Fact, ...]
    carried: tuple[Carried, ...]
    wrong: tuple[Fact, ...]
    others: tuple[Case, ...]


async def memory(update: Update, context: Context) -> None:
    """/memory: the facts that answers rest on, each with a button to call it wrong, and the other cases."""
    services = services_of(context)
    chat_id = incoming(update).chat_id
    patient_id = await services.consenting_patient(chat_id)
    if patient_id is None:
        await ask_consent(services, chat_id)
        return
    newest = await in_thread(caseload.current_case, services.db, patient_id)
    cases = await in_thread(caseload.cases_of, services.db, patient_id)
    case = newest or next(reversed(cases), None)
    if case is None:
        await send(services.bot, chat_id, message(texts.MEMORY_EMPTY))
        return
    await send(services.bot, chat_id, render(await in_thread(remembered, services.db, case)))


def remembered(db: CaseDatabase, case: Case) -> Page:
    """The facts of one case: from the buttons, and from all that the patient wrote, in this case or in others."""
    said = (Said(text=case.words, at=case.created), *conversation.patient_texts(db, case.id))
    told = all_told(said, case.history, told_elsewhere(db, case), db.now().date())
    others = [each for each in reversed(caseload.cases_of(db, case.patient_id)) if each.id != case.id]
    return Page(case, told.here, told.carried, told.wrong, tuple(others[:_MOST_OTHERS]))


def render(page: Page) -> Message:
    """The facts as a list, and the buttons."""
    case = page.case
    lines = [f"• {escape(fact.words)}" for fact in page.facts] or [texts.MEMORY_NO_FACTS]
    text = texts.MEMORY.format(
        about=_about(case, 200),
        day=f"{case.created:%d %B %Y}",
        facts="\n".join(lines),
        carried=texts.MEMORY_CARRIED.format(facts="\n".join(map(_dated, page.carried))) if page.carried else "",
    )
    buttons = [
        *_one_each("✗ {words}", (*page.facts, *_before(page)), case),
        *_one_each(texts.MEMORY_RIGHT_AFTER_ALL, page.wrong, case),
        [button(texts.MEMORY_ERASE, PressKind.MEMORY, case.id, _ERASE)],
    ]
    for other in page.others:
        label = texts.MEMORY_OTHER.format(
            day=f"{other.created:%d %B}", about=(other.words or texts.MEMORY_PHOTO)[:_LABEL]
        )
        buttons.append([button(label, PressKind.MEMORY, other.id, _SHOW)])
    return message(text, buttons)


def _dated(carried: Carried) -> str:
    return f"• {escape(carried.clause)} (told on {day_in_words(carried.day)})"


def _before(page: Page) -> list[Fact]:
    """The facts carried over that can be called wrong here: those told before this case was opened.

    What was told in a later case is called wrong there, so that it holds in none after it either.
    """
    return [each.fact for each in page.carried if each.at < page.case.created]


def _about(case: Case, most: int) -> str:
    return escape(case.words[:most]) or texts.MEMORY_PHOTO


def _one_each(label: str, facts: Sequence[Fact], case: Case) -> list[list[tuple[str, str]]]:
    return [[button(label.format(words=fact.words), PressKind.MEMORY, case.id, _mark(fact))] for fact in facts]


async def correct(services: Services, case: Case, press: Press, message_id: int | None) -> str:
    """A fact is wrong or right after all, another case is to be shown, or the case erased. Unreadable: no such fact."""
    if press.value == _ERASE:
        try:
            await in_thread(_erase, services.db, case.id)
        except ErasureUnfinished:
            _log.error("case %s erased, files not cleaned yet: the hourly upkeep finishes it", case.id)
        await in_thread(enqueue_forget, case.id)
        await send(services.bot, case.chat_id, message(texts.MEMORY_ERASED))
        return ""
    page = await in_thread(remembered, services.db, case)
    if press.value == _SHOW:
        await _show(services, page, message_id)
        return ""
    if not await may_keep(services, case.chat_id):
        return ""
    told, answer = _pressed(page, press.value)
    changed = await in_thread(caseload.note_history, services.db, case.id, told)
    await _show(services, await in_thread(remembered, services.db, changed), message_id)
    if changed.status in ADVISABLE:
        await in_thread(enqueue_advise, case.id)
    return answer


def _pressed(page: Page, mark: str) -> tuple[History, str]:
    """What the press of a fact's button says, and what is answered to it. Unreadable: no such fact any more."""
    for fact in (*page.facts, *_before(page)):
        if _mark(fact) == mark:
            return History(wrong=frozenset({fact.name})), texts.MEMORY_CORRECTED
    for fact in page.wrong:
        if _mark(fact) == mark:
            return History(right=frozenset({fact.name})), texts.MEMORY_RELIED_ON
    raise Unreadable("unknown fact")


async def _show(services: Services, page: Page, message_id: int | None) -> None:
    shown = render(page)
    if message_id is None or not await edit(services.bot, page.case.chat_id, message_id, shown):
        await send(services.bot, page.case.chat_id, shown)


def _erase(db: CaseDatabase, case_id: str) -> None:
    with db.write() as session:
        erase_cases(session, [case_id])
    clean_files(db)


def _mark(fact: Fact) -> str:
    """A fact in few bytes: a button carries 64 in all."""
    return hashlib.sha256(fact.name.encode()).hexdigest()[:8]
