"""Backup, restoration and rotation of a record that is on a Postgres server.

Run: ``python -m tests.topology.servers python -m pytest tests/privacy/test_on_postgres.py``
"""

import os
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, select
from typer.testing import CliRunner

from cases import caseload
from cases.database import CaseDatabase, open_cases
from cases.keys import KeyFile
from cases.patients import find_patient, forget, patient_of_chat
from cases.record import History
from cases.rotation import rotate
from cases.sealed import SEALED, reseal_record
from cases.settings import CasesSettings
from cases.vault import KEY_ID_BYTES
from tests.cases.samples import PHOTO, advice, findings
from worker.commands import app

POSTGRES = os.environ.get("SKINGPT_TEST_POSTGRES")
pytestmark = pytest.mark.skipif(POSTGRES is None, reason="SKINGPT_TEST_POSTGRES names no server: see this file's top")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CasesSettings:
    """An empty database, and a key file."""
    monkeypatch.delenv("SKINGPT_KEY")
    monkeypatch.setenv("SKINGPT_KEY_FILE", str(tmp_path / "home" / "key"))
    monkeypatch.setenv("SKINGPT_CASES_URL", POSTGRES or "")
    KeyFile.of(CasesSettings()).make()
    _wipe()
    return CasesSettings()


def _wipe() -> None:
    engine = create_engine(POSTGRES or "")
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()


def _fill(db: CaseDatabase, chat_id: int) -> str:
    case = caseload.open_case(db, patient_of_chat(db, chat_id).id, [PHOTO] * 2, "words", History(age=58))
    caseload.store_findings(db, case.id, findings())
    caseload.store_advice(db, case.id, advice(0))
    return case.id


def test_from_the_server_to_a_file_and_back_to_a_server(
    server: CasesSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(open_cases(server)) as db:
        gone_id, case_id = _fill(db, 71), _fill(db, 72)
        before = caseload.get(db, case_id)
        assert CliRunner().invoke(app, ["backup", str(tmp_path / "monday")]).exit_code == 0
        forget(db, patient_of_chat(db, 71).id)
        assert CliRunner().invoke(app, ["backup", str(tmp_path / "tuesday")]).exit_code == 0
        refused = CliRunner().invoke(app, ["restore", str(tmp_path / "monday")])
        assert refused.exit_code == 1 and "not empty" in refused.output

    _wipe()
    told = CliRunner().invoke(app, ["restore", str(tmp_path / "monday")])
    assert told.exit_code == 0, told.output
    assert "since: 1" in told.output
    with closing(open_cases(server)) as db:
        assert caseload.get(db, case_id) == before
        assert find_patient(db, 71) is None
        assert {patient_of_chat(db, chat).id for chat in (73, 74)} == {before.patient_id + 1, before.patient_id + 2}

    monkeypatch.delenv("SKINGPT_CASES_URL")
    monkeypatch.setenv("SKINGPT_DATA", str(tmp_path / "one machine"))
    told = CliRunner().invoke(app, ["restore", str(tmp_path / "tuesday")])
    assert told.exit_code == 0, told.output
    with closing(open_cases(CasesSettings())) as db:
        assert caseload.get(db, case_id) == before
        assert [caseload.photo(db, photo_id) for photo_id in before.photo_ids] == [PHOTO] * 2
    assert gone_id.encode() not in (tmp_path / "one machine" / "cases.db").read_bytes()


def test_everything_is_sealed_anew(server: CasesSettings) -> None:
    with closing(open_cases(server)) as db:
        case_ids = [_fill(db, chat_id) for chat_id in range(70, 75)]
        assert rotate(KeyFile.of(server), [lambda: reseal_record(db)], settle=0) == 1 + 5 * (4 + 2)
        with db.read() as session:
            for each in SEALED:
                used = select(func.substr(each.column, 2, KEY_ID_BYTES)).where(each.column.is_not(None)).distinct()
                assert {bytes(key_id) for key_id in session.scalars(used)} <= {db.vault.newest}
    with closing(open_cases(server)) as db:
        assert all(caseload.get(db, case_id).words == "words" for case_id in case_ids)
