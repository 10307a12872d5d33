"""Words: triaged at once, kept only with consent, then answered by the agent."""

import logging
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
from cases import caseload, conversation, patients
from cases.database import CaseDatabase
from cases.errors import ErasureUnfinished
from cases.meant import meant, meant_earlier
from cases.record import UNADVISED, Case, CaseStatus
from cases.refusing import refuse
from conditions import TriageLevel
from worker.enqueue import enqueue_advise, enqueue_reply

_log = logging.getLogger(__name__)

_GREETING = re.compile(
    r"\s*(hi+|hello|hey|hiya|good (morning|afternoon|evening|day)|thanks?( you)?( very much)?|ok(ay)?|bye)\W*",
    re.IGNORECASE,
)
_PHOTOS_REFUSED = timedelta(minutes=10)
_PRIVATE_PLACES = {"site:genital": "genital area"}
"""What the agent's question where it is was answered by button, in words that `bot.children` knows."""


async def on_words(update: Update, context: Context) -> None:
    """A text message."""
    services = services_of(context)
    came = incoming(update)
    level = await answer_urgent(services, came)
    patient_id = await services.consenting_patient(came.chat_id)
    case = await in_thread(caseload.current_case, services.db, patient_id) if patient_id else None
    if await refused_for_a_child(services, came, case):
        return
    if unread := _unreadable(came.words):
        await send(services.bot, came.chat_id, message(unread.format(number=escape(services.number))))
    elif patient_id is None:
        if level is not TriageLevel.EMERGENCY:  # whoever cannot breathe is not asked to agree to terms
            await ask_consent(services, came.chat_id, sent_something=True)
    elif case is None or case.status is CaseStatus.FAILED:
        await _go_on_or_open(services, came, patient_id)
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
    if await refused_for_a_child(services, came, case):
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


async def refused_for_a_child(services: Services, came: Incoming, case: Case | None) -> bool:
    """Whether the words, and where there is a photo all that was said about it, speak of a child's private parts; then
    they are refused, and the case is erased.
    """
    with_photo = bool(case and case.photo_ids)
    if not await is_of_a_childs_private_parts(services, case, came.words, with_photo=with_photo):
        return False
    await refuse_childs_private_parts(services, came.chat_id, case, came.source)
    return True


async def is_of_a_childs_private_parts(
    services: Services, case: Case | None, words: str = "", *, with_photo: bool
) -> bool:
    """By the words and the age that was pressed; with a photo or a child also by all that was said before."""
    age = case.history.age if case else None
    under_age = age is not None and age < ADULT
    said = await in_thread(_said_before, services.db, case) if case and (with_photo or under_age) else ""
    return is_childs_private_parts(f"{said}\n{words}", with_photo=with_photo, under_age=under_age)


def _said_before(db: CaseDatabase, case: Case) -> str:
    """All that the patient wrote about the case, and where they pressed that it is."""
    pressed = (_PRIVATE_PLACES.get(answer, "") for answer in case.history.answers)
    return "\n".join((*written(db, case), *pressed))


def written(db: CaseDatabase, case: Case) -> list[str]:
    """All that the patient wrote about the case, as it came; words without a photo are the first turn too."""
    turns = [said.text for said in conversation.patient_texts(db, case.id)]
    return [case.words, *turns] if case.photo_ids else turns


async def refuse_childs_private_parts(services: Services, chat_id: int, case: Case | None, source: str) -> None:
    """Refuse kindly, say whom to see, and erase the case that the update `source` is about; a photo that follows is not
    taken.
    """
    sentence = texts.CHILD_PRIVATE_PARTS.format(number=services.number)
    patient = await in_thread(patients.find_patient, services.db, chat_id)
    if patient is None:
        await send(services.bot, chat_id, message(escape(sentence)))
        return
    case_ids = [case.id] if case else []
    try:
        await in_thread(refuse, services.db, patient.id, case_ids, sentence, _PHOTOS_REFUSED, source=source)
    except ErasureUnfinished:
        _log.error("a case of patient %d erased, files not cleaned yet: the hourly upkeep finishes it", patient.id)


async def _open(services: Services, came: Incoming, patient_id: int) -> None:
    if _GREETING.fullmatch(came.words):
        await send(services.bot, came.chat_id, message(texts.WELCOME_BACK))
        return
    case = await in_thread(caseload.open_case, services.db, patient_id, (), words=came.words, source=came.source)
    await open_card(services, case.id, came.message.message_id, enqueue_advise)


async def _go_on_or_open(services: Services, came: Incoming, patient_id: int) -> None:
    """No case is open: the words go on with an earlier one, or else open another."""
    cases = await in_thread(caseload.cases_of, services.db, patient_id)
    earlier = meant_earlier(came.words, cases)
    if earlier is None:
        await _open(services, came, patient_id)
    elif not await refused_for_a_child(services, came, earlier):
        await _say_which(services, came, earlier, texts.ABOUT_EARLIER_OR_NEW)
        await _ask_in(services, came, earlier)


async def _follow_up(services: Services, came: Incoming, current: Case) -> None:
    cases = await in_thread(caseload.cases_of, services.db, current.patient_id)
    case = meant(came.words, cases, current) if len(cases) > 1 else current
    if case.id != current.id:
        await _say_which(services, came, case, texts.ABOUT_EARLIER)
    await _ask_in(services, came, case)


async def _say_which(services: Services, came: Incoming, case: Case, text: str) -> None:
    about = escape(case.words[:80]) or texts.MEMORY_PHOTO
    note = text.format(day=f"{case.created:%d %B %Y}", about=about)
    await send(services.bot, came.chat_id, message(note), came.message.message_id)


async def _ask_in(services: Services, came: Incoming, case: Case) -> None:
    turn = await in_thread(conversation.say, services.db, case.id, came.words, source=came.source)
    if (right := told_again(came.words, case.history)) is not None:
        await in_thread(caseload.note_history, services.db, case.id, right)
    if case.status in UNADVISED:
        waits = texts.WAITS_FOR_PHOTO if case.photo_ids else texts.WAITS_FOR_ADVICE
        await send(services.bot, came.chat_id, message(waits), came.message.message_id)
        return  # answered when the advice is there
    await services.bot.send_chat_action(came.chat_id, ChatAction.TYPING)
    await in_thread(enqueue_reply, turn.id)
