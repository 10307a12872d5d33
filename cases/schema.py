"""The tables' history: Alembic migrations in `cases/migrations`, run to the newest by every process that
opens the database.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Connection

from cases.errors import DatabaseUnavailable, SchemaUnknown

MIGRATIONS = Path(__file__).parent / "migrations"


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


def upgrade(connection: Connection) -> None:
    """Bring the tables to the newest revision, inside the connection's transaction. Raises SchemaUnknown."""
    try:
        command.upgrade(config(connection), "head")
    except CommandError:
        raise SchemaUnknown(
            "The case database was made by a newer version of this program: install that version, "
            "or restore a copy made before the upgrade."
        ) from None


def config(connection: Connection) -> Config:
    """Alembic's configuration for this room, on an open connection."""
    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    settings.attributes["connection"] = connection
    return settings
