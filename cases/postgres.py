"""How a connection to Postgres behaves: it notices a dead server, and a dead or stuck client holds up nobody for long.

One writer at a time (see `cases.database`) makes a forgotten connection costly: a machine that lost its power keeps
the writers' lock until the server notices. So the server is told, for each session, to look for the client soon.
Source: https://www.postgresql.org/docs/15/runtime-config-connection.html and …/runtime-config-client.html
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection

_CONNECT_SECONDS: Final = 5
_STATEMENT_SECONDS: Final = 60
_IDLE_SECONDS: Final = 60
"""Longest silence inside a transaction: its writer is stuck, and its lease long over."""
_LOST_SECONDS: Final = 20
"""A peer that answers nothing for so long is gone."""


def connect_args(wait_seconds: int) -> dict[str, Any]:
    """psycopg's arguments; a writer waits `wait_seconds` for its turn."""
    session = {
        "lock_timeout": f"{wait_seconds}s",
        "statement_timeout": f"{_STATEMENT_SECONDS}s",
        "idle_in_transaction_session_timeout": f"{_IDLE_SECONDS}s",
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "2",
        "tcp_user_timeout": f"{_LOST_SECONDS}s",
    }
    return {
        "connect_timeout": _CONNECT_SECONDS,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 2,
        "tcp_user_timeout": _LOST_SECONDS * 1000,
        "application_name": "skingpt",
        "options": " ".join(f"-c {name}={value}" for name, value in session.items()),
    }


@contextmanager
def unhurried(connection: Connection) -> Iterator[None]:
    """Inside the block a statement may take as long as it takes: a migration, a VACUUM. Nothing on SQLite."""
    if connection.dialect.name == "sqlite":
        yield
        return
    connection.exec_driver_sql("SET statement_timeout = 0")
    yield
    # Where the block failed the connection is given up or rolled back, and the setting with it.
    connection.exec_driver_sql("RESET statement_timeout")
