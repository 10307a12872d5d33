"""Waiting cases say where they stand: their cards are drawn again when the queue moves on."""

import asyncio
import logging
from datetime import timedelta

from telegram.error import Forbidden, TelegramError

from bot.cards import Cards
from cases import caseload
from cases.database import CaseDatabase
from cases.errors import CaseNotFound, CasesError
from cases.record import UNADVISED

_log = logging.getLogger(__name__)


class Progress:
    """Watches the cases whose cards are still to change."""

    def __init__(self, db: CaseDatabase, cards: Cards, seconds: float) -> None:
        """`seconds`: pause between two looks."""
        self._db = db
        self._cards = cards
        self._seconds = seconds
        self._watched: set[str] = set()
        self._resumed = False

    def watch(self, case_id: str) -> None:
        """Keep the card of this case up to date until it has its answer."""
        self._watched.add(case_id)

    async def run(self) -> None:
        """Look for ever; begins with the cases that waited when the bot stopped."""
        while True:
            if not self._resumed:
                await self._resume()
            await asyncio.sleep(self._seconds)
            for case_id in list(self._watched):
                await self._look(case_id)

    async def _resume(self) -> None:
        try:
            waiting = await asyncio.to_thread(caseload.unfinished, self._db, timedelta(0))
        except CasesError as error:
            _log.error("waiting cases not found yet: %s", type(error).__name__)
            return
        self._resumed = True
        self._watched.update(case_id for case_id, _ in waiting)

    async def _look(self, case_id: str) -> None:
        try:
            # Also when it has its answer: another bot may have drawn that, and this one a stage after it.
            case = await self._cards.show(case_id)
            waits = case.advice is None or case.advice.revision < case.history_revision
            if case.status in UNADVISED and waits:
                return
        except (CaseNotFound, Forbidden):
            pass  # erased, or blocked: nothing to show any more
        except (CasesError, TelegramError) as error:
            _log.warning("card of %s not drawn: %s", case_id, type(error).__name__)
            return
        self._watched.discard(case_id)
