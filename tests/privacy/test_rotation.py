"""A key that changes: nothing is unreadable at any moment, everything is sealed anew, the old key opens nothing more.

Run: ``./run test tests/privacy/test_rotation.py``
"""

import multiprocessing
import os
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from langgraph.checkpoint.sqlite import SqliteSaver
from pydantic import SecretStr
from sqlalchemy import LargeBinary
from typer.testing import CliRunner

from agents.memory import open_memory, reseal_memory
from agents.settings import AgentSettings
from cases import caseload, conversation, inbox, outbox
from cases.database import CaseDatabase, open_cases
from cases.errors import KeyExists, KeyInvalid, WrongKey
from cases.keys import KeyFile, load_keys, new_key, parse_keys
from cases.patients import patient_of_chat
from cases.record import History
from cases.rotation import DATA_KEY_FILE, data_key_place, reseal_data_keys, rotate
from cases.sealed import SEALED, reseal_record
from cases.settings import CasesSettings
from cases.tables import Table
from cases.vault import Vault, key_id_of, open_vault
from tests.cases.samples import PHOTO, advice, findings

CHAT = 71
CHECKPOINT = {"configurable": {"thread_id": "a", "checkpoint_ns": ""}}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CasesSettings:
    monkeypatch.delenv("SKINGPT_KEY")
    monkeypatch.setenv("SKINGPT_KEY_FILE", str(tmp_path / "home" / "key"))
    settings = CasesSettings()
    KeyFile.of(settings).make()
    return settings


@pytest.fixture
def db(settings: CasesSettings) -> Iterator[CaseDatabase]:
    """Opened before the key changes, as by a running house."""
    database = open_cases(settings)
    yield database
    database.close()


def _fill(db: CaseDatabase, words: str) -> str:
    patient = patient_of_chat(db, CHAT)
    case = caseload.open_case(db, patient.id, [PHOTO] * 3, words, History(region=words))
    caseload.store_findings(db, case.id, findings(words))
    caseload.store_advice(db, case.id, advice(0, now=words))
    conversation.say(db, case.id, words)
    return case.id


def _wait_in_queues(db: CaseDatabase, number: int, words: str) -> None:
    inbox.receive(db, number, words.encode())
    outbox.put(db, CHAT, "text", "greeting", words.encode(), dedupe=f"greeting:{number}")


def _read_all(db: CaseDatabase, case_id: str, words: str) -> None:
    case = caseload.get(db, case_id)
    assert case.words == case.history.region == words
    assert case.findings is not None and case.findings.description == words
    assert case.advice is not None and case.advice.now == words
    assert [caseload.photo(db, photo_id) for photo_id in case.photo_ids] == [PHOTO] * 3
    assert [turn.text for turn in conversation.turns(db, case_id)] == [words]


def _key_ids(settings: CasesSettings) -> set[bytes]:
    """Of every sealed value in the record."""
    ids = set()
    with closing(sqlite3.connect(settings.data / "cases.db")) as connection:
        for each in SEALED:
            table, column = each.column.class_.__tablename__, each.column.key
            ids |= {key_id_of(value) for (value,) in connection.execute(f"SELECT {column} FROM {table}") if value}
    return ids


def test_every_sealed_column_is_known_to_the_rotation() -> None:
    columns = {
        (table.name, column.name)
        for table in Table.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    assert {(each.column.class_.__tablename__, each.column.key) for each in SEALED} == columns


def test_everything_is_sealed_anew_while_others_write(db: CaseDatabase, settings: CasesSettings) -> None:
    file = KeyFile.of(settings)
    (old,) = file.read()
    case_ids = [_fill(db, f"words {n}") for n in range(8)]
    _wait_in_queues(db, 1, "hello")
    stop = threading.Event()
    failures: list[BaseException] = []

    def live_on() -> None:
        try:
            number = 100
            while not stop.is_set():
                number += 1
                _wait_in_queues(db, number, "meanwhile")
                for n, case_id in enumerate(case_ids):
                    _read_all(db, case_id, f"words {n}")
        except BaseException as error:
            failures.append(error)

    house = threading.Thread(target=live_on)
    house.start()
    with closing(open_cases(settings)) as other:  # the command's own
        # Longer than a writer on a busy machine waits between sealing and storing; rotate() rests on that.
        done = rotate(file, [lambda: reseal_record(other)], settle=4)
    stop.set()
    house.join()

    assert not failures
    assert done >= 8 * (3 + 4 + 1) + 2
    (new,) = load_keys(settings)
    assert new != old
    assert _key_ids(settings) == {Vault(new).newest}
    with pytest.raises(WrongKey):
        open_cases(settings.model_copy(update={"key": SecretStr(_text_of(old))}))
    with closing(open_cases(settings)) as restarted:
        for n, case_id in enumerate(case_ids):
            _read_all(restarted, case_id, f"words {n}")
        assert {payload for _, payload in inbox.pending(restarted)} == {b"hello", b"meanwhile"}
        assert {each.payload for each in outbox.due(restarted, 1000, "bot") if each.kind == "text"} == {
            b"hello",
            b"meanwhile",
        }


def _text_of(key: bytes) -> str:
    import base64

    return base64.urlsafe_b64encode(key).decode()


def test_killed_halfway_everything_is_readable_and_it_goes_on(db: CaseDatabase, settings: CasesSettings) -> None:
    file = KeyFile.of(settings)
    (old,) = file.read()
    case_ids = [_fill(db, f"words {n}") for n in range(4)]
    context = multiprocessing.get_context("fork")
    halfway = context.Event()

    def rotate_until_killed() -> None:
        mine = open_cases(settings)

        def first_columns_only() -> int:
            from cases.sealed import _reseal_column

            _reseal_column(mine, SEALED[0])
            _reseal_column(mine, SEALED[1])
            halfway.set()
            signal.pause()
            return 0

        rotate(file, [first_columns_only], settle=0)

    process = context.Process(target=rotate_until_killed)
    process.start()
    assert halfway.wait(30)
    assert len(file.read()) == 2
    assert len(_key_ids(settings)) == 2, "it is halfway"
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()

    for n, case_id in enumerate(case_ids):
        _read_all(db, case_id, f"words {n}")
    with closing(open_cases(settings)) as restarted:
        _read_all(restarted, case_ids[0], "words 0")
    begun = file.read()[0]
    rotate(file, [lambda: reseal_record(db)], settle=0)
    assert file.read() == (begun,), "the key it had begun with is the one that stays"
    assert _key_ids(settings) == {Vault(begun).newest}
    assert old != begun


def test_a_value_that_cannot_be_opened_stops_it_with_all_keys_kept(db: CaseDatabase, settings: CasesSettings) -> None:
    case_id = _fill(db, "words")
    strange = Vault(b"s" * 32).seal(b"words", f"case:{case_id}:words")
    with db.write() as session:
        session.connection().exec_driver_sql("UPDATE cases SET words = ?", (strange,))
    file = KeyFile.of(settings)
    with pytest.raises(WrongKey, match=case_id):
        rotate(file, [lambda: reseal_record(db)], settle=0)
    assert len(file.read()) == 2
    with db.read() as session:
        assert session.connection().exec_driver_sql("SELECT words FROM cases").scalar() == strange


def test_two_rotations_do_not_meet(settings: CasesSettings) -> None:
    file = KeyFile.of(settings)
    with file.locked(), pytest.raises(KeyExists, match="wait"):
        rotate(KeyFile.of(settings), [], settle=0)


def test_the_agents_memory_is_sealed_anew(settings: CasesSettings) -> None:
    vault = open_vault(settings)
    memory = open_memory(AgentSettings(), vault)
    for n in range(120):
        _remember(memory, n)
    file = KeyFile.of(settings)
    assert rotate(file, [lambda: reseal_memory(memory, vault)], settle=0) == 240
    memory.conn.close()
    memory = open_memory(AgentSettings(), Vault(*file.read()))
    found = memory.get(CHECKPOINT)  # type: ignore[arg-type]
    assert found is not None and found["channel_values"] == {"said": "words 119"}
    memory.conn.close()


def _remember(memory: SqliteSaver, n: int) -> None:
    from langgraph.checkpoint.base import empty_checkpoint

    checkpoint = empty_checkpoint() | {"channel_values": {"said": f"words {n}"}}
    put = memory.put(CHECKPOINT, checkpoint, {"step": n}, {})  # type: ignore[arg-type, typeddict-item]
    memory.put_writes(put, [("said", "more words")], f"task {n}")


def test_data_keys_of_other_parts_are_sealed_anew(settings: CasesSettings) -> None:
    vault = open_vault(settings)
    folder = settings.data / "playground"
    folder.mkdir(parents=True)
    (folder / DATA_KEY_FILE).write_bytes(vault.seal(b"d" * 32, data_key_place("playground")))
    file = KeyFile.of(settings)
    assert rotate(file, [lambda: reseal_data_keys(settings.data, vault)], settle=0) == 1
    sealed = (folder / DATA_KEY_FILE).read_bytes()
    assert Vault(*file.read()).open(sealed, data_key_place("playground")) == b"d" * 32


def test_a_key_in_the_variable_is_changed_by_hand(settings: CasesSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    from worker.record_commands import app

    old, new = new_key(), new_key()
    monkeypatch.setenv("SKINGPT_KEY", old)
    with closing(open_cases(CasesSettings())) as db:
        case_id = _fill(db, "words")
    refused = CliRunner().invoke(app, ["rotate-key"])
    assert refused.exit_code == 1
    assert "new-key" in refused.output and "comma" in refused.output and old not in refused.output

    monkeypatch.setenv("SKINGPT_KEY", f"{new},{old}")
    told = CliRunner().invoke(app, ["rotate-key"])
    assert told.exit_code == 0, told.output
    assert "0 values sealed anew" in CliRunner().invoke(app, ["rotate-key"]).output
    monkeypatch.setenv("SKINGPT_KEY", new)
    with closing(open_cases(CasesSettings())) as db:
        _read_all(db, case_id, "words")


def test_a_lost_key_is_told_and_nothing_is_overwritten(db: CaseDatabase, settings: CasesSettings) -> None:
    _fill(db, "words")
    db.close()
    before = (settings.data / "cases.db").read_bytes()
    file = KeyFile.of(settings)
    file.place.unlink()
    file.make()
    with pytest.raises(WrongKey, match="put that key back"):
        open_cases(settings)
    with closing(sqlite3.connect(settings.data / "cases.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert (settings.data / "cases.db").read_bytes() == before


def test_a_key_beside_the_data_is_refused_with_the_reason(tmp_path: Path) -> None:
    data = tmp_path / "var"
    data.mkdir()
    (tmp_path / "link").symlink_to(data)
    for place in (data / "key", data / "deeper" / "key", tmp_path / "link" / "key"):
        with pytest.raises(KeyInvalid, match="inside the data folder"):
            load_keys(CasesSettings(data=data, key=None, key_file=place))


@pytest.mark.parametrize("text", ["", "\n\n", "# only a remark\n", ","])
def test_an_empty_key_file_is_no_key(text: str) -> None:
    with pytest.raises(KeyInvalid, match="There is no key in the file"):
        parse_keys(text, "the file")


def test_keys_are_read_newest_first_with_remarks_between(tmp_path: Path) -> None:
    newest, older = new_key(), new_key()
    (tmp_path / "key").write_text(f"# since May\n{newest}\n\n# before\n  {older}\n")
    keys = KeyFile(tmp_path / "key").read()
    assert [_text_of(key) for key in keys] == [newest, older]
    assert Vault(*keys).newest == Vault(keys[0]).newest
    with pytest.raises(KeyInvalid, match="given twice"):
        Vault(keys[0], keys[0])


def test_a_key_file_that_is_a_link_stays_one_and_keeps_its_mode(tmp_path: Path) -> None:
    secret = tmp_path / "secrets" / "key"
    KeyFile(secret).make()
    (tmp_path / "key").symlink_to(secret)
    rotate(KeyFile(tmp_path / "key"), [], settle=0)
    assert (tmp_path / "key").is_symlink()
    assert secret.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in secret.parent.iterdir()] == ["key"]
