"""The library as the bot has it open, and who may change it: asked anew at every action."""

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from telegram import Update

from knowledge import people
from knowledge.errors import LibraryUnavailable
from knowledge.people import Dermatologist

if TYPE_CHECKING:
    from knowledge.library import Library
    from knowledge.search import Search
    from knowledge.settings import KnowledgeSettings
    from knowledge.submissions import Submissions

_log = logging.getLogger(__name__)

_PATIENCE: Final = 15.0
"""Seconds for the list to answer: a patient's words may be waiting for it."""


@dataclass(frozen=True)
class Opened:
    """The library and the search in it."""

    library: "Library"
    search: "Search"

    @property
    def submissions(self) -> "Submissions":
        """The documents on their way into it."""
        from knowledge.submissions import Submissions

        return Submissions(self.library)


class Desk:
    """Opens the library at first use. What blocks is called in a thread."""

    def __init__(self, open_library: Callable[[], Opened]) -> None:
        """`open_library`: tried again at every use until it succeeds."""
        self._open = open_library
        self._lock = threading.Lock()
        self._opened: Opened | None = None

    def opened(self) -> Opened:
        """The library. Raises LibraryUnavailable."""
        with self._lock:
            if self._opened is None:
                self._opened = self._open()
            return self._opened

    def close(self) -> None:
        """Gives its connections back."""
        with self._lock:
            if self._opened is not None:
                self._opened.library.close()
                self._opened = None

    async def dermatologist(self, update: Update) -> Dermatologist | None:
        """Who sent this or pressed, if they may change the library now; nobody may while it cannot be asked."""
        try:
            return await self.listed(update)
        except LibraryUnavailable as error:
            _log.error("nobody counts as a dermatologist: %s", type(error).__name__)
            return None

    async def listed(self, update: Update) -> Dermatologist | None:
        """The same, where nobody must be told that they are not on the list while it cannot be asked.

        Raises:
            LibraryUnavailable: it cannot.
        """
        if update.effective_user is None:
            return None
        try:
            return await asyncio.wait_for(asyncio.to_thread(self._find, update.effective_user.id), _PATIENCE)
        except TimeoutError:
            raise LibraryUnavailable(f"the list of dermatologists did not answer within {_PATIENCE:.0f} s") from None

    def _find(self, user_id: int) -> Dermatologist | None:
        return people.find(self.opened().library.engine, user_id)


def open_with(settings: "KnowledgeSettings") -> Opened:
    """The library at the settings' addresses. Raises LibraryUnavailable."""
    # Imported here: a bot whose patients send no documents need not wait for Chroma's client at its start.
    from knowledge.embedding import RemoteEmbedder
    from knowledge.library import open_library
    from knowledge.search import Search

    embedder = RemoteEmbedder(settings.embedder_url)
    library = open_library(settings, embedder)
    return Opened(library, Search(library, embedder))
