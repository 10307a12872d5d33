"""The patient's data: /privacy, /export, /forget, and consent taken back."""

import asyncio
import logging

from telegram import Update

from bot import texts
from bot.emptying import empty_chat
from bot.handlers.incoming import incoming
from bot.message import Message, escape, message
from bot.presses import PressKind, button
from bot.sending import send
from bot.services import Context, Services, in_thread, services_of
from cases import caseload, consent, patients
from cases.consent import Purpose
from cases.database import CaseDatabase
from cases.errors import ErasureUnfinished
from worker.enqueue import enqueue_forget

_log = logging.getLogger(__name__)

MAX_DOCUMENT = 50 * 1024 * 1024
"""Bytes of the largest file a bot may send."""
_ERASURE_TRIES = 5


async def privacy(update: Update, context: Context) -> None:
    """/privacy: what is stored, and the choices."""
    services = services_of(context)
    chat_id = incoming(update).chat_id
    await send(services.bot, chat_id, await in_thread(_privacy, services, chat_id))


def _privacy(services: Services, chat_id: int) -> Message:
    patient = patients.find_patient(services.db, chat_id)
    care = patient is not None and consent.has(services.db, patient.id, Purpose.CARE)
    research = patient is not None and consent.has(services.db, patient.id, Purpose.RESEARCH)
    text = texts.PRIVACY.format(
        care=texts.PRIVACY_CARE_ON if care else texts.PRIVACY_CARE_OFF,
        research=texts.PRIVACY_RESEARCH_ON if research else texts.PRIVACY_RESEARCH_OFF,
        clinician=escape(services.settings.clinician or texts.NO_CLINICIAN),
    )
    if not care:
        return message(text)
    label = texts.RESEARCH_OFF_BUTTON if research else texts.RESEARCH_ON_BUTTON
    switch = button(label, PressKind.RESEARCH, value="off" if research else "on")
    return message(text, [[switch], [button(texts.WITHDRAW_BUTTON, PressKind.WITHDRAW)]])


async def switch_research(services: Services, chat_id: int, allowed: bool) -> Message:
    """Give or take back consent to research; the privacy page as it reads now."""

    def switch(db: CaseDatabase) -> None:
        patient = patients.find_patient(db, chat_id)
        if patient and allowed and consent.has(db, patient.id, Purpose.CARE):
            consent.give(db, patient.id, Purpose.RESEARCH)
        elif patient:
            consent.withdraw(db, patient.id, Purpose.RESEARCH)

    await in_thread(switch, services.db)
    return await in_thread(_privacy, services, chat_id)


async def withdraw(services: Services, chat_id: int) -> None:
    """Take back every consent; what is stored stays until it is erased."""

    def take_back(db: CaseDatabase) -> None:
        if patient := patients.find_patient(db, chat_id):
            for purpose in Purpose:
                consent.withdraw(db, patient.id, purpose)

    await in_thread(take_back, services.db)
    await send(services.bot, chat_id, message(texts.WITHDRAWN))


async def export(update: Update, context: Context) -> None:
    """/export: everything that is stored, as a zip file."""
    services = services_of(context)
    chat_id = incoming(update).chat_id
    patient = await in_thread(patients.find_patient, services.db, chat_id)
    if patient is None:
        await send(services.bot, chat_id, message(texts.NOTHING_STORED))
        return
    archive = await in_thread(patients.export, services.db, patient.id)
    if len(archive) > MAX_DOCUMENT:
        await send(services.bot, chat_id, message(texts.EXPORT_TOO_BIG))
        return
    await services.bot.send_document(chat_id, archive, caption=texts.EXPORT_CAPTION, filename=("skingpt-your-data.zip"))


async def ask_forget(update: Update, context: Context) -> None:
    """/forget: ask once more."""
    services = services_of(context)
    chat_id = incoming(update).chat_id
    if await in_thread(patients.find_patient, services.db, chat_id) is None:
        await send(services.bot, chat_id, message(texts.NOTHING_STORED))
        return
    yes = button(texts.FORGET_YES, PressKind.FORGET, value="yes")
    no = button(texts.FORGET_NO, PressKind.FORGET, value="no")
    await send(services.bot, chat_id, message(texts.FORGET_ASK, [[yes], [no]]))


async def forget(services: Services, chat_id: int, confirmed: bool) -> None:
    """Erase the patient, or do not."""
    if not confirmed:
        await send(services.bot, chat_id, message(texts.NOT_FORGOTTEN))
        return
    patient = await in_thread(patients.find_patient, services.db, chat_id)
    if patient is None:
        await send(services.bot, chat_id, message(texts.NOTHING_STORED))
        return
    cases = await in_thread(caseload.cases_of, services.db, patient.id)
    emptied = await empty_chat(services, chat_id)  # first: the record knows which messages there are
    rows = await _erase(services, patient.id)
    for case in cases:
        await in_thread(enqueue_forget, case.id)
    chat = texts.CHAT_EMPTIED if emptied else texts.CHAT_LEFT
    await send(services.bot, chat_id, message(texts.FORGOTTEN.format(rows=rows, chat=chat)))


async def _erase(services: Services, patient_id: int) -> int:
    """Rows erased. The rows go at the first try; cleaning the files may have to wait for another process."""
    rows = 0
    for attempt in range(1, _ERASURE_TRIES + 1):
        try:
            erasure = await in_thread(patients.forget, services.db, patient_id)
        except ErasureUnfinished:
            if attempt == _ERASURE_TRIES:
                _log.error("patient %d erased, files not cleaned yet: the hourly upkeep finishes it", patient_id)
                return rows
            await asyncio.sleep(attempt)
            continue
        return rows + sum(erasure.counts.values())
    return rows
