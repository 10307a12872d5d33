"""What `./run doctor` asks of the patient's record: the key, the tables, who is at work, what waits.

Nothing is changed by looking.
"""

import stat
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import inspect, make_url
from sqlalchemy.exc import ArgumentError

from cases import schema
from cases.damage import damaged_cases
from cases.database import KEY_CHECK, CaseDatabase, as_it_is
from cases.errors import CasesError, SchemaUnknown
from cases.heartbeat import SILENT, Heartbeat, heartbeats
from cases.keys import load_key
from cases.settings import CasesSettings
from cases.standing import Standing, Waiting, standing
from cases.tables import HeartbeatRow, KeyCheckRow
from checkup import Check, Finding, broken, warning, well

GONE: Final = timedelta(hours=1)
"""A process silent for so long was stopped on purpose, or replaced."""
SKEW_SECONDS: Final = 2.0
"""Leases of 30 s and more bear so much between two clocks."""
LONG: Final = 300.0
"""Seconds from which what waits is stuck."""
SINGLE: Final = frozenset({"sweep"})
"""Parts whose silence harms at once: without the sweep, lost work is not found again."""


def check_key(settings: CasesSettings) -> Sequence[Finding]:
    """Whether there is a key, readable by its owner alone, and kept away from what it seals."""
    try:
        load_key(settings)
    except CasesError as error:
        return [broken("key", *_parted(error))]
    if settings.key is not None:
        return [well("key", "The key is in SKINGPT_KEY.", source="variable")]
    path = settings.key_file.expanduser().resolve()
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        says = f"{path} can be read by others (mode {mode:o})."
        return [warning("key", says, f"Run: chmod 600 {path}", mode=f"{mode:o}")]
    return [well("key", "The key is there, and its owner alone may read it.", source="file")]


def check_database(settings: CasesSettings) -> Sequence[Finding]:
    """Whether the tables can be reached, are at this program's revision and open with this key."""
    if _is_new(settings):
        return [warning("cases", "There is no case database yet.", "Start once (./run up), or: ./run cases migrate")]
    try:
        with as_it_is(settings) as db:
            return [*_revision(db), *_key_row(db)]
    except CasesError as error:
        return [broken("cases", *_parted(error))]


def check_work(settings: CasesSettings) -> Sequence[Finding]:
    """Who gave a sign of life, whether their clocks agree, and what waits for too long."""
    if _is_new(settings):
        return []
    try:
        with as_it_is(settings) as db:
            with db.read() as session:
                if not inspect(session.connection()).has_table(HeartbeatRow.__tablename__):
                    return []  # `check_database` has said that the tables are old
            return [*_life(heartbeats(db), datetime.now(UTC)), *_stuck(standing(db)), *_damaged(db)]
    except CasesError as error:
        return [broken("work", *_parted(error))]


def _is_new(settings: CasesSettings) -> bool:
    try:
        url = make_url(settings.url)
    except ArgumentError:
        return False
    return url.get_backend_name() == "sqlite" and bool(url.database) and not Path(str(url.database)).exists()


def _revision(db: CaseDatabase) -> list[Finding]:
    with db.read() as session:
        at = schema.revision(session.connection())
        try:
            missing = schema.missing(session.connection())
        except SchemaUnknown as error:
            return [warning("cases", f"The tables are at revision {at}.", str(error), revision=at)]
    if missing:
        says = f"The tables are at revision {at or 'none'}; {', '.join(missing)} are missing."
        return [broken("cases", says, "Run: ./run cases migrate", revision=at, missing=len(missing))]
    return [well("cases", f"The case database answers and is at the newest revision, {at}.", revision=at)]


def _key_row(db: CaseDatabase) -> list[Finding]:
    with db.read() as session:
        sealed = session.get(KeyCheckRow, 1)
        if sealed is None:
            return []
    try:
        db.vault.open(sealed.sealed, KEY_CHECK)
    except CasesError:
        remedy = "Put the key back that the record was made with (SKINGPT_KEY or SKINGPT_KEY_FILE)."
        return [broken("key", "The key does not open the record.", remedy)]
    return [well("key", "The key opens the record.")]


def _life(beats: Sequence[Heartbeat], now: datetime) -> list[Finding]:
    found: list[Finding] = []
    for part in sorted({each.part for each in beats} | SINGLE):
        mine = [each for each in beats if each.part == part]
        alive = [each for each in mine if now - each.beat <= SILENT]
        lost = [each for each in mine if SILENT < now - each.beat <= GONE and each.machine not in _machines(alive)]
        if not alive:
            say = warning if part not in SINGLE and not lost else broken
            found.append(say(part, f"No {part} process gives a sign of life.", _start(part), alive=0))
            continue
        versions = sorted({each.version for each in alive})
        says = f"{len(alive)} alive, version {' and '.join(versions)}."
        found.append(well(part, says, alive=len(alive), versions=", ".join(versions)))
        found += [
            warning(part, f"{each.name} has been silent for {(now - each.beat).total_seconds():.0f} s.", _start(part))
            for each in lost
        ]
    off = [each for each in beats if now - each.beat <= SILENT and abs(each.skew) > SKEW_SECONDS]
    for machine, skew in sorted({(each.machine, each.skew) for each in off}):
        remedy = f"Set the clock of {machine} by NTP: leases and due times go by it."
        found.append(broken("clock", f"The clock of {machine} is {skew:+.1f} s off the database's.", remedy, skew=skew))
    return found


def _machines(beats: Sequence[Heartbeat]) -> set[str]:
    return {each.machine for each in beats}


def _start(part: str) -> str:
    return f"Start it (./run up, or its container), and look into the log of {part} for why it ended."


def _stuck(now: Standing) -> list[Finding]:
    waits = {
        "updates": (now.updates, "updates wait for the bot", "See that the bot lives; at its start it takes them up."),
        "photos": (now.photos, "cases wait for the model", "See that the model answers and a gpu worker lives."),
        "advice": (now.advice, "cases wait for advice", "See that an agent worker, Chroma and the embedder live."),
        "replies": (now.replies, "questions wait for an answer", "See that an agent worker lives."),
        "messages": (now.messages, "messages wait to be sent", "See that the bot lives and reaches Telegram."),
    }
    found = [_wait(part, *what) for part, what in waits.items()]
    if now.failed:
        says = f"{now.failed} cases of the last day ended in an apology."
        remedy = "Look for 'failed' in the logs of gpu and agent: each names the error and the case."
        found.append(warning("cases", says, remedy, failed=now.failed))
    if now.dropped:
        says = f"{now.dropped} messages of the last day were never delivered."
        remedy = "Most are patients who blocked the bot; look for 'given up' and 'refused' in the bot's log."
        found.append(warning("messages", says, remedy, dropped=now.dropped))
    return found


def _damaged(db: CaseDatabase) -> list[Finding]:
    damaged = damaged_cases(db)
    if not damaged:
        return []
    some = ", ".join(damaged[:5]) + (" …" if len(damaged) > 5 else "")
    says = f"The records of {len(damaged)} cases are damaged and cannot be opened: {some}."
    remedy = "Their patients got an apology. Look at the disk, and restore a backup elsewhere to read what they said."
    return [broken("cases", says, remedy, damaged=len(damaged))]


def _wait(part: str, waiting: Waiting, what: str, remedy: str) -> Finding:
    says = f"{waiting.count} {what}" + (f", the oldest for {waiting.oldest:.0f} s." if waiting.count else ".")
    if waiting.oldest > LONG:
        return broken(part, says, remedy, count=waiting.count, oldest=round(waiting.oldest))
    return well(part, says, count=waiting.count, oldest=round(waiting.oldest))


def _parted(error: CasesError) -> tuple[str, str]:
    """What happened, and the remedy: this room's messages say both, parted by a colon."""
    says, _, remedy = str(error).partition(": ")
    return f"{says.rstrip('.')}.", remedy[:1].upper() + remedy[1:]


CHECKS: Mapping[str, Check] = {
    "key": lambda: check_key(CasesSettings()),
    "cases": lambda: check_database(CasesSettings()),
    "work": lambda: check_work(CasesSettings()),
}
