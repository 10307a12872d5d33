"""Opens the library's database, SQLite (a file) or Postgres, and sets how transactions begin.

Readers see one state and never wait for a writer (SQLite's WAL, Postgres' repeatable read); writers take turns
(`BEGIN IMMEDIATE`, an advisory lock), so a publication and a rebuild of the index cannot overlap. The notes on
pysqlite's transactions are at
https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#pysqlite-serializable.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, FromClause, create_engine, event, make_url
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from knowledge.errors import LibraryUnavailable
from knowledge.schema import prepare
from knowledge.settings import KnowledgeSettings

PATIENCE: Final = 60
"""Seconds a writer waits for its turn: rebuilding a large index holds it longest."""
_WRITER: Final = "library_writer"
_WRITER_LOCK: Final = 0x6C696272
"""The number of Postgres' advisory lock. Rooms may share one database, so each room's number is its own."""


def open_database(settings: KnowledgeSettings) -> Engine:
    """The engine of a database whose tables this program can use. Raises LibraryUnavailable."""
    engine = connected(settings)
    with _openable(settings):
        prepare(engine, may_migrate=settings.migrate)
    return engine


def connected(settings: KnowledgeSettings) -> Engine:
    """The engine of the database, whatever tables it has. Raises LibraryUnavailable."""
    with _openable(settings):
        url = make_url(settings.database_url)
        return _sqlite(settings.database_url) if url.get_backend_name() == "sqlite" else _postgres(url)


@contextmanager
def _openable(settings: KnowledgeSettings) -> Iterator[None]:
    url = make_url(settings.database_url)
    place = url.database if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)
    try:
        yield
    except (OSError, ArgumentError, NoSuchModuleError, ModuleNotFoundError, SQLAlchemyError) as error:
        remedy = "check SKINGPT_KNOWLEDGE_URL, and that the folder is writable or the server and its driver are there"
        problem = f"the library's database {place} cannot be opened ({type(error).__name__})"
        raise LibraryUnavailable(f"{problem}; {remedy}") from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the library. Raises LibraryUnavailable."""
    with _mapped_errors(), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that holds the only right to write from its beginning. Raises LibraryUnavailable."""
    options: dict[str, Any] = {_WRITER: True}
    if engine.dialect.name != "sqlite":
        # A snapshot taken before the lock was granted would miss what the writer before wrote.
        options["isolation_level"] = "READ COMMITTED"
    with _mapped_errors(), engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


@contextmanager
def _mapped_errors() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        # The cause's own message would repeat the words that were searched for.
        problem = f"the library's database failed ({type(error).__name__})"
        raise LibraryUnavailable(f"{problem}; check that it has room and is reachable, then try again") from None


class _WithHints(SQLiteCompiler):
    """Writes a select's hints (`INDEXED BY`) behind the table's name, as SQLAlchemy does for others."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:
        """The hint as it is."""
        return text


def _sqlite(url: str) -> Engine:
    path = Path(make_url(url).database or "knowledge.db")
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": PATIENCE})
    engine.dialect.statement_compiler = _WithHints

    @event.listens_for(engine, "connect")
    def connected(connection: Any, record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")  # Safe with WAL; a power cut may undo the last publication.
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        writer = connection.get_execution_options().get(_WRITER, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")

    return engine


def _postgres(url: Any) -> Engine:
    engine = create_engine(url, isolation_level="REPEATABLE READ", pool_pre_ping=True, hide_parameters=True)

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        if connection.get_execution_options().get(_WRITER, False):
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{PATIENCE}s'")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})")

    return engine
