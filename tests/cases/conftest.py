"""A fresh database in a temporary folder, with a clock that only the test moves.

With SKINGPT_TEST_POSTGRES=postgresql+psycopg://USER@HOST/NAME the same tests run on that database; all that it holds is
lost. What is only true of files stays on SQLite.
"""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine

from cases.database import CaseDatabase, open_cases
from cases.keys import new_key
from cases.patients import patient_of_chat
from cases.record import Patient
from cases.settings import CasesSettings

CHAT_ID = 4711
POSTGRES = os.environ.get("SKINGPT_TEST_POSTGRES")


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, **passed: float) -> None:
        self.time += timedelta(**passed)


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SKINGPT_DATA", "SKINGPT_CASES_URL", "SKINGPT_KEY", "SKINGPT_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> CasesSettings:
    """An empty database to copy, so that the migrations run once and not for every test."""
    settings = CasesSettings(data=tmp_path_factory.mktemp("migrated"), key=SecretStr(new_key()), cases_url=None)
    open_cases(settings).close()
    return settings


@pytest.fixture
def file_settings(tmp_path: Path) -> CasesSettings:
    return CasesSettings(data=tmp_path / "var", key=SecretStr(new_key()))


@pytest.fixture
def file_db(migrated: CasesSettings, file_settings: CasesSettings) -> Iterator[CaseDatabase]:
    """On SQLite whatever the other tests run on; reopen it with the key of `migrated`."""
    file_settings.data.mkdir()
    shutil.copy(migrated.data / "cases.db", file_settings.data)
    database = open_cases(file_settings.model_copy(update={"key": migrated.key}))
    yield database
    database.close()


@pytest.fixture
def settings(file_settings: CasesSettings) -> CasesSettings:
    if POSTGRES is None:
        return file_settings
    engine = create_engine(POSTGRES)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()
    return file_settings.model_copy(update={"cases_url": POSTGRES})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def db(request: pytest.FixtureRequest, settings: CasesSettings, clock: Clock) -> Iterator[CaseDatabase]:
    database: CaseDatabase = open_cases(settings) if POSTGRES else request.getfixturevalue("file_db")
    database.now = clock
    yield database
    database.close()


@pytest.fixture
def patient(db: CaseDatabase) -> Patient:
    return patient_of_chat(db, CHAT_ID, "en")
