"""/memory: what is remembered of the patient's newest case; facts can be called wrong, and the case erased."""

import hashlib

from telegram import Update

from agents.triage.told import Fact, facts_told
from bot import texts
from bot.handlers.agreeing import ask_consent
from bot.handlers.incoming import incoming
from bot.message import Message, escape, message
from bot.presses import Press, PressKind, Unreadable, button
from bot.sending import edit, send
from bot.services import Context, Services, in_thread, services_of
from cases import caseload, conversation
from cases.database import CaseDatabase
from cases.erasure import clean_files, erase_cases
from cases.record import Case, CaseStatus, History, Role
from worker.enqueue import enqueue_advise, enqueue_forget

_ERASE = "erase"
_ADVISABLE = (CaseStatus.EXAMINED, CaseStatus.ADVISED, CaseStatus.DELIVERED)


async def memory(update: Update, context: Context) -> None:
    """/memory: the facts that answers rest on, each with a button to call it wrong."""
    services = services_of(context)
    chat_id = incoming(update).chat_id
    patient_id = await services.consenting_patient(chat_id)
    if patient_id is None:
        await ask_consent(services, chat_id)
        return
    case = await in_thread(caseload.current_case, services.db, patient_id)
    if case is None:
        await send(services.bot, chat_id, message(texts.MEMORY_EMPTY))
        return
    await send(services.bot, chat_id, render(case, await in_thread(remembered, services.db, case)))


def remembered(db: CaseDatabase, case: Case) -> tuple[Fact, ...]:
    """The facts of one case: from the buttons, and from all that the patient wrote."""
    said = [turn.text for turn in conversation.turns(db, case.id) if turn.role is Role.PATIENT]
    return facts_told([case.words, *said], case.history)


def render(case: Case, facts: tuple[Fact, ...]) -> Message:
    """The facts as a list, and the buttons."""
    lines = [f"• {escape(fact.words)}" for fact in facts] or [texts.MEMORY_NO_FACTS]
    about = escape(case.words[:200]) or texts.MEMORY_PHOTO
    text = texts.MEMORY.format(about=about, day=f"{case.created:%d %B %Y}", facts="\n".join(lines))
    wrong = [[button(f"✗ {fact.words}", PressKind.MEMORY, case.id, _mark(fact))] for fact in facts]
    return message(text, [*wrong, [button(texts.MEMORY_ERASE, PressKind.MEMORY, case.id, _ERASE)]])


async def correct(services: Services, case: Case, press: Press, message_id: int | None) -> str:
    """A fact is wrong, or the case shall be erased. Unreadable: there is no such fact any more."""
    if press.value == _ERASE:
        await in_thread(_erase, services.db, case.id)
        await in_thread(enqueue_forget, case.id)
        await send(services.bot, case.chat_id, message(texts.MEMORY_ERASED))
        return ""
    facts = await in_thread(remembered, services.db, case)
    wrong = next((fact for fact in facts if _mark(fact) == press.value), None)
    if wrong is None:
        raise Unreadable("unknown fact")
    told = History(wrong=frozenset({wrong.name}))
    changed = await in_thread(caseload.note_history, services.db, case.id, told)
    page = render(changed, await in_thread(remembered, services.db, changed))
    if message_id is None or not await edit(services.bot, case.chat_id, message_id, page):
        await send(services.bot, case.chat_id, page)
    if changed.status in _ADVISABLE:
        await in_thread(enqueue_advise, case.id)
    return texts.MEMORY_CORRECTED


def _erase(db: CaseDatabase, case_id: str) -> None:
    with db.write() as session:
        erase_cases(session, [case_id])
    clean_files(db)


def _mark(fact: Fact) -> str:
    """A fact in few bytes: a button carries 64 in all."""
    return hashlib.sha256(fact.name.encode()).hexdigest()[:8]
