"""The agent's memory: LangGraph's checkpoints in SQLite or Postgres, each sealed by the vault that seals the cases.

It is disposable: the cases hold what was said, and a lost memory is filled from them. Ids and times stay plain; no
word does.
Source: langgraph-checkpoint, `EncryptedSerializer` and `CipherProtocol`.
"""

import sqlite3
from pathlib import Path
from typing import Any, Protocol

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.base import CipherProtocol
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver

from agents.errors import MemoryUnreadable
from agents.settings import AgentSettings
from cases.errors import CasesError

_CIPHER = "vault"
_CONTEXT = "agents.memory"
_BUSY_SECONDS = 30
_SEALED_COLUMNS = (("checkpoints", "checkpoint"), ("writes", "value"))
_BATCH = 50
_REMEDY = "Give back the key it was written with, or delete the file: the cases hold what was said."


class SealingVault(Protocol):
    """What this file needs of `cases.vault.Vault`."""

    def seal(self, data: bytes, context: str) -> bytes:
        """Encrypted, with `context` as associated data."""

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypted; raises an error of `cases` with another key or context."""

    def is_newest(self, sealed: bytes) -> bool:
        """Whether the newest key sealed it."""


class VaultCipher(CipherProtocol):
    """LangGraph's cipher over the vault."""

    def __init__(self, vault: SealingVault) -> None:
        self._vault = vault

    def encrypt(self, plaintext: bytes) -> tuple[str, bytes]:
        """The cipher's name and the sealed bytes."""
        return _CIPHER, self._vault.seal(plaintext, _CONTEXT)

    def decrypt(self, ciphername: str, ciphertext: bytes) -> bytes:
        """The plain bytes. MemoryUnreadable: sealed by something else, or with another key."""
        if ciphername != _CIPHER:
            raise MemoryUnreadable(f"The agent's memory was not sealed by the vault. {_REMEDY}")
        try:
            return self._vault.open(ciphertext, _CONTEXT)
        except CasesError as error:
            raise MemoryUnreadable(f"The agent's memory was sealed with another key. {_REMEDY}") from error


class SealedSerializer(EncryptedSerializer):
    """Reads only what the vault sealed, and builds only the types of messages that LangGraph deems safe."""

    def __init__(self, vault: SealingVault) -> None:
        super().__init__(VaultCipher(vault), JsonPlusSerializer(allowed_msgpack_modules=None))

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """The object. MemoryUnreadable: a row that is not sealed, which nobody of ours has written."""
        if "+" not in data[0]:
            raise MemoryUnreadable(f"The agent's memory holds a row that is not sealed. {_REMEDY}")
        return super().loads_typed(data)


def open_memory(settings: AgentSettings, vault: SealingVault) -> BaseCheckpointSaver[str]:
    """The checkpointer; its file or tables are made at the first opening. MemoryUnreadable: it cannot be opened.

    Open it after a worker has forked, never before: connections cannot be carried over a fork.
    """
    if settings.memory_server is None:
        return _open_file(settings.memory_path, SealedSerializer(vault))
    # psycopg is installed only where Postgres is used.
    from agents.postgres_memory import open_postgres_memory

    return open_postgres_memory(settings.memory_server, SealedSerializer(vault))


def _open_file(path: Path, serializer: SealedSerializer) -> SqliteSaver:
    """With mode 0600."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=True)
    path.chmod(0o600)
    connection = sqlite3.connect(path, check_same_thread=False, timeout=_BUSY_SECONDS)
    try:
        connection.execute("PRAGMA secure_delete = ON")
        memory = SqliteSaver(connection, serde=serializer)
        memory.setup()
    except sqlite3.DatabaseError as error:
        connection.close()
        raise MemoryUnreadable(f"The agent's memory cannot be opened: {type(error).__name__}. {_REMEDY}") from error
    return memory


def close_memory(memory: BaseCheckpointSaver[str]) -> None:
    """Give its connections back."""
    memory.conn.close()  # type: ignore[attr-defined]  # both savers have one


def remembered_cases(memory: BaseCheckpointSaver[str]) -> list[str]:
    """The cases of which something is remembered."""
    if isinstance(memory, SqliteSaver):
        with memory.cursor(transaction=False) as cursor:
            return [str(case_id) for (case_id,) in cursor.execute("SELECT DISTINCT thread_id FROM checkpoints")]
    from agents.postgres_memory import PostgresMemory

    assert isinstance(memory, PostgresMemory)
    return memory.threads()


def reseal_memory(memory: BaseCheckpointSaver[str], vault: SealingVault) -> int:
    """Seal anew, under the vault's newest key, what an older one sealed; how many values. Raises MemoryUnreadable.

    In short transactions, beside a worker that uses the memory.
    """
    if isinstance(memory, SqliteSaver):
        return sum(_reseal_column(memory.conn, vault, *column) for column in _SEALED_COLUMNS)
    from agents.postgres_memory import PostgresMemory

    assert isinstance(memory, PostgresMemory)
    return memory.reseal(_CIPHER, lambda sealed: None if vault.is_newest(sealed) else _anew(vault, sealed))


def _anew(vault: SealingVault, sealed: bytes) -> bytes:
    cipher = VaultCipher(vault)
    return cipher.encrypt(cipher.decrypt(_CIPHER, sealed))[1]


def _reseal_column(connection: sqlite3.Connection, vault: SealingVault, table: str, column: str) -> int:
    done, last = 0, 0
    while True:
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            rows = connection.execute(
                f"SELECT rowid, {column} FROM {table} WHERE rowid > ? AND type LIKE '%+{_CIPHER}'"
                " ORDER BY rowid LIMIT ?",
                (last, _BATCH),
            ).fetchall()
            for number, sealed in rows:
                if not vault.is_newest(sealed):
                    connection.execute(
                        f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (_anew(vault, sealed), number)
                    )
                    done += 1
        if not rows:
            return done
        last = rows[-1][0]


def prune_case(memory: BaseCheckpointSaver[str], case_id: str) -> None:
    """Deletes what the agent remembers of a case beside the newest checkpoint, the only one that is ever read.

    In one transaction; the caller holds the lease of the chat. Raises MemoryUnreadable, sqlite3.Error: nothing was
    deleted, and the next pruning takes it along.
    """
    if not isinstance(memory, SqliteSaver):
        memory.prune([case_id])
        return
    newest = "SELECT max(checkpoint_id) FROM checkpoints WHERE thread_id = :case GROUP BY checkpoint_ns"
    with memory.lock, memory.conn as connection:
        connection.execute("BEGIN IMMEDIATE")
        for table in ("writes", "checkpoints"):
            connection.execute(
                f"DELETE FROM {table} WHERE thread_id = :case AND checkpoint_id NOT IN ({newest})", {"case": case_id}
            )


def forget_case(memory: BaseCheckpointSaver[str], case_id: str) -> None:
    """Erases all that the agent remembers of a case, also from SQLite's write-ahead log."""
    memory.delete_thread(case_id)
    if isinstance(memory, SqliteSaver):
        with memory.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
