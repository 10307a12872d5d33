"""The tables' history: Alembic migrations in `cases/migrations`, and who may use which revision.

A migration only adds tables and nullable columns, so that programs of the version before go on while machines are
upgraded one by one; one that takes something away says `contract = True`, and older programs then refuse. Revisions
are numbers, so the newer is the greater.
"""

import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, inspect, select
from sqlalchemy import Table as SqlTable

from cases.errors import DatabaseUnavailable, SchemaOutdated, SchemaUnknown
from cases.tables import SchemaSupportRow

MIGRATIONS = Path(__file__).parent / "migrations"

_log = logging.getLogger(__name__)

_NEWER = (
    "The case database was made by a newer version of this program: install that version, "
    "or restore a copy made before the upgrade."
)
_SUPPORT = cast(SqlTable, SchemaSupportRow.__table__)


@contextmanager
def schema_lock(url: URL) -> Iterator[None]:
    """One process at a time looks after the tables.

    A SQLite file gets a lock file beside it, and is made for its owner alone (mode 0600). In Postgres the
    transaction's own lock is enough. Raises DatabaseUnavailable.
    """
    if url.get_backend_name() != "sqlite":
        yield
        return
    if not url.database or url.database == ":memory:":
        raise DatabaseUnavailable("SKINGPT_CASES_URL must name a file, so that several processes can share it.")
    path = Path(url.database)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        lock = os.open(path.with_name(f"{path.name}.lock"), os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise DatabaseUnavailable(
            f"{path} cannot be made or written ({error.strerror}): choose another place."
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def prepare(connection: Connection, *, may_migrate: bool) -> None:
    """See that this program can use the tables: upgrade them, or go on with newer ones that allow it.

    Raises SchemaUnknown, SchemaOutdated.
    """
    now, scripts = revision(connection), _scripts(connection)
    if now is not None and now not in revisions():
        _share(connection, scripts, now)
    elif now != scripts.get_current_head():
        if not may_migrate:
            raise SchemaOutdated(
                f"The case database is at revision {now or 'none'}, this program needs "
                f"{scripts.get_current_head()}: run `./run cases migrate` once, then start again."
            )
        upgrade(connection)


def upgrade(connection: Connection, to: str = "head") -> None:
    """Bring the tables up to revision `to`, inside the connection's transaction. Raises SchemaUnknown."""
    _run(command.upgrade, connection, to)


def downgrade(connection: Connection, to: str) -> None:
    """Take the tables back to revision `to` ("base": to nothing); what only newer ones hold is lost.

    Raises SchemaUnknown.
    """
    _run(command.downgrade, connection, to)


def revision(connection: Connection) -> str | None:
    """The revision the tables are at; None where there are none."""
    return MigrationContext.configure(connection).get_current_revision()


def revisions() -> list[str]:
    """All revisions this program has, the newest first."""
    return [step.revision for step in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]


def missing(connection: Connection) -> list[str]:
    """The revisions this program has and the tables do not, oldest first. Raises SchemaUnknown."""
    scripts = _scripts(connection)
    try:
        steps = scripts.iterate_revisions("head", revision(connection) or "base")
        return [step.revision for step in steps][::-1]
    except CommandError:
        raise SchemaUnknown(_NEWER) from None


def config(connection: Connection) -> Config:
    """Alembic's configuration for this room, on an open connection."""
    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    settings.attributes["connection"] = connection
    return settings


def _run(step: Callable[[Config, str], None], connection: Connection, to: str) -> None:
    try:
        step(config(connection), to)
    except CommandError:
        raise SchemaUnknown(_NEWER) from None
    _note_support(connection)


def _scripts(connection: Connection) -> ScriptDirectory:
    return ScriptDirectory.from_config(config(connection))


def _note_support(connection: Connection) -> None:
    """Leave word for older programs: they may go on unless they lack a revision that took something away."""
    if not inspect(connection).has_table(_SUPPORT.name):
        return
    scripts = _scripts(connection)
    steps = list(scripts.iterate_revisions(revision(connection) or "base", "base"))
    oldest = next((step for step in steps if getattr(step.module, "contract", False)), steps[-1])
    connection.execute(_SUPPORT.delete())
    connection.execute(_SUPPORT.insert().values(id=1, oldest=oldest.revision))


def _share(connection: Connection, scripts: ScriptDirectory, now: str) -> None:
    """A newer program has upgraded the tables: go on if they only grew."""
    head = scripts.get_current_head() or ""
    oldest = None
    if inspect(connection).has_table(_SUPPORT.name):
        oldest = connection.execute(select(_SUPPORT.c.oldest)).scalar()
    if oldest is None or head < oldest:
        raise SchemaUnknown(_NEWER)
    _log.warning("the case database is at revision %s, newer than this program (%s), which may go on", now, head)
