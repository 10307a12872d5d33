"""The history of the library's tables: Alembic migrations in `knowledge/migrations`, one process at a time, and who may
use which revision.

The rule is that of the patients' record (docs/OPERATE.md): a migration only adds, so that programs of the version
before go on while machines are upgraded one by one; one that takes something away says `contract = True`, and older
programs then refuse. Revisions are numbers, so the newer is the greater.
"""

import fcntl
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, inspect, select

from knowledge.errors import LibraryUnavailable
from knowledge.tables import schema_support

MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK: Final = 0x6C69626D
_NEWER: Final = (
    "a newer version of this program made the library; install that version, or restore a copy made before the upgrade"
)

_log = logging.getLogger(__name__)


def prepare(engine: Engine, *, may_migrate: bool) -> None:
    """See that this program can use the tables: upgrade them, or go on with newer ones that allow it.

    Raises LibraryUnavailable, SQLAlchemy's errors, and OSError for the lock's file.
    """
    with migrating(engine) as connection:
        now, head = revision(connection), revisions()[0]
        if now is not None and now not in revisions():
            _share(connection, now, head)
        elif now != head:
            if not may_migrate:
                raise LibraryUnavailable(
                    f"the library is at revision {now or 'none'} and this program needs {head}; "
                    "run `./run knowledge migrate` once, then start again"
                )
            upgrade(connection)


@contextmanager
def migrating(engine: Engine) -> Iterator[Connection]:
    """A connection, alone among all processes, on which the tables may be changed."""
    # What another process migrated while this one waited must be seen, so no snapshot from before.
    options: dict[str, Any] = {} if engine.dialect.name == "sqlite" else {"isolation_level": "READ COMMITTED"}
    with _sole_migrator(engine), engine.connect().execution_options(**options) as connection:
        yield connection


def upgrade(connection: Connection, to: str = "head") -> None:
    """Bring the tables up to revision `to`, in one transaction. Raises LibraryUnavailable."""
    _run(command.upgrade, connection, to)


def downgrade(connection: Connection, to: str) -> None:
    """Take the tables back to revision `to`; what only newer ones hold is lost. Raises LibraryUnavailable."""
    _run(command.downgrade, connection, to)


def revision(connection: Connection) -> str | None:
    """The revision the tables are at; None where there are none."""
    options = {"version_table": version_table(connection.engine)}
    found = MigrationContext.configure(connection, opts=options).get_current_revision()
    connection.rollback()  # the look began a transaction
    return found


def revisions() -> list[str]:
    """All revisions this program has, the newest first."""
    return [step.revision for step in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]


def version_table(engine: Engine) -> str:
    """Where the form's number is kept. A Postgres database may hold other rooms' tables, with a number of their own."""
    return "alembic_version" if engine.dialect.name == "sqlite" else "library_version"


def _run(step: Callable[[Config, str], None], connection: Connection, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        step(config, to)
    except CommandError as error:
        raise LibraryUnavailable(_NEWER) from error
    _note_support(connection)


def _note_support(connection: Connection) -> None:
    """Leave word for older programs: they may go on unless they lack a revision that took something away."""
    now = revision(connection)
    with connection.begin():
        if not inspect(connection).has_table(schema_support.name):
            return
        steps = list(ScriptDirectory(str(MIGRATIONS)).iterate_revisions(now or "base", "base"))
        oldest = next((step for step in steps if getattr(step.module, "contract", False)), steps[-1])
        connection.execute(schema_support.delete())
        connection.execute(schema_support.insert().values(id=1, oldest=oldest.revision))


def _share(connection: Connection, now: str, head: str) -> None:
    """A newer program has upgraded the tables: go on if they only grew."""
    oldest = None
    with connection.begin():
        if inspect(connection).has_table(schema_support.name):
            oldest = connection.execute(select(schema_support.c.oldest)).scalar()
    if oldest is None or head < oldest:
        raise LibraryUnavailable(_NEWER)
    _log.warning("the library is at revision %s, newer than this program (%s), which may go on", now, head)


@contextmanager
def _sole_migrator(engine: Engine) -> Iterator[None]:
    """Several processes start at once."""
    if engine.dialect.name == "sqlite":
        # SQLite's own lock does not span the steps of a migration.
        with Path(engine.url.database or "knowledge.db").with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({_MIGRATION_LOCK})")
        try:
            yield
        finally:
            connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_MIGRATION_LOCK})")
