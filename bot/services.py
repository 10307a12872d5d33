"""What the handlers work with, made once when the bot starts."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from telegram import Bot
from telegram.ext import ContextTypes

from bot.albums import Albums
from bot.cards import Cards
from bot.decoding import Decoders
from bot.guidelines.cards import SubmissionCards
from bot.guidelines.desk import Desk
from bot.once import Once
from bot.progress import Progress
from bot.settings import BotSettings
from cases import consent, patients
from cases.consent import Purpose
from cases.database import CaseDatabase

_P = ParamSpec("_P")
_T = TypeVar("_T")

Context = ContextTypes.DEFAULT_TYPE
"""What the library hands to a handler."""

_KEY = "services"


@dataclass(frozen=True)
class Services:
    """The bot, the record, the library, the cards, and what watches over them."""

    bot: Bot
    db: CaseDatabase
    settings: BotSettings
    cards: Cards
    progress: Progress
    albums: Albums
    decoders: Decoders
    once: Once
    desk: Desk
    submission_cards: SubmissionCards

    @property
    def number(self) -> str:
        """The local emergency number."""
        return self.settings.emergency_number

    async def consenting_patient(self, chat_id: int) -> int | None:
        """The id of this chat's patient, if there is one who agreed to be treated; else nothing may be kept."""
        return await in_thread(_consenting_patient, self.db, chat_id)

    def put_into(self, data: dict[object, object]) -> None:
        """Store these services in the application's `bot_data`."""
        data[_KEY] = self


def services_of(context: Context) -> Services:
    """The services of this application."""
    services = context.bot_data[_KEY]
    assert isinstance(services, Services)
    return services


async def in_thread(function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Run a function of the record, which blocks, without holding up the other chats."""
    return await asyncio.to_thread(function, *args, **kwargs)


def _consenting_patient(db: CaseDatabase, chat_id: int) -> int | None:
    patient = patients.find_patient(db, chat_id)
    return patient.id if patient and consent.has(db, patient.id, Purpose.CARE) else None
