"""Brings the library's database to the newest form: the migrations of `knowledge/migrations`, one process at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine

from knowledge.errors import LibraryUnavailable

MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK: Final = 0x6C69626D


def migrate(engine: Engine) -> None:
    """Runs what is missing, in one transaction.

    Raises LibraryUnavailable for a library that a newer version made, SQLAlchemy's errors, and OSError for
    the lock's file.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    # What another process migrated while this one waited must be seen, so no snapshot from before.
    options: dict[str, Any] = {} if engine.dialect.name == "sqlite" else {"isolation_level": "READ COMMITTED"}
    with _sole_migrator(engine), engine.connect().execution_options(**options) as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            remedy = "install that version, or restore a copy made before the upgrade"
            raise LibraryUnavailable(f"a newer version of this program made the library; {remedy}") from error


def version_table(engine: Engine) -> str:
    """Where the form's number is kept. A Postgres database may hold other rooms' tables, with a number of their own."""
    return "alembic_version" if engine.dialect.name == "sqlite" else "library_version"


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
