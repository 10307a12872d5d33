"""/new and /cases: the patient's questions, begun anew or looked up."""

from telegram import Update

from bot import texts
from bot.handlers.agreeing import ask_consent
from bot.handlers.incoming import incoming
from bot.message import message
from bot.rendering import render_cases
from bot.sending import send
from bot.services import Context, in_thread, services_of
from cases import caseload
from cases.database import CaseDatabase
from cases.refusing import take_photos_again

_LISTED = 20


async def new_question(update: Update, context: Context) -> None:
    """/new: the case so far is closed; the next photo or words open another."""
    services = services_of(context)
    chat_id = incoming(update).chat_id
    patient_id = await services.consenting_patient(chat_id)
    if patient_id is None:
        await ask_consent(services, chat_id)
        return

    def close(db: CaseDatabase) -> None:
        while case := caseload.current_case(db, patient_id):
            caseload.close(db, case.id)
        take_photos_again(db, patient_id)

    await in_thread(close, services.db)
    await send(services.bot, chat_id, message(texts.NEW))


async def list_cases(update: Update, context: Context) -> None:
    """/cases: the newest twenty."""
    services = services_of(context)
    chat_id = incoming(update).chat_id
    patient_id = await services.consenting_patient(chat_id)
    cases = await in_thread(caseload.cases_of, services.db, patient_id) if patient_id else []
    newest = list(reversed(cases))[:_LISTED]
    await send(services.bot, chat_id, render_cases(newest) if newest else message(texts.NO_CASES))
