"""What survives a restart: chats, messages, unconfirmed updates, files, pressed buttons, the bot's profile.

One SQLite file in WAL mode, written by one process; a committed row survives the process being killed. What people
say, their names and their files' names are sealed; what is deleted is overwritten, in the write-ahead log too.
Message ids and update ids only ever rise. Updates are kept until they are confirmed (Telegram drops them
after 24 hours).
"""

from __future__ import annotations

import gc
import hashlib
import hmac
import json
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from local.playground.places import chat_place, file_place, message_place, press_place, update_place
from local.playground.sealing import Seal
from local.playground.upgrade import seal_old_rows
from local.playground.wire import Json, file_ids

_SCHEMA = """
CREATE TABLE IF NOT EXISTS chats (
    chat_id INTEGER PRIMARY KEY,
    session_hash TEXT NOT NULL,
    user BLOB NOT NULL,
    blocked INTEGER NOT NULL DEFAULT 0,
    read_message_id INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS messages (
    message_id INTEGER PRIMARY KEY AUTOINCREMENT,
    chat_id INTEGER NOT NULL REFERENCES chats(chat_id) ON DELETE CASCADE,
    body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_by_chat ON messages (chat_id, message_id);
CREATE TABLE IF NOT EXISTS carried (
    message_id INTEGER NOT NULL REFERENCES messages(message_id) ON DELETE CASCADE,
    file_id TEXT NOT NULL,
    PRIMARY KEY (message_id, file_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS carried_by_file ON carried (file_id);
CREATE TABLE IF NOT EXISTS updates (
    update_id INTEGER PRIMARY KEY AUTOINCREMENT,
    chat_id INTEGER NOT NULL REFERENCES chats(chat_id) ON DELETE CASCADE,
    message_id INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS updates_by_chat ON updates (chat_id, update_id);
CREATE TABLE IF NOT EXISTS files (
    file_id TEXT PRIMARY KEY,
    chat_id INTEGER NOT NULL REFERENCES chats(chat_id) ON DELETE CASCADE,
    path TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    described BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS files_by_chat ON files (chat_id);
CREATE TABLE IF NOT EXISTS presses (
    callback_query_id TEXT PRIMARY KEY,
    chat_id INTEGER NOT NULL REFERENCES chats(chat_id) ON DELETE CASCADE,
    answer BLOB
);
CREATE TABLE IF NOT EXISTS profile (key TEXT PRIMARY KEY, value TEXT NOT NULL);
-- A bot drops update ids it has seen: a playground that was wiped must not count from 1 again.
INSERT INTO sqlite_sequence (name, seq)
    SELECT 'updates', strftime('%s', 'now') WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'updates');
"""


_CHECKPOINT_TRIES = 20


@dataclass(frozen=True)
class Chat:
    """A private chat: the patient's `User` object, whether they blocked the bot, what the bot has read."""

    chat_id: int
    user: Json
    blocked: bool
    read_message_id: int


@dataclass(frozen=True)
class StoredFile:
    """One file: `path` below the data folder; `media` is what a message that carries it contains.

    `kind` is photo, document or thumbnail. `media` of a photo is the list of its sizes, of a document the
    `Document` object, of a thumbnail its `PhotoSize`.
    """

    file_id: str
    chat_id: int
    path: str
    mime: str
    name: str
    kind: str
    media: list[Json] | Json


@dataclass(frozen=True)
class PendingUpdate:
    """An update the bot has not confirmed; `body` lacks only the `update_id`."""

    update_id: int
    chat_id: int
    message_id: int
    body: Json

    def as_json(self) -> Json:
        """The `Update` as it travels."""
        return {"update_id": self.update_id, **self.body}


class Store:
    """The database. Every method is one transaction; use it from one thread."""

    def __init__(self, file: Path, seal: Seal) -> None:
        file.touch(mode=0o600)
        self._seal = seal
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level="IMMEDIATE")
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("PRAGMA foreign_keys=ON")
        self._db.execute("PRAGMA secure_delete=ON")
        seal_old_rows(self._db, seal)
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the database file."""
        self._db.close()

    # Chats

    def open_chat(self, user: Json, session: str) -> None:
        """Record a new chat; of the session token only a hash is kept."""
        with self._db:
            self._db.execute(
                "INSERT INTO chats (chat_id, session_hash, user) VALUES (?, ?, ?)",
                (user["id"], _hash(session), self._seal.seal_json(user, chat_place(user["id"]))),
            )

    def chat(self, chat_id: int) -> Chat | None:
        """The chat, or None where there is none of that id."""
        row = self._db.execute(
            "SELECT chat_id, user, blocked, read_message_id FROM chats WHERE chat_id = ?", (chat_id,)
        ).fetchone()
        if row is None:
            return None
        return Chat(row[0], self._seal.open_json(row[1], chat_place(chat_id)), bool(row[2]), row[3])

    def chat_count(self) -> int:
        """How many chats there are."""
        return int(self._db.execute("SELECT count(*) FROM chats").fetchone()[0])

    def session_fits(self, chat_id: int, session: str) -> bool:
        """Whether `session` is the chat's token; compared in constant time."""
        row = self._db.execute("SELECT session_hash FROM chats WHERE chat_id = ?", (chat_id,)).fetchone()
        return row is not None and hmac.compare_digest(row[0], _hash(session))

    def set_blocked(self, chat_id: int, blocked: bool) -> None:
        """Record that the patient blocked or unblocked the bot."""
        with self._db:
            self._db.execute("UPDATE chats SET blocked = ? WHERE chat_id = ?", (blocked, chat_id))

    def forget(self, chat_id: int) -> list[str]:
        """Delete everything of a chat; returns the paths of the files to delete."""
        with self._db:
            paths = [row[0] for row in self._db.execute("SELECT path FROM files WHERE chat_id = ?", (chat_id,))]
            self._db.execute("DELETE FROM chats WHERE chat_id = ?", (chat_id,))
        self._empty_log()
        return paths

    def _empty_log(self) -> None:
        """Take what was deleted out of the write-ahead log too.

        A query that is still being read keeps the log locked: another thread's, or one that an error's traceback holds.
        """
        for _ in range(_CHECKPOINT_TRIES):
            try:
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                return
            except sqlite3.OperationalError:
                gc.collect()
                time.sleep(0.02)
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    # Messages

    def add_messages(
        self, chat_id: int, bodies: Iterable[Json], update: Callable[[Json], Json | None] | None = None
    ) -> list[Json]:
        """Store messages under new ids, each with its update where `update` makes one, in one transaction."""
        stored = []
        with self._db:
            for body in bodies:
                cursor = self._db.execute("INSERT INTO messages (chat_id, body) VALUES (?, '')", (chat_id,))
                message = {"message_id": cursor.lastrowid, **body}
                self._write(message)
                stored.append(message)
                if update is not None and (made := update(message)) is not None:
                    self._insert_update(chat_id, message["message_id"], made)
        return stored

    def message(self, chat_id: int, message_id: int) -> Json | None:
        """One message, or None where it does not exist."""
        row = self._db.execute(
            "SELECT body FROM messages WHERE chat_id = ? AND message_id = ?", (chat_id, message_id)
        ).fetchone()
        return None if row is None else self._seal.open_json(row[0], message_place(message_id))

    def replace_message(self, message: Json) -> None:
        """Store a changed message under its id."""
        with self._db:
            self._write(message)

    def delete_messages(self, chat_id: int, message_ids: Iterable[int]) -> tuple[list[int], list[str]]:
        """Delete messages, the files that no message carries any more, and old answers to pressed buttons.

        Returns the ids of those that were there, and the paths of the files to delete.
        """
        with self._db:
            gone = [
                message_id
                for message_id in message_ids
                if self._db.execute(
                    "DELETE FROM messages WHERE chat_id = ? AND message_id = ?", (chat_id, message_id)
                ).rowcount
            ]
            dropped = self._db.execute(
                "DELETE FROM files WHERE chat_id = ? AND file_id NOT IN (SELECT file_id FROM carried) RETURNING path",
                (chat_id,),
            ).fetchall()
            self._db.execute("DELETE FROM presses WHERE chat_id = ? AND answer IS NOT NULL", (chat_id,))
        self._empty_log()
        return gone, [path for (path,) in dropped]

    def history(self, chat_id: int, *, before: int | None = None, limit: int = 100) -> list[Json]:
        """The newest `limit` messages before an id, oldest first."""
        rows = self._db.execute(
            "SELECT message_id, body FROM messages WHERE chat_id = ? AND message_id < ?"
            " ORDER BY message_id DESC LIMIT ?",
            (chat_id, before if before is not None else 1 << 62, limit),
        ).fetchall()
        return [self._seal.open_json(body, message_place(message_id)) for message_id, body in reversed(rows)]

    def mentions_file(self, chat_id: int, file_id: str) -> bool:
        """Whether a message of the chat carries the file."""
        row = self._db.execute(
            "SELECT 1 FROM carried JOIN messages USING (message_id) WHERE chat_id = ? AND file_id = ?",
            (chat_id, file_id),
        ).fetchone()
        return row is not None

    def _write(self, message: Json) -> None:
        message_id = message["message_id"]
        sealed = self._seal.seal_json(message, message_place(message_id))
        self._db.execute("UPDATE messages SET body = ? WHERE message_id = ?", (sealed, message_id))
        self._db.execute("DELETE FROM carried WHERE message_id = ?", (message_id,))
        self._db.executemany(
            "INSERT INTO carried (message_id, file_id) VALUES (?, ?)",
            [(message_id, file_id) for file_id in file_ids(message)],
        )

    # Updates

    def add_update(self, chat_id: int, message_id: int, body: Json) -> None:
        """Queue an update for the bot."""
        with self._db:
            self._insert_update(chat_id, message_id, body)

    def _insert_update(self, chat_id: int, message_id: int, body: Json) -> None:
        self._db.execute(
            "INSERT INTO updates (chat_id, message_id, body) VALUES (?, ?, ?)",
            (chat_id, message_id, self._seal.seal_json(body, update_place(chat_id))),
        )

    def pending(self, *, limit: int = 100, chat_id: int | None = None) -> list[PendingUpdate]:
        """The oldest unconfirmed updates, of one chat or of all."""
        rows = self._db.execute(
            "SELECT update_id, chat_id, message_id, body FROM updates"
            " WHERE ?1 IS NULL OR chat_id = ?1 ORDER BY update_id LIMIT ?2",
            (chat_id, limit),
        ).fetchall()
        return [
            PendingUpdate(update_id, chat, message_id, self._seal.open_json(body, update_place(chat)))
            for update_id, chat, message_id, body in rows
        ]

    def chats_pending(self) -> list[int]:
        """The chats with unconfirmed updates, the longest waiting first."""
        rows = self._db.execute("SELECT chat_id FROM updates GROUP BY chat_id ORDER BY min(update_id)")
        return [row[0] for row in rows]

    def pending_count(self) -> int:
        """How many updates are unconfirmed."""
        return int(self._db.execute("SELECT count(*) FROM updates").fetchone()[0])

    def newest_update_ids(self, count: int) -> list[int]:
        """The ids of the newest `count` unconfirmed updates, oldest first."""
        rows = self._db.execute("SELECT update_id FROM updates ORDER BY update_id DESC LIMIT ?", (count,))
        return sorted(row[0] for row in rows)

    def confirm(self, *, below: int | None = None, exactly: int | None = None) -> list[tuple[int, int]]:
        """Delete updates below an id, or one; returns (chat_id, newest message_id the bot has now read)."""
        condition, value = ("update_id = ?", exactly) if exactly is not None else ("update_id < ?", below)
        with self._db:
            read = self._db.execute(
                f"SELECT chat_id, max(message_id) FROM updates WHERE {condition} GROUP BY chat_id", (value,)
            ).fetchall()
            self._db.execute(f"DELETE FROM updates WHERE {condition}", (value,))
            self._db.executemany(
                "UPDATE chats SET read_message_id = max(read_message_id, ?) WHERE chat_id = ?",
                [(message_id, chat_id) for chat_id, message_id in read],
            )
        return [(chat_id, message_id) for chat_id, message_id in read]

    # Files

    def add_files(self, files: Iterable[StoredFile]) -> None:
        """Record files already written to disk."""
        with self._db:
            self._db.executemany(
                "INSERT INTO files (file_id, chat_id, path, kind, described) VALUES (?,?,?,?,?)",
                [
                    (
                        item.file_id,
                        item.chat_id,
                        item.path,
                        item.kind,
                        self._seal.seal_json(
                            {"mime": item.mime, "name": item.name, "media": item.media}, file_place(item.file_id)
                        ),
                    )
                    for item in files
                ],
            )

    def paths(self) -> set[str]:
        """The paths of all files."""
        return {path for (path,) in self._db.execute("SELECT path FROM files")}

    def file(self, *, file_id: str | None = None, path: str | None = None) -> StoredFile | None:
        """A file by its id or by its path; None where there is none."""
        row = self._db.execute(
            "SELECT file_id, chat_id, path, kind, described FROM files WHERE file_id = ? OR path = ?",
            (file_id, path),
        ).fetchone()
        if row is None:
            return None
        file_id, chat_id, path, kind, described = row
        told = self._seal.open_json(described, file_place(file_id))
        return StoredFile(file_id, chat_id, path, told["mime"], told["name"], kind, told["media"])

    # Pressed buttons

    def add_press(self, callback_query_id: str, chat_id: int, message_id: int, update: Json | None) -> None:
        """Record a pressed button and queue its update."""
        with self._db:
            self._db.execute(
                "INSERT INTO presses (callback_query_id, chat_id) VALUES (?, ?)", (callback_query_id, chat_id)
            )
            if update is not None:
                self._insert_update(chat_id, message_id, update)

    def answer_press(self, callback_query_id: str, answer: Json) -> int | None:
        """Record the bot's answer; the chat it belongs to, or None if there is no such open query."""
        with self._db:
            row = self._db.execute(
                "UPDATE presses SET answer = ? WHERE callback_query_id = ? AND answer IS NULL RETURNING chat_id",
                (self._seal.seal_json(answer, press_place(callback_query_id)), callback_query_id),
            ).fetchone()
        return None if row is None else int(row[0])

    def press_answer(self, chat_id: int, callback_query_id: str) -> Json | None:
        """The bot's answer to a pressed button, or None while there is none."""
        row = self._db.execute(
            "SELECT answer FROM presses WHERE callback_query_id = ? AND chat_id = ?",
            (callback_query_id, chat_id),
        ).fetchone()
        if row is None or row[0] is None:
            return None
        answer: Json = self._seal.open_json(row[0], press_place(callback_query_id))
        return answer

    # The bot's profile: names, descriptions, commands, webhook

    def profile(self, key: str) -> Json | None:
        """A value of the bot's profile, or None where it was never set."""
        row = self._db.execute("SELECT value FROM profile WHERE key = ?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def set_profile(self, key: str, value: Json | None) -> None:
        """Set a value of the bot's profile, or delete it with None."""
        with self._db:
            if value is None:
                self._db.execute("DELETE FROM profile WHERE key = ?", (key,))
            else:
                self._db.execute(
                    "INSERT INTO profile (key, value) VALUES (?, ?)"
                    " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                    (key, json.dumps(value)),
                )


def _hash(session: str) -> str:
    return hashlib.sha256(session.encode()).hexdigest()
