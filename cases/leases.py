"""Leases: one process at a time works under a name; a process that died loses its lease when the time is up.

The clocks of all machines that share a database must agree to within a second or so (NTP).
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from sqlalchemy import ColumnElement, Exists, delete, exists, literal, select

from cases import metrics
from cases.database import CaseDatabase
from cases.errors import DatabaseUnavailable, LeaseLost, LeaseTaken
from cases.tables import LeaseRow

CALLED: Final = "first"
"""The owner of what `first` notes."""
_log = logging.getLogger(__name__)


def case_lease_name(case_id: str) -> str:
    """Held while a case is examined or advised."""
    return f"case:{case_id}"


def chat_lease_name(chat_id: int | str) -> str:
    """Held while a chat is answered."""
    return f"chat:{chat_id}"


def inbox_lease_name(chat_id: int) -> str:
    """Held by the bot that deals with a chat's updates."""
    return f"inbox:{chat_id}"


def card_lease_name(case_id: str) -> str:
    """Held while a case is shown in its chat for the first time."""
    return f"card:{case_id}"


def overlay_lease_name(case_id: str) -> str:
    """Held while the picture of what the model looked at is made."""
    return f"overlay:{case_id}"


class Lease:
    """A lease that is held; got from `lease`."""

    def __init__(self, db: CaseDatabase, name: str, owner: str, seconds: float) -> None:
        self.name = name
        self.owner = owner
        self._db = db
        self._seconds = seconds
        self._token = uuid4().hex

    def renew(self, seconds: float | None = None) -> None:
        """Hold it for `seconds` (as long as at first) from now on. Raises LeaseLost where it was taken or
        forgotten.
        """
        with self._db.write() as session:
            row = session.scalar(select(LeaseRow).where(LeaseRow.name == self.name, LeaseRow.token == self._token))
            if row is None:
                raise LeaseLost(f"The lease {self.name} is no longer held by {self.owner}: stop this work.")
            row.expires = self._db.now() + timedelta(seconds=self._seconds if seconds is None else seconds)

    def _take(self) -> None:
        with self._db.write() as session:
            now = self._db.now()
            row = session.get(LeaseRow, self.name)
            if row is not None and row.expires > now:
                left = (row.expires - now).total_seconds()
                raise LeaseTaken(f"{self.name} is being worked on by {row.owner}, for {left:.0f} s at most.")
            if row is None:
                row = LeaseRow(name=self.name)
                session.add(row)
            else:
                metrics.TAKEN_OVER.labels(self.name.partition(":")[0]).inc()
            row.owner = self.owner
            row.token = self._token
            row.expires = now + timedelta(seconds=self._seconds)

    def _release(self) -> None:
        with self._db.write() as session:
            session.execute(delete(LeaseRow).where(LeaseRow.name == self.name, LeaseRow.token == self._token))


@contextmanager
def lease(db: CaseDatabase, name: str, owner: str, seconds: float) -> Iterator[Lease]:
    """Hold `name` ("case:<id>", "chat:<chat_id>") inside the block, for `seconds` at most unless renewed.

    Not even the same owner gets it twice at a time. Raises LeaseTaken.
    """
    held = Lease(db, name, owner, seconds)
    held._take()
    try:
        yield held
    finally:
        try:
            held._release()
        except DatabaseUnavailable:  # the work is done all the same, and the lease ends by itself
            _log.warning("lease %s not given back: it ends by itself within %g s", name, seconds)


def is_held(db: CaseDatabase, name: str) -> bool:
    """Whether somebody holds a live lease on `name`."""
    with db.read() as session:
        return bool(session.scalar(select(is_leased(literal(name), db.now()))))


def first(db: CaseDatabase, name: str, seconds: float, caller: str | None = None) -> bool:
    """Whether nobody but this `caller` called `name` within the last `seconds`: a lease that is not given back.

    What has run out is taken away. Raises DatabaseUnavailable.
    """
    with db.write() as session:
        now = db.now()
        session.execute(delete(LeaseRow).where(LeaseRow.owner == CALLED, LeaseRow.expires <= now))
        called = session.get(LeaseRow, f"{CALLED}:{name}")
        if called is not None:
            return called.token == caller
        expires = now + timedelta(seconds=seconds)
        session.add(LeaseRow(name=f"{CALLED}:{name}", owner=CALLED, token=caller or uuid4().hex, expires=expires))
        return True


def is_leased(name: ColumnElement[str], now: datetime) -> Exists:
    """SQL: somebody holds a live lease on this name."""
    return exists().where(LeaseRow.name == name, LeaseRow.expires > now)
