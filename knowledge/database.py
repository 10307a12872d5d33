"""Opens the library's SQLite database: migrates it to the newest form and sets how transactions begin.

Readers never wait for a writer (WAL); writers take turns (`BEGIN IMMEDIATE`), so a publication and a rebuild
of the index cannot overlap. The notes on pysqlite's transactions are at
https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#pysqlite-serializable.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import SQLAlchemyError

from knowledge.errors import LibraryUnavailable
from knowledge.settings import KnowledgeSettings

MIGRATIONS = Path(__file__).parent / "migrations"
PATIENCE = 60.0
"""Seconds a writer waits for its turn: rebuilding a large index holds it longest."""


def open_database(settings: KnowledgeSettings) -> Engine:
    """The engine of the migrated database. Raises LibraryUnavailable."""
    url = make_url(settings.database_url)
    path = Path(url.database or "knowledge.db")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, connect_args={"timeout": PATIENCE})
        _set_transactions(engine)
        with _sole_migrator(path):
            _migrate(engine)
    except (OSError, SQLAlchemyError) as error:
        remedy = "check that the folder is writable and SKINGPT_KNOWLEDGE_URL is right"
        raise LibraryUnavailable(f"the library's database {path} cannot be opened; {remedy}") from error
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the library. Raises LibraryUnavailable."""
    with _mapped_errors(), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that holds the only right to write from its beginning. Raises LibraryUnavailable."""
    with (
        _mapped_errors(),
        engine.connect().execution_options(begin_mode="IMMEDIATE") as connection,
        connection.begin(),
    ):
        yield connection


@contextmanager
def _mapped_errors() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        # The cause's own message would repeat the words that were searched for.
        problem = f"the library's database failed ({type(error).__name__})"
        raise LibraryUnavailable(f"{problem}; check its folder and free space, then try again") from None


def _set_transactions(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def connected(connection: Any, record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")  # Safe with WAL; a power cut may undo the last publication.
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin_mode', 'DEFERRED')}")


@contextmanager
def _sole_migrator(path: Path) -> Iterator[None]:
    # Several processes start at once; SQLite's own lock does not span the steps of a migration.
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _migrate(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
