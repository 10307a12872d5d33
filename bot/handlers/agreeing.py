"""/start and consent: nothing is kept before the patient has said yes."""

from telegram import Bot, Update

from bot import texts
from bot.guidelines import texts as library_texts
from bot.handlers.data import withdraw
from bot.handlers.incoming import incoming
from bot.message import escape, message
from bot.presses import PressKind, button
from bot.sending import send
from bot.services import Context, Services, in_thread, services_of
from cases import consent, patients
from cases.consent import Purpose
from cases.database import CaseDatabase


async def start(update: Update, context: Context) -> None:
    """/start: who this is; the question for consent, unless it was answered."""
    services = services_of(context)
    came = incoming(update)
    if await services.consenting_patient(came.chat_id) is None:
        await ask_consent(services, came.chat_id)
    else:
        await send(services.bot, came.chat_id, message(texts.WELCOME_BACK))


async def ask_consent(services: Services, chat_id: int, *, sent_something: bool = False) -> None:
    """Ask for consent; `sent_something`: begin with why what was just sent was not kept."""
    text = texts.CONSENT.format(number=escape(services.number))
    rows = [
        [button(texts.CONSENT_YES, PressKind.CONSENT, value="yes")],
        [button(texts.CONSENT_NO, PressKind.CONSENT, value="no")],
    ]
    await send(services.bot, chat_id, message((texts.CONSENT_FIRST if sent_something else "") + text, rows))


async def may_keep(services: Services, chat_id: int) -> bool:
    """Whether anything of this chat may be kept; if not, ask for consent."""
    if await services.consenting_patient(chat_id) is not None:
        return True
    await ask_consent(services, chat_id)
    return False


async def answer_consent(services: Services, chat_id: int, agreed: bool, language: str | None) -> None:
    """Note the consent, or that there is none: of whoever agreed before, it is withdrawn."""
    if agreed:
        await in_thread(_give, services.db, chat_id, language)
        await send(services.bot, chat_id, message(texts.CONSENT_GIVEN))
    elif await in_thread(patients.find_patient, services.db, chat_id):
        await withdraw(services, chat_id)
    else:
        await send(services.bot, chat_id, message(texts.CONSENT_REFUSED))


def _give(db: CaseDatabase, chat_id: int, language: str | None) -> None:
    patient = patients.patient_of_chat(db, chat_id, language)
    consent.give(db, patient.id, Purpose.CARE)


async def show_help(update: Update, context: Context) -> None:
    """/help: how to take a good photo; for dermatologists also how to keep the library."""
    services = services_of(context)
    chat_id = incoming(update).chat_id
    await send(services.bot, chat_id, message(texts.HELP.format(number=escape(services.number))))
    if await services.desk.dermatologist(update):
        await send(services.bot, chat_id, message(library_texts.HELP))


async def announce_commands(bot: Bot) -> None:
    """Tell Telegram the commands, so that they stand in the menu."""
    await bot.set_my_commands(list(texts.COMMANDS))
