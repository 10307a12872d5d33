"""Rolling upgrades: who may use which tables, and who may change them."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cases.commands import app
from cases.database import CaseDatabase, migrating, open_cases
from cases.errors import SchemaOutdated, SchemaUnknown
from cases.patients import patient_of_chat
from cases.schema import downgrade, missing, revision, revisions
from cases.settings import CasesSettings


def pretend_newer(settings: CasesSettings, oldest: str) -> None:
    """As a program of next year leaves the tables: a revision unknown here, and whom it still bears."""
    with migrating(settings) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        connection.exec_driver_sql(f"UPDATE schema_support SET oldest = '{oldest}'")


def test_an_old_program_goes_on_with_tables_that_only_grew(settings: CasesSettings) -> None:
    open_cases(settings).close()
    pretend_newer(settings, revisions()[0])
    with migrating(settings) as connection:
        connection.exec_driver_sql("ALTER TABLE patients ADD COLUMN added_later VARCHAR(8)")
        connection.exec_driver_sql("CREATE TABLE made_later (id INTEGER PRIMARY KEY)")
    db = open_cases(settings)
    assert patient_of_chat(db, 7, "de").language == "de"
    db.close()


def test_an_old_program_leaves_tables_alone_that_lost_something(settings: CasesSettings) -> None:
    open_cases(settings).close()
    pretend_newer(settings, "9998")
    with pytest.raises(SchemaUnknown, match="newer version"):
        open_cases(settings)


def test_where_upgrading_is_left_to_a_command_nobody_else_does_it(
    settings: CasesSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient_of_chat(db := open_cases(settings), 7)
    db.close()
    with migrating(settings) as connection:
        downgrade(connection, "0001")
    careful = settings.model_copy(update={"migrate": False})
    with pytest.raises(SchemaOutdated, match="cases migrate"):
        open_cases(careful)
    assert settings.key is not None
    monkeypatch.setenv("SKINGPT_CASES_URL", settings.url)
    monkeypatch.setenv("SKINGPT_KEY", settings.key.get_secret_value())
    told = CliRunner().invoke(app, ["migrate"])
    assert told.exit_code == 0, told.output
    assert f"revision {revisions()[0]} (before: 0001)" in told.output
    db = open_cases(careful)
    with db.read() as session:
        assert missing(session.connection()) == []
    db.close()


def test_downgrade_asks_first_and_refuses_what_it_does_not_know(
    settings: CasesSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_cases(settings).close()
    assert settings.key is not None
    monkeypatch.setenv("SKINGPT_CASES_URL", settings.url)
    monkeypatch.setenv("SKINGPT_KEY", settings.key.get_secret_value())
    runner = CliRunner()
    assert runner.invoke(app, ["downgrade", "0001"], input="n\n").exit_code == 1
    for name in ("base", "-1", "4711"):
        assert runner.invoke(app, ["downgrade", "--yes", "--", name]).exit_code == 2
    with migrating(settings) as connection:
        assert revision(connection) == revisions()[0]
    assert runner.invoke(app, ["downgrade", "0001", "--yes"]).exit_code == 0
    with migrating(settings) as connection:
        assert revision(connection) == "0001"


def test_looking_at_the_tables_changes_nothing(db: CaseDatabase, tmp_path: Path) -> None:
    with db.read() as session:
        assert revision(session.connection()) == revisions()[0]
        assert missing(session.connection()) == []
