"""The playground's disk: nothing to read without the key, nothing left of what was deleted, old folders sealed.

Run: ``./run test tests/privacy/test_playground_at_rest.py``
"""

import base64
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from cases.keys import load_keys, new_key
from cases.rotation import data_key_place, reseal_data_keys
from cases.settings import CasesSettings
from cases.vault import Vault
from local.errors import KeyLost
from local.playground.patient import Patient
from local.playground.playground import Playground
from local.playground.server import serving
from local.playground.settings import PlaygroundSettings
from tests.privacy.planting import PLANTED, photo_with_words
from tests.privacy.traces import found_below, slices

BOT = "bot1:playground"


@pytest.fixture
def settings(tmp_path: Path) -> PlaygroundSettings:
    return PlaygroundSettings(port=0, data=tmp_path / "playground")


def call(address: str, method: str, **parameters: object) -> object:
    return httpx.post(f"{address}/{BOT}/{method}", json=parameters).json()["result"]


def live(address: str, tmp_path: Path) -> tuple[Patient, list[int], bytes]:
    """A patient who said and sent planted words, was answered, and had a button pressed."""
    photo = tmp_path / f"{PLANTED}.jpg"
    photo.write_bytes(photo_with_words(PLANTED))
    patient = Patient.open(address, first_name=PLANTED)
    sent = [patient.say(f"my {PLANTED} itches"), *patient.send_photo(photo, caption=PLANTED)]
    sent += patient.send_file(photo)
    markup = {"inline_keyboard": [[{"text": PLANTED, "callback_data": "x"}]]}
    asked = call(address, "sendMessage", chat_id=patient.chat_id, text=PLANTED, reply_markup=markup)
    assert isinstance(asked, dict)
    query = patient.press(PLANTED)
    call(address, "answerCallbackQuery", callback_query_id=query, text=PLANTED)
    return patient, [each["message_id"] for each in (*sent, asked)], photo.read_bytes()


def test_nothing_can_be_read_on_the_disk(settings: PlaygroundSettings, tmp_path: Path) -> None:
    with serving(settings) as address:
        patient, _, photo = live(address, tmp_path)
        shown = patient.messages()
        assert found_below(settings.data, [PLANTED], [photo]) == []
        patient.close()
    with serving(settings) as address, Patient(address, patient.chat_id, patient.session) as again:
        assert again.messages() == shown
        document = next(each["document"] for each in shown if "document" in each)
        assert document["file_name"] == f"{PLANTED}.jpg"
        path = call(address, "getFile", file_id=document["file_id"])["file_path"]  # type: ignore[index]
        assert httpx.get(f"{address}/file/{BOT}/{path}").content == photo
    assert found_below(settings.data, [PLANTED], [photo]) == []


def test_deleted_messages_leave_no_sealed_byte_and_others_stay(settings: PlaygroundSettings, tmp_path: Path) -> None:
    with serving(settings) as address:
        patient, message_ids, _ = live(address, tmp_path)
        with Patient.open(address) as other:
            kept = other.send_photo(Path("examples/mole.jpg"))
            call(address, "getUpdates", offset=2**31 - 1)  # the bot has fetched them all
            before = sealed_bytes(settings.data)
            call(address, "deleteMessages", chat_id=patient.chat_id, message_ids=message_ids)
            erased = before - sealed_bytes(settings.data)
            assert len(erased) > 50
            assert found_below(settings.data, [], list(erased)) == []
            assert patient.messages() == []
            assert [each["message_id"] for each in other.messages()] == [each["message_id"] for each in kept]
            largest = kept[0]["photo"][-1]["file_id"]
            path = call(address, "getFile", file_id=largest)["file_path"]  # type: ignore[index]
            assert httpx.get(f"{address}/file/{BOT}/{path}").content.startswith(b"\xff\xd8")
        patient.close()


def sealed_bytes(folder: Path) -> set[bytes]:
    """Pieces of all sealed rows of messages, files and presses, and of all sealed files."""
    with closing(sqlite3.connect(folder / "playground.sqlite3")) as db:
        queries = ("SELECT body FROM messages", "SELECT described FROM files", "SELECT answer FROM presses")
        values = [value for query in queries for (value,) in db.execute(query) if value]
    values += [file.read_bytes() for file in (folder / "files").rglob("*") if file.is_file()]
    return {piece for value in values for piece in slices(value, 700)}


def test_a_folder_of_version_0_1_is_sealed_at_the_first_start(settings: PlaygroundSettings) -> None:
    (settings.data / "files" / "photos").mkdir(parents=True)
    photo = photo_with_words(PLANTED)
    (settings.data / "files" / "photos" / "file_1.jpg").write_bytes(photo)
    size = {"file_id": "AgAC1", "file_unique_id": "u", "width": 9, "height": 9, "file_size": len(photo)}
    message = {"message_id": 4, "from": {"id": 77, "is_bot": False}, "photo": [size], "caption": PLANTED}
    with closing(sqlite3.connect(settings.data / "playground.sqlite3")) as db, db:
        db.executescript(OLD_SCHEMA)
        db.execute("INSERT INTO chats VALUES (77, 'x', ?, 0, 0)", (json.dumps({"id": 77, "first_name": PLANTED}),))
        db.execute("INSERT INTO messages VALUES (4, 77, ?)", (json.dumps(message),))
        db.execute("INSERT INTO updates VALUES (9, 77, 4, ?)", (json.dumps({"message": message}),))
        db.execute("INSERT INTO presses VALUES ('q', 77, ?)", (json.dumps({"text": PLANTED}),))
        described = ("AgAC1", 77, "photos/file_1.jpg", "image/jpeg", f"{PLANTED}.jpg", "photo", json.dumps([size]))
        db.execute("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?)", described)
    assert found_below(settings.data, [PLANTED], [photo]), "the old folder is readable"
    for _ in range(2):
        playground = Playground(settings)
        assert playground.store.history(77) == [message]
        assert playground.store.pending()[0].body == {"message": message}
        assert playground.store.press_answer(77, "q") == {"text": PLANTED}
        stored = playground.store.file(file_id="AgAC1")
        assert stored is not None and (stored.name, stored.mime) == (f"{PLANTED}.jpg", "image/jpeg")
        assert playground.files.content(stored) == photo
        assert playground.store.mentions_file(77, "AgAC1")
        assert found_below(settings.data, [PLANTED], [photo]) == []
        playground.close()


def test_the_records_key_can_change_while_it_runs(
    settings: PlaygroundSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old,) = load_keys(CasesSettings())
    playground = Playground(settings)
    chat = {"id": 5, "first_name": "Ada"}
    playground.store.open_chat(chat, "s")
    new = b"n" * 32
    assert reseal_data_keys(settings.data.parent, Vault(new, old)) == 1
    found = playground.store.chat(5)
    assert found is not None and found.user == chat
    playground.close()
    with pytest.raises(KeyLost, match="another key"):
        Playground(settings)  # the old key is of no use any more

    monkeypatch.setenv("SKINGPT_KEY", f"{new_key()},{base64.urlsafe_b64encode(new).decode()}")
    again = Playground(settings)
    assert again.store.chat(5) == found
    again.close()


def test_the_data_key_has_the_form_the_vault_gives(settings: PlaygroundSettings) -> None:
    Playground(settings).close()
    sealed = (settings.data / "sealed.key").read_bytes()
    assert len(Vault(*load_keys(CasesSettings())).open(sealed, data_key_place("playground"))) == 32
    assert (settings.data / "sealed.key").stat().st_mode & 0o777 == 0o600


def test_what_a_killed_process_left_behind_is_deleted(settings: PlaygroundSettings) -> None:
    Playground(settings).close()
    orphan = settings.data / "files" / "photos" / "file_0.jpg"
    orphan.write_bytes(b"written, and killed before it was recorded")
    Playground(settings).close()
    assert not orphan.exists()


OLD_SCHEMA = """
CREATE TABLE chats (chat_id INTEGER PRIMARY KEY, session_hash TEXT NOT NULL, user TEXT NOT NULL,
    blocked INTEGER NOT NULL DEFAULT 0, read_message_id INTEGER NOT NULL DEFAULT 0);
CREATE TABLE messages (message_id INTEGER PRIMARY KEY AUTOINCREMENT,
    chat_id INTEGER NOT NULL REFERENCES chats(chat_id) ON DELETE CASCADE, body TEXT NOT NULL);
CREATE INDEX messages_by_chat ON messages (chat_id, message_id);
CREATE TABLE updates (update_id INTEGER PRIMARY KEY AUTOINCREMENT,
    chat_id INTEGER NOT NULL REFERENCES chats(chat_id) ON DELETE CASCADE, message_id INTEGER NOT NULL,
    body TEXT NOT NULL);
CREATE TABLE files (file_id TEXT PRIMARY KEY, chat_id INTEGER NOT NULL REFERENCES chats(chat_id) ON DELETE CASCADE,
    path TEXT NOT NULL UNIQUE, mime TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, media TEXT NOT NULL);
CREATE TABLE presses (callback_query_id TEXT PRIMARY KEY,
    chat_id INTEGER NOT NULL REFERENCES chats(chat_id) ON DELETE CASCADE, answer TEXT);
CREATE TABLE profile (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
