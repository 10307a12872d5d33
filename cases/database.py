"""The database of the patient's record: SQLite (a file, many processes) or Postgres, one writer at a time.

One writer at a time is what makes every read-then-write of this room a compare-and-set: SQLite is told BEGIN
IMMEDIATE, and Postgres holds an advisory lock until the transaction ends. A transaction here takes about a
millisecond. A reader has one snapshot (Postgres: REPEATABLE READ); a writer's first look comes after the lock, so it
sees what the writer before it left (Postgres: READ COMMITTED).

Open it after a process has forked, never before: a SQLite connection must not be carried across a fork.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from cases import postgres
from cases.errors import DatabaseUnavailable
from cases.schema import prepare, schema_lock
from cases.settings import CasesSettings
from cases.tables import KeyCheckRow
from cases.vault import Vault, open_vault

WAIT_SECONDS: Final = 30
"""How long a writer waits for its turn before DatabaseUnavailable."""
_WRITER: Final = "cases_writer"
_NO_BEGIN: Final = "cases_no_begin"
_WRITER_LOCK: Final = 0x736B696E
KEY_CHECK: Final = "key check"
"""What the known text is bound to."""
_POSTGRES_READER: Final[dict[str, Any]] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


class CaseDatabase:
    """The open database; make it with `open_cases`. Safe to share between threads."""

    def __init__(self, engine: Engine, vault: Vault, clock: Callable[[], datetime] | None = None) -> None:
        self.engine = engine
        self.vault = vault
        self.now = clock or (lambda: datetime.now(UTC))
        reading = {} if engine.dialect.name == "sqlite" else _POSTGRES_READER
        self._readers = sessionmaker(engine.execution_options(**reading), expire_on_commit=False)
        self._writers = sessionmaker(engine.execution_options(**{_WRITER: True}), expire_on_commit=False)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent view. Raises DatabaseUnavailable."""
        with _vendor_errors_mapped(), self._readers.begin() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction, the only writer while it lasts. Raises DatabaseUnavailable."""
        with _vendor_errors_mapped(), self._writers.begin() as session:
            yield session

    @contextmanager
    def outside_transaction(self) -> Iterator[Connection]:
        """A connection for statements that no transaction may hold (VACUUM). Raises DatabaseUnavailable."""
        options: dict[str, Any] = {_NO_BEGIN: True}
        if self.engine.dialect.name != "sqlite":
            options["isolation_level"] = "AUTOCOMMIT"
        with (
            _vendor_errors_mapped(),
            self.engine.connect().execution_options(**options) as connection,
            postgres.unhurried(connection),
        ):
            yield connection

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def open_cases(settings: CasesSettings) -> CaseDatabase:
    """Open the database, make or upgrade its tables, and check that the key is the one it was made with.

    Several processes may do so at the same time. Raises KeyMissing, KeyInvalid, WrongKey,
    DatabaseUnavailable, SchemaUnknown, SchemaOutdated.
    """
    database, url = _planned(settings)
    try:
        with _vendor_errors_mapped(), schema_lock(url):
            if url.get_backend_name() == "sqlite":
                # Readers then never wait for the writer. The file keeps the mode.
                with database.outside_transaction() as connection:
                    connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            with _migrating(database) as connection:
                prepare(connection, may_migrate=settings.migrate)
            _check_key(database)
    except BaseException:
        database.close()
        raise
    return database


@contextmanager
def as_it_is(settings: CasesSettings) -> Iterator[CaseDatabase]:
    """The database with whatever tables it has, for looking at it: nothing is made, upgraded or checked.

    Raises KeyMissing, KeyInvalid, DatabaseUnavailable.
    """
    database, _ = _planned(settings)
    try:
        with _vendor_errors_mapped():
            yield database
    finally:
        database.close()


@contextmanager
def migrating(settings: CasesSettings) -> Iterator[Connection]:
    """One transaction, alone, in which the tables may be changed. Raises as `open_cases` does."""
    database, url = _planned(settings)
    try:
        with _vendor_errors_mapped(), schema_lock(url), _migrating(database) as connection:
            yield connection
    finally:
        database.close()


@contextmanager
def _migrating(database: CaseDatabase) -> Iterator[Connection]:
    writer = database.engine.execution_options(**{_WRITER: True})
    with writer.begin() as connection, postgres.unhurried(connection):
        yield connection


def _planned(settings: CasesSettings) -> tuple[CaseDatabase, URL]:
    """The database and its address; connects to nothing yet."""
    vault = open_vault(settings)
    try:
        url = make_url(settings.url)
        engine = create_engine(url, **_engine_options(url.get_backend_name()))
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise DatabaseUnavailable(
            f"SKINGPT_CASES_URL names no database that can be opened here ({type(error).__name__}): "
            "use sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME, and install its driver."
        ) from None
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin)
    return CaseDatabase(engine, vault), url


def _engine_options(backend: str) -> dict[str, Any]:
    connect_args = {"timeout": WAIT_SECONDS} if backend == "sqlite" else postgres.connect_args(WAIT_SECONDS)
    # A statement's values are sealed, but ids need not stand in an error message either.
    return {
        "connect_args": connect_args,
        "hide_parameters": True,
        "poolclass": QueuePool,
        "max_overflow": 30,
        "pool_timeout": WAIT_SECONDS,
        "pool_pre_ping": backend != "sqlite",
    }


def _set_up_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # The driver must not begin transactions by itself: `_begin` does.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("foreign_keys = ON", "secure_delete = ON", "synchronous = FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(_NO_BEGIN):
        return
    writer = options.get(_WRITER, False)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")
    elif writer:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})")


def _check_key(database: CaseDatabase) -> None:
    with database.write() as session:
        row = session.get(KeyCheckRow, 1)
        if row is None:
            session.add(KeyCheckRow(id=1, sealed=database.vault.seal(b"", KEY_CHECK)))
        else:
            database.vault.open(row.sealed, KEY_CHECK)


@contextmanager
def _vendor_errors_mapped() -> Iterator[None]:
    try:
        yield
    except PoolTimeout:
        raise DatabaseUnavailable(f"All connections were busy for {WAIT_SECONDS} s: try again.") from None
    except DBAPIError as error:
        raise DatabaseUnavailable(
            f"The database could not be used ({type(error.orig).__name__}): see that its disk or server "
            "is there, has room and is not held by another program, then try again."
        ) from error
