"""Words: triaged at once, kept only with consent, then answered by the agent."""

import re
from datetime import timedelta

from telegram import Update
from telegram.constants import ChatAction

from agents.triage.script import is_in_other_script
from agents.triage.told import told_again
from bot import texts
from bot.characters import says_nothing
from bot.children import ADULT, is_childs_private_parts
from bot.handlers.agreeing import ask_consent
from bot.handlers.incoming import Incoming, incoming
from bot.handlers.opening import open_card
from bot.message import escape, message
from bot.sending import send
from bot.services import Context, Services, in_thread, services_of
from bot.urgent import urgent_answer
from cases import caseload, conversation
from cases.database import CaseDatabase
from cases.erasure import clean_files, erase_cases
from cases.meant import meant
from cases.record import Case, CaseStatus, Role
from cases.refusing import refuse_photos
from conditions import TriageLevel
from worker.enqueue import enqueue_advise, enqueue_reply

_GREETING = re.compile(
    r"\s*(hi+|hello|hey|hiya|good (morning|afternoon|evening|day)|thanks?( you)?( very much)?|ok(ay)?|bye)\W*",
    re.IGNORECASE,
)
_PHOTOS_REFUSED = timedelta(minutes=10)
_WAITING = (CaseStatus.RECEIVED, CaseStatus.EXAMINED)


async def on_words(update: Update, context: Context) -> None:
    """A text message."""
    services = services_of(context)
    came = incoming(update)
    level = await answer_urgent(services, came)
    patient_id = await services.consenting_patient(came.chat_id)
    case = await in_thread(caseload.current_case, services.db, patient_id) if patient_id else None
    if await refused_for_a_child(services, came, case, with_photo=bool(case and case.photo_ids)):
        return
    if unread := _unreadable(came.words):
        await send(services.bot, came.chat_id, message(unread.format(number=escape(services.number))))
    elif patient_id is None:
        if level is not TriageLevel.EMERGENCY:  # whoever cannot breathe is not asked to agree to terms
            await ask_consent(services, came.chat_id, sent_something=True)
    elif case is None or case.status is CaseStatus.FAILED:
        await _open(services, came, patient_id)
    else:
        await _follow_up(services, came, case)


async def on_edited(update: Update, context: Context) -> None:
    """A message was changed: urgent words are answered, a child's private parts refused, the rest asked for."""
    services = services_of(context)
    came = incoming(update)
    if not (came.words or came.message.effective_attachment) or came.message.location:
        return  # a live location moves on, a poll is voted on: nobody wrote anything
    patient_id = await services.consenting_patient(came.chat_id)
    case = await in_thread(caseload.current_case, services.db, patient_id) if patient_id else None
    if await refused_for_a_child(services, came, case, with_photo=bool(case and case.photo_ids)):
        return
    _, urgent = await in_thread(urgent_answer, came.words, services.number)
    changed = texts.EDITED_PICTURE if came.message.effective_attachment else texts.EDITED
    await send(services.bot, came.chat_id, urgent or message(changed), came.message.message_id)


async def answer_urgent(services: Services, came: Incoming) -> TriageLevel:
    """Say at once what to do now, if the words are urgent; how soon they are."""
    level, urgent = await in_thread(urgent_answer, came.words, services.number)
    if urgent:
        await send(services.bot, came.chat_id, urgent, came.message.message_id)
    return level


def _unreadable(words: str) -> str | None:
    """What to say of words that no rule here can read."""
    if says_nothing(words):
        return texts.NO_WORDS
    return texts.OTHER_LANGUAGE if is_in_other_script(words) else None


async def refused_for_a_child(services: Services, came: Incoming, case: Case | None, *, with_photo: bool) -> bool:
    """Whether the words, and where there is a photo all that was said about it, speak of a child's private parts; then
    they are refused, and the case is erased.
    """
    said = await in_thread(said_before, services.db, case) if case and case.photo_ids else ""
    under_age = bool(case and case.history.age is not None and case.history.age < ADULT)
    if not is_childs_private_parts(f"{said}\n{came.words}", with_photo=with_photo, under_age=under_age):
        return False
    await refuse_childs_private_parts(services, came.chat_id, case.id if case else None)
    return True


def said_before(db: CaseDatabase, case: Case) -> str:
    """All that the patient wrote about the case."""
    turns = [turn.text for turn in conversation.turns(db, case.id) if turn.role is Role.PATIENT]
    return "\n".join((case.words, *turns))


async def refuse_childs_private_parts(services: Services, chat_id: int, case_id: str | None) -> None:
    """Refuse kindly, say whom to see, and erase the case the words belong to; a photo that follows is not taken."""
    if case_id:
        await in_thread(_erase_case, services.db, case_id)
    if (patient_id := await services.consenting_patient(chat_id)) is not None:
        await in_thread(refuse_photos, services.db, patient_id, _PHOTOS_REFUSED)
    text = texts.CHILD_PRIVATE_PARTS.format(number=escape(services.number))
    await send(services.bot, chat_id, message(text))


def _erase_case(db: CaseDatabase, case_id: str) -> None:
    with db.write() as session:
        erase_cases(session, [case_id])
    clean_files(db)


async def _open(services: Services, came: Incoming, patient_id: int) -> None:
    if _GREETING.fullmatch(came.words):
        await send(services.bot, came.chat_id, message(texts.WELCOME_BACK))
        return
    case = await in_thread(caseload.open_case, services.db, patient_id, (), words=came.words, source=came.source)
    await open_card(services, case.id, came.message.message_id, enqueue_advise)


async def _follow_up(services: Services, came: Incoming, current: Case) -> None:
    cases = await in_thread(caseload.cases_of, services.db, current.patient_id)
    case = meant(came.words, cases, current) if len(cases) > 1 else current
    if case.id != current.id:
        about = escape(case.words[:80]) or texts.MEMORY_PHOTO
        note = texts.ABOUT_EARLIER.format(day=f"{case.created:%d %B %Y}", about=about)
        await send(services.bot, came.chat_id, message(note), came.message.message_id)
    turn = await in_thread(conversation.say, services.db, case.id, came.words, source=came.source)
    if (right := told_again(came.words, case.history)) is not None:
        await in_thread(caseload.note_history, services.db, case.id, right)
    if case.status in _WAITING:
        waits = texts.WAITS_FOR_PHOTO if case.photo_ids else texts.WAITS_FOR_ADVICE
        await send(services.bot, came.chat_id, message(waits), came.message.message_id)
        return  # answered when the advice is there
    await services.bot.send_chat_action(came.chat_id, ChatAction.TYPING)
    await in_thread(enqueue_reply, turn.id)
