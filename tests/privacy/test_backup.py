"""Backups: sealed, whole or refused, restored into an empty place only, and without those who asked to be forgotten.

Run: ``./run test tests/privacy/test_backup.py``
"""

import io
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from cases import caseload, conversation
from cases.database import CaseDatabase, open_cases
from cases.errors import BackupBroken, WrongKey
from cases.keys import new_key
from cases.patients import find_patient, forget, patient_of_chat
from cases.record import History
from cases.sealed_file import PIECE_BYTES, SealedReader, SealedWriter, header_of
from cases.settings import CasesSettings
from tests.cases.samples import advice, findings
from tests.privacy.planting import PLANTED
from tests.privacy.traces import found_in
from worker.backup import back_up
from worker.commands import app

KEY = b"k" * 32
KEY_OF_TESTS = "YSBrZXkgZm9yIHRlc3RzLCAzMiBieXRlcyBsb25nISE="
PHOTO = b"\xff\xd8\xff\xe0" + os.urandom(1_500_000)


@pytest.fixture
def db() -> Iterator[CaseDatabase]:
    database = open_cases(CasesSettings())
    yield database
    database.close()


def _fill(db: CaseDatabase, chat_id: int) -> str:
    patient = patient_of_chat(db, chat_id)
    case = caseload.open_case(db, patient.id, [PHOTO], f"my {PLANTED}", History(age=58))
    caseload.store_findings(db, case.id, findings(PLANTED))
    caseload.store_advice(db, case.id, advice(0, now=PLANTED))
    conversation.say(db, case.id, f"is {PLANTED} catching?")
    return case.id


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def _restored_into(folder: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> Result:
    monkeypatch.setenv("SKINGPT_DATA", str(folder))
    return _run("restore", str(file))


def test_a_case_is_read_in_an_empty_folder_again(
    db: CaseDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = _fill(db, 71)
    before = caseload.get(db, case_id)
    with closing(sqlite3.connect(CasesSettings().data / "knowledge.db")) as library:
        library.execute("CREATE TABLE guidelines (text)")
        library.execute("INSERT INTO guidelines VALUES ('tinea')")
        library.commit()
    file = tmp_path / "copies" / "monday.skingpt"

    written = _run("backup", str(file))

    assert written.exit_code == 0, written.output
    assert file.stat().st_mode & 0o777 == 0o600
    assert found_in(file.read_bytes(), [PLANTED, case_id], [PHOTO]) == []
    assert not list(CasesSettings().data.glob(".backup-*"))
    told = _restored_into(tmp_path / "new", file, monkeypatch)
    assert told.exit_code == 0, told.output
    assert "migration 00" in told.output and "index anew" in told.output
    with closing(open_cases(CasesSettings())) as restored:
        assert restored.engine.url.database == str(tmp_path / "new" / "cases.db")
        assert caseload.get(restored, case_id) == before
        assert caseload.photo(restored, before.photo_ids[0]) == PHOTO
        assert patient_of_chat(restored, 99).id > before.patient_id
    with closing(sqlite3.connect(tmp_path / "new" / "knowledge.db")) as library:
        assert library.execute("SELECT text FROM guidelines").fetchone() == ("tinea",)
    assert sorted(path.name for path in file.parent.iterdir()) == ["forgotten.skingpt", "monday.skingpt"]


def test_who_was_forgotten_after_a_backup_is_forgotten_in_what_is_restored(
    db: CaseDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone_case, kept_case = _fill(db, 71), _fill(db, 72)
    assert _run("backup", str(tmp_path / "monday")).exit_code == 0
    forget(db, patient_of_chat(db, 71).id)
    assert _run("backup", str(tmp_path / "tuesday")).exit_code == 0

    told = _restored_into(tmp_path / "new", tmp_path / "monday", monkeypatch)

    assert "erased again, who had asked for it since: 1" in told.output
    with closing(open_cases(CasesSettings())) as restored:
        assert find_patient(restored, 71) is None
        assert caseload.get(restored, kept_case).chat_id == 72
    assert gone_case.encode() not in (tmp_path / "new" / "cases.db").read_bytes()


def test_a_number_that_was_given_anew_is_somebody_elses(
    db: CaseDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After restoring a backup the numbers given since are given again."""
    assert _run("backup", str(tmp_path / "monday")).exit_code == 0
    _fill(db, 71)
    forget(db, patient_of_chat(db, 71).id)
    assert _run("backup", str(tmp_path / "tuesday")).exit_code == 0
    assert _restored_into(tmp_path / "new", tmp_path / "monday", monkeypatch).exit_code == 0
    with closing(open_cases(CasesSettings())) as restored:
        case_id = _fill(restored, 72)
    assert _run("backup", str(tmp_path / "wednesday")).exit_code == 0
    told = _restored_into(tmp_path / "newer", tmp_path / "wednesday", monkeypatch)
    assert "since: 0" in told.output
    with closing(open_cases(CasesSettings())) as restored:
        assert caseload.get(restored, case_id).chat_id == 72


def test_another_key_restores_nothing_and_names_the_one_it_needs(
    db: CaseDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(db, 71)
    file = tmp_path / "monday"
    assert _run("backup", str(file)).exit_code == 0
    old = os.environ["SKINGPT_KEY"]
    header = header_of(file)
    assert header is not None
    monkeypatch.setenv("SKINGPT_KEY", new_key())
    told = _restored_into(tmp_path / "new", file, monkeypatch)
    assert told.exit_code == 1 and header.key_id in told.output
    assert not (tmp_path / "new").exists()
    monkeypatch.setenv("SKINGPT_KEY", f"{new_key()},{old}")
    assert _restored_into(tmp_path / "new", file, monkeypatch).exit_code == 0


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A backup."""
    folder = tmp_path_factory.mktemp("whole")
    settings = CasesSettings(data=folder / "var", key=SecretStr(KEY_OF_TESTS))
    with closing(open_cases(settings)) as db:
        _fill(db, 71)
    back_up(settings, folder / "monday")
    return (folder / "monday").read_bytes()


@pytest.mark.parametrize("place", [0.0, 0.00002, 0.3, 0.7, 0.999999])
@pytest.mark.parametrize("harm", ["cut", "flipped", "longer"])
def test_a_damaged_file_restores_nothing(
    whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str, place: float
) -> None:
    file = tmp_path / "monday"
    content = bytearray(whole)
    at = min(len(content) - 1, int(len(content) * place))
    if harm == "cut":
        del content[at:]
    elif harm == "flipped":
        content[at] ^= 4
    else:
        content += b"\0" * (at + 1)
    file.write_bytes(content)
    told = _restored_into(tmp_path / "new", file, monkeypatch)
    assert told.exit_code == 1
    assert "use another copy" in told.output or "no file that SkinGPT sealed" in told.output
    assert not (tmp_path / "new").exists()


def test_nothing_is_overwritten(db: CaseDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fill(db, 71)
    file = tmp_path / "monday"
    assert _run("backup", str(file)).exit_code == 0
    before = file.read_bytes()
    again = _run("backup", str(file))
    assert again.exit_code == 1 and "another name" in again.output
    assert file.read_bytes() == before
    record = (CasesSettings().data / "cases.db").read_bytes()
    refused = _run("restore", str(file))
    assert refused.exit_code == 1 and "not empty" in refused.output
    assert (CasesSettings().data / "cases.db").read_bytes() == record
    inside = _run("backup", str(CasesSettings().data / "monday"))
    assert inside.exit_code == 1 and "another place" in inside.output
    nothing = _restored_into(tmp_path / "new", tmp_path / "nowhere", monkeypatch)
    assert nothing.exit_code == 1 and "cannot be read" in nothing.output


def test_a_backup_of_a_newer_version_is_refused(
    db: CaseDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with db.write() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        session.connection().exec_driver_sql("DELETE FROM schema_support")  # it took something away
    monkeypatch.setattr("worker.backup.open_cases", lambda settings: open_as_it_is(db, settings))
    assert _run("backup", str(tmp_path / "monday")).exit_code == 0
    monkeypatch.undo()
    monkeypatch.setenv("SKINGPT_KEY", KEY_OF_TESTS)  # undone as well
    told = _restored_into(tmp_path / "new", tmp_path / "monday", monkeypatch)
    assert told.exit_code == 1 and "newer version" in told.output
    assert not (tmp_path / "new" / "cases.db").exists()


def open_as_it_is(db: CaseDatabase, settings: CasesSettings) -> CaseDatabase:
    """The same database, as the newer version that made it would open it."""
    return CaseDatabase(db.engine, db.vault)


def test_backups_age_out(db: CaseDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "letter.txt").write_text("no backup")

    class Earlier(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) - timedelta(days=31)

    with monkeypatch.context() as patched:
        patched.setattr("cases.sealed_file.datetime", Earlier)
        assert _run("backup", str(tmp_path / "old")).exit_code == 0
    told = _run("backup", str(tmp_path / "new"), "--keep-days", "30")
    assert told.exit_code == 0, told.output
    assert "Deleted old" in told.output
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        "forgotten.skingpt",
        "letter.txt",
        "new",
    ]


def test_what_a_killed_backup_left_behind_goes(db: CaseDatabase, tmp_path: Path) -> None:
    left = CasesSettings().data / ".backup-killed"
    left.mkdir()
    (left / "cases.db").write_bytes(b"sealed rows")
    assert _run("backup", str(tmp_path / "monday")).exit_code == 0
    assert not left.exists()


@settings(max_examples=25)
@given(st.lists(st.integers(0, PIECE_BYTES + 20), max_size=4))
def test_a_sealed_file_gives_back_what_was_written(sizes: list[int]) -> None:
    parts = [os.urandom(size) for size in sizes]
    file = io.BytesIO()
    with SealedWriter(file, KEY, "test") as sealed:
        for part in parts:
            sealed.write(part)
    file.seek(0)
    assert SealedReader(file, [b"o" * 32, KEY]).readall() == b"".join(parts)


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])
def test_pieces_can_be_neither_dropped_nor_swapped(size: int) -> None:
    file = io.BytesIO()
    with SealedWriter(file, KEY, "test") as sealed:
        sealed.write(os.urandom(size))
    whole = file.getvalue()
    head = len(whole) - size - 16 * max(1, -(-size // PIECE_BYTES))
    sealed_piece = PIECE_BYTES + 16
    body = [whole[at : at + sealed_piece] for at in range(head, len(whole), sealed_piece)]
    for changed in (body[:-1], body[::-1] if len(body) > 1 else [], body + body[-1:]):
        with pytest.raises(BackupBroken):
            SealedReader(io.BytesIO(whole[:head] + b"".join(changed)), [KEY]).check()
    with pytest.raises(WrongKey):
        SealedReader(io.BytesIO(whole), [b"o" * 32])


def test_a_writer_that_fails_leaves_no_file_that_passes_for_whole() -> None:
    file = io.BytesIO()
    with pytest.raises(RuntimeError), SealedWriter(file, KEY, "test") as sealed:
        sealed.write(b"half")
        raise RuntimeError
    file.seek(0)
    with pytest.raises(BackupBroken):
        SealedReader(file, [KEY]).check()
