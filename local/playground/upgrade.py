"""Playgrounds of version 0.1 kept chats and files in clear: at the first start of this version they are sealed."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from local.playground.places import chat_place, content_place, file_place, message_place, press_place, update_place
from local.playground.sealing import HEAD_BYTES, Seal
from local.playground.wire import file_ids

_SEALED_SINCE = 1  # PRAGMA user_version


def seal_old_rows(db: sqlite3.Connection, seal: Seal) -> None:
    """Seal what version 0.1 wrote, all of it or nothing; a new or sealed database is only marked."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version >= _SEALED_SINCE:
        return
    old = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'chats'").fetchone() is not None
    with db:
        db.execute("BEGIN IMMEDIATE")
        if old:
            _seal_rows(db, seal)
        db.execute(f"PRAGMA user_version = {_SEALED_SINCE}")
    if old:
        db.execute("VACUUM")  # no word stays in a page that was rewritten
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _seal_rows(db: sqlite3.Connection, seal: Seal) -> None:
    def sealed(text: str, place: str) -> bytes:
        return seal.seal_json(json.loads(text), place)

    for chat_id, user in db.execute("SELECT chat_id, user FROM chats").fetchall():
        db.execute("UPDATE chats SET user = ? WHERE chat_id = ?", (sealed(user, chat_place(chat_id)), chat_id))
    db.execute(
        "CREATE TABLE carried (message_id INTEGER NOT NULL REFERENCES messages(message_id) ON DELETE CASCADE,"
        " file_id TEXT NOT NULL, PRIMARY KEY (message_id, file_id)) WITHOUT ROWID"
    )
    for message_id, body in db.execute("SELECT message_id, body FROM messages").fetchall():
        new = sealed(body, message_place(message_id))
        db.execute("UPDATE messages SET body = ? WHERE message_id = ?", (new, message_id))
        carried = [(message_id, file_id) for file_id in file_ids(json.loads(body))]
        db.executemany("INSERT INTO carried VALUES (?, ?)", carried)
    for update_id, chat_id, body in db.execute("SELECT update_id, chat_id, body FROM updates").fetchall():
        db.execute("UPDATE updates SET body = ? WHERE update_id = ?", (sealed(body, update_place(chat_id)), update_id))
    for query_id, answer in db.execute(
        "SELECT callback_query_id, answer FROM presses WHERE answer NOT NULL"
    ).fetchall():
        new = sealed(answer, press_place(query_id))
        db.execute("UPDATE presses SET answer = ? WHERE callback_query_id = ?", (new, query_id))
    db.execute("ALTER TABLE files ADD COLUMN described BLOB NOT NULL DEFAULT ''")
    for file_id, mime, name, media in db.execute("SELECT file_id, mime, name, media FROM files").fetchall():
        told = seal.seal_json({"mime": mime, "name": name, "media": json.loads(media)}, file_place(file_id))
        db.execute("UPDATE files SET described = ? WHERE file_id = ?", (told, file_id))
    for column in ("mime", "name", "media"):
        db.execute(f"ALTER TABLE files DROP COLUMN {column}")


def seal_old_files(root: Path, seal: Seal) -> None:
    """Seal the files that version 0.1 wrote; those that are sealed stay as they are."""
    for file in filter(Path.is_file, root.rglob("*")):
        with file.open("rb") as opened:
            if seal.fits(opened.read(HEAD_BYTES)):
                continue
        draft = file.with_name(f"{file.name}.draft")
        draft.write_bytes(seal.seal(file.read_bytes(), content_place(str(file.relative_to(root)))))
        draft.replace(file)
