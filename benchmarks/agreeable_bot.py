"""The real application over a record on disk, with a Bot API that agrees to everything; nothing leaves the process."""

import asyncio
import base64
import io
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from telegram.error import TelegramError
from telegram.ext import CallbackContext
from telegram.request import BaseRequest, RequestData

from bot import pace
from bot.application import BotApplication, build, services_for
from bot.attempts import Attempts
from bot.decoding import Decoders
from bot.errors import PhotoRefused, UpdateUnreadable
from bot.guidelines.desk import Desk, open_with
from bot.inbox import InboxQueue
from bot.intake import take_in
from bot.order import ChatOrder
from bot.reading import update_of
from bot.settings import BotSettings
from cases import consent, patients
from cases.database import open_cases
from cases.settings import CasesSettings
from knowledge.settings import KnowledgeSettings

_CHAT = {"id": 7, "type": "private"}
_RESULTS: dict[str, Any] = {
    "getMe": {"id": 1, "is_bot": True, "first_name": "SkinGPT", "username": "skingpt_bot"},
    "sendMessage": {"message_id": 5, "date": 1_700_000_000, "chat": _CHAT, "text": "x"},
    "editMessageText": {"message_id": 5, "date": 1_700_000_000, "chat": _CHAT, "text": "x"},
    "sendDocument": {"message_id": 5, "date": 1_700_000_000, "chat": _CHAT},
    "getFile": {"file_id": "f", "file_unique_id": "f", "file_path": "https://127.0.0.1/photo"},
}
_HANDLERS = {"words": ("advise", "reply"), "photos": ("examine",), "pressed": ("advise",), "data": ("forget",)}


class _Agreeable(BaseRequest):
    """Answers every call as a Bot API in good mood would."""

    def __init__(self) -> None:
        noise = np.random.default_rng(1).normal(0, 9, (200, 200, 1))
        out = io.BytesIO()
        Image.fromarray(np.clip(np.array((205, 160, 130)) + noise, 0, 255).astype("uint8")).save(out, "JPEG")
        self._photo = out.getvalue()

    @property
    def read_timeout(self) -> float | None:
        return 1.0

    async def initialize(self) -> None:
        pass

    async def shutdown(self) -> None:
        pass

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *_: Any, **__: Any
    ) -> tuple[int, bytes]:
        name = url.rsplit("/", 1)[-1]
        if name == "photo":
            return 200, self._photo
        return 200, json.dumps({"ok": True, "result": _RESULTS.get(name, True)}).encode()


class _InProcess(Decoders):
    """Decodes in this process: the decoder has a target of its own."""

    async def take_in(self, data: bytes) -> bytes:
        return take_in(data)


class AgreeableHouse:
    """Deals with one update at a time; whatever goes wrong inside a handler comes out."""

    def __init__(self, application: BotApplication) -> None:
        self._application = application
        self._failure: Exception | None = None
        application.error_handlers = {self._failed: True}

    @classmethod
    async def open(cls, folder: Path) -> "AgreeableHouse":
        """A house with one patient, who has agreed."""
        for module, names in _HANDLERS.items():
            handlers = __import__(f"bot.handlers.{module}", fromlist=["_"])
            for name in names:
                setattr(handlers, f"enqueue_{name}", lambda _: True)
        pace.PER_CHAT, pace.BURST, pace.OVERALL = 1e9, 10**9, 1e9
        key = base64.urlsafe_b64encode(b"k" * 32).decode()
        db = open_cases(CasesSettings(data=folder, key=key))
        consent.give(db, patients.patient_of_chat(db, 7).id, consent.Purpose.CARE)
        settings = BotSettings()
        queue = InboxQueue(db)
        application = build(settings, queue, db, ChatOrder(queue), asyncio.Event())
        agreeable = _Agreeable()
        application.bot._request = (agreeable, agreeable)
        await application.initialize()
        attempts = Attempts(application.bot, db, settings.emergency_number, application.process_update)
        desk = Desk(partial(open_with, KnowledgeSettings(data=folder)))
        services_for(settings, db, application, attempts, _InProcess(), desk).put_into(application.bot_data)
        return cls(application)

    async def _failed(self, _: object, context: CallbackContext[Any, Any, Any, Any]) -> None:
        if isinstance(context.error, Exception) and not isinstance(context.error, TelegramError | PhotoRefused):
            self._failure = context.error

    async def deal(self, payload: bytes) -> None:
        """Deal with the update in `payload`, if it is one. Raises whatever a handler could not cope with."""
        try:
            update = update_of(payload, self._application.bot)
        except UpdateUnreadable:
            return
        self._failure = None
        await self._application.process_update(update)
        if self._failure is not None:
            raise self._failure
