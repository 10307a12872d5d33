"""Signs of life: every process that opens the record says now and then that it lives, where, and in which version.

So `./run doctor` sees all machines from any of them, and finds a machine whose clock is off, which leases cannot bear.
"""

import logging
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from cases.database import CaseDatabase
from cases.errors import CasesError
from cases.tables import HeartbeatRow

EVERY_SECONDS: Final = 15.0
SILENT: Final = timedelta(seconds=60)
"""A process that gave no sign for so long (four signs) is taken for dead."""
KNOWN: Final = timedelta(days=1)
"""How long a process that is gone is remembered."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The last sign of one process. `skew`: seconds its clock is ahead of the database's."""

    name: str
    part: str
    machine: str
    version: str
    started: datetime
    beat: datetime
    skew: float


def beat(db: CaseDatabase, part: str, name: str, started: datetime) -> None:
    """This process lives; who has been silent for a day is forgotten. Raises DatabaseUnavailable."""
    with db.write() as session:
        now = db.now()
        session.execute(delete(HeartbeatRow).where(HeartbeatRow.beat < now - KNOWN))
        row = session.get(HeartbeatRow, name) or HeartbeatRow(name=name)
        row.part, row.machine, row.version = part, socket.gethostname()[:128], version("skingpt")[:32]
        row.started, row.beat, row.skew = started, now, _skew(session, now)
        session.add(row)


def heartbeats(db: CaseDatabase) -> list[Heartbeat]:
    """All processes of the last day, by part, the liveliest first. Raises DatabaseUnavailable."""
    with db.read() as session:
        rows = session.scalars(select(HeartbeatRow).order_by(HeartbeatRow.part, HeartbeatRow.beat.desc()))
        return [
            Heartbeat(row.name, row.part, row.machine, row.version, row.started, row.beat, row.skew) for row in rows
        ]


def keep_beating(opened: Callable[[], CaseDatabase], part: str) -> None:
    """Give a sign of life every 15 s in the background, as long as this process lives. Call it after forking."""
    threading.Thread(target=_beat_for_ever, args=(opened, part), name="heartbeat", daemon=True).start()


def _beat_for_ever(opened: Callable[[], CaseDatabase], part: str) -> None:
    name = f"{part}@{socket.gethostname()[:128]}:{os.getpid()}"
    pause = threading.Event()
    started = None
    while True:
        try:
            db = opened()
            started = started or db.now()
            beat(db, part, name, started)
        except CasesError as error:
            _log.warning("no sign of life could be given: %s", type(error).__name__)
        pause.wait(EVERY_SECONDS)


def _skew(session: Session, now: datetime) -> float:
    """A SQLite file has no clock of its own: whoever opens it is on the same machine."""
    if session.get_bind().dialect.name == "sqlite":
        return 0.0
    there: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return round((now - there).total_seconds(), 3)
