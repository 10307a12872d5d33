"""Opening: fresh, by several processes at once, with the wrong key, by an older program; and the migrations."""

import re
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import SecretStr
from sqlalchemy import create_engine, inspect

from cases.database import CaseDatabase, open_cases
from cases.errors import DatabaseUnavailable, WrongKey
from cases.keys import new_key
from cases.patients import patient_of_chat
from cases.record import Patient
from cases.schema import MIGRATIONS, config, upgrade
from cases.settings import CasesSettings
from cases.tables import Table
from tests.cases.samples import at_once


def _open_and_write(index: int, settings: CasesSettings) -> int:
    db = open_cases(settings)
    patient_of_chat(db, 1000)
    return patient_of_chat(db, index).id


def test_four_processes_open_a_fresh_database_at_once(settings: CasesSettings) -> None:
    ids = at_once(4, _open_and_write, settings)
    assert len(set(ids)) == 4, ids
    db = open_cases(settings)
    assert patient_of_chat(db, 0).id in ids
    db.close()


def test_the_wrong_key_is_noticed_at_the_door(settings: CasesSettings) -> None:
    open_cases(settings).close()
    with pytest.raises(WrongKey, match="SKINGPT_KEY"):
        open_cases(settings.model_copy(update={"key": SecretStr(new_key())}))
    open_cases(settings).close()


def test_migrations_make_exactly_the_tables_of_the_program(db: CaseDatabase) -> None:
    with db.read() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []


def test_migrations_can_be_taken_back_and_run_again(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    with engine.begin() as connection:
        upgrade(connection)
    assert set(Table.metadata.tables) < set(inspect(engine).get_table_names())
    with engine.begin() as connection:
        command.downgrade(config(connection), "base")
    assert set(inspect(engine).get_table_names()) <= {"alembic_version", "sqlite_sequence"}
    with engine.begin() as connection:
        upgrade(connection)
    engine.dispose()


def test_migrations_are_numbered_without_a_gap() -> None:
    names = sorted(path.name for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    assert all(re.fullmatch(r"\d{4}_[a-z_]+\.py", name) for name in names)


def test_the_files_are_for_their_owner_alone(file_settings: CasesSettings) -> None:
    db = open_cases(file_settings)
    patient_of_chat(db, 1)
    files = list(file_settings.data.iterdir())
    assert {file.name for file in files} >= {"cases.db", "cases.db-wal"}
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    db.close()


@pytest.mark.parametrize("url", ["nonsense", "nosuch://host/db", "sqlite://", "sqlite:////proc/nowhere/cases.db"])
def test_an_address_that_cannot_be_opened_is_told_with_a_remedy(settings: CasesSettings, url: str) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"use|must|choose"):
        open_cases(settings.model_copy(update={"cases_url": url}))


def test_a_password_in_the_address_is_not_repeated(settings: CasesSettings) -> None:
    url = "postgresql+psycopg://me:planted@127.0.0.1:1/none"
    with pytest.raises(DatabaseUnavailable) as caught:
        open_cases(settings.model_copy(update={"cases_url": url}))
    assert "planted" not in str(caught.value)


def test_a_failed_transaction_leaves_nothing(db: CaseDatabase, patient: Patient) -> None:
    with pytest.raises(RuntimeError), db.write() as session:
        session.connection().exec_driver_sql("UPDATE patients SET language = 'de'")
        raise RuntimeError
    assert patient_of_chat(db, patient.chat_id).language == "en"


def test_one_chat_is_one_patient_with_its_latest_language(db: CaseDatabase, patient: Patient) -> None:
    assert patient_of_chat(db, patient.chat_id) == patient
    assert patient_of_chat(db, patient.chat_id, "fr").language == "fr"
    assert patient_of_chat(db, patient.chat_id).language == "fr"
    assert patient_of_chat(db, -100).id != patient.id
