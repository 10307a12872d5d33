"""Saying a thing once: ten videos of one album get one sentence, and a hundred photos in a minute one plea.

What was said is known to every bot that shares the record, for a while and by a hash alone.
"""

import asyncio
import hashlib
from collections.abc import Hashable

from cases import leases
from cases.database import CaseDatabase


class Once:
    """Remembers for a while what was said, in the record."""

    def __init__(self, db: CaseDatabase, seconds: float) -> None:
        """`seconds`: after so long, the same may be said again."""
        self._db = db
        self._seconds = seconds

    async def first(self, *what: Hashable, source: str | None = None) -> bool:
        """Whether `what` was not said lately; it counts as said from now on. The same `source`, an update that is dealt
        with again because it could not be said, is as good as the first time. Raises DatabaseUnavailable.
        """
        caller = None if source is None else _hash(source)
        return await asyncio.to_thread(leases.first, self._db, _hash(what), self._seconds, caller)


def _hash(what: Hashable) -> str:
    return hashlib.sha256(repr(what).encode()).hexdigest()[:32]
