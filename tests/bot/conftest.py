"""A bot at work: the real application polling a real playground, a real case database; only the queue is a list."""

import asyncio
import base64
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from bot.application import running
from bot.decoding import Decoders
from bot.guidelines.desk import Desk, Opened
from bot.settings import BotSettings
from cases import caseload, patients
from cases.database import CaseDatabase, open_cases
from cases.record import Case
from cases.settings import CasesSettings
from knowledge.settings import KnowledgeSettings
from local.playground.patient import Patient
from local.playground.server import serving
from local.playground.settings import PlaygroundSettings
from tests.bot.shelf import shelf

KEY = base64.urlsafe_b64encode(b"k" * 32).decode()


class _LastingDecoders(Decoders):
    """Decoder processes that outlive the bots of the tests: starting them takes longer than a test."""

    def close(self) -> None:
        """Stay."""


DECODERS = _LastingDecoders()


@dataclass
class House:
    """The playground's address, the record, and what the bot has queued."""

    url: str
    db: CaseDatabase
    folder: Path
    needs_approval: bool = False
    queued: list[tuple[str, Any]] = field(default_factory=list)

    @cached_property
    def library(self) -> Opened:
        """The library that the bot has open too."""
        return shelf(KnowledgeSettings(data=self.folder, library_second_approver=self.needs_approval))

    @contextlib.contextmanager
    def bot(self, **settings: Any) -> Iterator[None]:
        """The bot, in a thread with an event loop of its own."""
        chosen = BotSettings(bot_api=self.url, outbox_seconds=0.05, progress_seconds=0.2, album_seconds=0.4, **settings)
        loop = asyncio.new_event_loop()
        stop = asyncio.Event()
        started = threading.Event()
        failed: list[BaseException] = []

        async def serve() -> None:
            async with running(chosen, self.db, Desk(lambda: self.library)):
                started.set()
                await stop.wait()

        def work() -> None:
            try:
                loop.run_until_complete(serve())
            except BaseException as error:
                failed.append(error)
                started.set()

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        started.wait(20)
        if failed:
            raise failed[0]
        try:
            yield
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join(20)
            loop.close()
            if failed:
                raise failed[0]

    def cases_of(self, chat_id: int) -> list[Case]:
        """The stored cases of a chat."""
        patient = patients.find_patient(self.db, chat_id)
        return caseload.cases_of(self.db, patient.id) if patient else []


@contextlib.contextmanager
def _house(folder: Path, *, needs_approval: bool = False) -> Iterator[House]:
    db = open_cases(CasesSettings(data=folder / "var", key=KEY))
    with serving(PlaygroundSettings(port=0, data=folder / "playground")) as url, pytest.MonkeyPatch.context() as patch:
        house = House(url, db, folder / "var", needs_approval)
        for module, names in {
            "words": ("advise", "reply"),
            "photos": ("examine",),
            "pressed": ("advise",),
            "data": ("forget",),
            "memory": ("advise", "forget"),
            "explaining": ("explain",),
            "guidelines_documents": ("read",),
            "guidelines_pressed": ("read",),
        }.items():
            for name in names:
                patch.setattr(
                    f"bot.handlers.{module}.enqueue_{name}",
                    lambda identifier, name=name: house.queued.append((name, identifier)) or True,
                )
        patch.setattr("bot.application.Decoders", lambda: DECODERS)
        # Tests are impatient; the limits themselves are tested with the clock in hand.
        patch.setattr("bot.pace.PER_CHAT", 1000.0)
        patch.setattr("bot.pace.BURST", 1000)
        yield house
    db.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house of its own, with no bot started yet."""
    with _house(tmp_path) as house:
        yield house


@pytest.fixture
def approving_house(tmp_path: Path) -> Iterator[House]:
    """A house where a second dermatologist must approve what is published, with no bot started yet."""
    with _house(tmp_path, needs_approval=True) as house:
        yield house


@pytest.fixture(scope="module")
def shared_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with its bot running, shared by the tests of a file: each test is another patient."""
    with _house(tmp_path_factory.mktemp("house")) as house, house.bot():
        yield house


@pytest.fixture
def patient(shared_house: House) -> Iterator[Patient]:
    """Somebody new in the chat, who has not agreed to anything."""
    with Patient.open(shared_house.url) as someone:
        yield someone


def agree(patient: Patient) -> None:
    """Give consent."""
    patient.start()
    asked = patient.wait_for(lambda sent: "Is that all right with you?" in sent["text"])
    patient.press("Yes, I agree")
    patient.wait_for(lambda sent: "Now send me a photo" in sent["text"], after=asked["message_id"])


@pytest.fixture
def agreed(patient: Patient) -> Patient:
    """Somebody new in the chat, who has agreed."""
    agree(patient)
    return patient


@pytest.fixture(scope="module")
def keeps_nothing(shared_house: House) -> Iterator[Patient]:
    """One patient who agreed, for all that leaves no case: consent is not what is tested."""
    with Patient.open(shared_house.url) as someone:
        agree(someone)
        yield someone
