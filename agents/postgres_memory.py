"""The agent's memory in Postgres, shared by all agent workers.

LangGraph's saver seals lists and objects through the serializer, but keeps bare strings and numbers of a checkpoint in
plain JSON; a channel of words is therefore refused here.
Source: langgraph-checkpoint-postgres, `PostgresSaver.put`.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.serde.base import SerializerProtocol
from psycopg import Connection, Cursor
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

from agents.errors import MemoryUnreadable
from cases.postgres import connect_args

_WAIT_SECONDS: Final = 30
_SETUP_LOCK: Final = 0x6D656D6F
_SEALED: Final = ("checkpoint_blobs", "checkpoint_writes")
_NODE_NAMES: Final = frozenset({"jump_to"})
"""Channels whose strings are LangChain's own names of steps."""


class PostgresMemory(PostgresSaver):
    """The saver with a pool of connections that are looked at before use. Raises MemoryUnreadable."""

    def __init__(self, pool: ConnectionPool[Connection[DictRow]], serializer: SerializerProtocol) -> None:
        super().__init__(pool, serde=serializer)

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint. MemoryUnreadable: a part of it would lie open in the database."""
        open_words = [
            channel
            for channel, value in checkpoint["channel_values"].items()
            if isinstance(value, str) and channel not in _NODE_NAMES
        ]
        if open_words:
            raise MemoryUnreadable(f"The channel {open_words[0]} would be stored unsealed: keep it in an object.")
        return super().put(config, checkpoint, metadata, new_versions)

    def threads(self) -> list[str]:
        """The ids of all threads that are remembered."""
        with self._cursor() as cursor:
            rows = cursor.execute("SELECT DISTINCT thread_id FROM checkpoints").fetchall()
        return [str(row["thread_id"]) for row in rows]

    def reseal(self, cipher: str, anew: Callable[[bytes], bytes | None]) -> int:
        """Put `anew(value)`, unless it is None, in the place of every value that `cipher` sealed; how many were.

        One transaction for each case: it holds up the worker of that case alone.
        """
        return sum(self._reseal_thread(table, thread, cipher, anew) for thread in self.threads() for table in _SEALED)

    def _reseal_thread(self, table: str, thread: str, cipher: str, anew: Callable[[bytes], bytes | None]) -> int:
        sealed = f"SELECT ctid::text, blob FROM {table} WHERE thread_id = %s AND type LIKE %s FOR UPDATE"
        done = 0
        with self._cursor() as cursor, cursor.connection.transaction():
            for row in cursor.execute(sealed, (thread, f"%+{cipher}")).fetchall():
                value = anew(bytes(row["blob"]))
                if value is not None:
                    cursor.execute(f"UPDATE {table} SET blob = %s WHERE ctid = %s::tid", (value, row["ctid"]))
                    done += 1
        return done

    @contextmanager
    def _cursor(self, *, pipeline: bool = False) -> Iterator[Cursor[DictRow]]:
        try:
            with super()._cursor(pipeline=pipeline) as cursor:
                yield cursor
        except psycopg.Error as error:
            raise MemoryUnreadable(
                f"The agent's memory failed ({type(error).__name__}): see that the server at SKINGPT_MEMORY_URL is up."
            ) from None


def open_postgres_memory(address: str, serializer: SerializerProtocol) -> PostgresMemory:
    """The memory in the database at `address`; makes its tables, whoever else does so at the same time.

    Raises MemoryUnreadable: the server is not there, or does not let us in.
    """
    options: dict[str, Any] = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    pool: ConnectionPool[Connection[DictRow]] = ConnectionPool(
        address,
        kwargs={**connect_args(_WAIT_SECONDS), **options},
        min_size=1,
        max_size=4,
        timeout=_WAIT_SECONDS,
        check=ConnectionPool.check_connection,
        open=False,
        name="agent-memory",
    )
    memory = PostgresMemory(pool, serializer)
    try:
        pool.open(wait=True, timeout=_WAIT_SECONDS)
        with _sole_maker(pool):
            memory.setup()
    except (psycopg.Error, MemoryUnreadable) as error:
        pool.close()
        raise MemoryUnreadable(
            f"The agent's memory cannot be opened ({type(error).__name__}): see that the server at "
            "SKINGPT_MEMORY_URL is up and lets this user make tables."
        ) from None
    return memory


@contextmanager
def _sole_maker(pool: ConnectionPool[Connection[DictRow]]) -> Iterator[None]:
    """One process at a time makes the tables.

    Whoever waits asks again and again instead of waiting inside a statement: an index that is built CONCURRENTLY waits
    for all statements that began before it, so the two would wait for each other.
    """
    deadline = time.monotonic() + _WAIT_SECONDS
    with pool.connection() as connection:
        while not _lock(connection):
            if time.monotonic() > deadline:
                raise psycopg.errors.LockNotAvailable("another process makes the tables")
            time.sleep(0.1)
        try:
            yield
        finally:
            connection.execute("SELECT pg_advisory_unlock(%s)", (_SETUP_LOCK,))


def _lock(connection: Connection[DictRow]) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s) AS held", (_SETUP_LOCK,)).fetchone()
    return bool(row and row["held"])
