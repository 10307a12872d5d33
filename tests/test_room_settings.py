"""Settings of all rooms: from variables, from secret files, and never repeated in an error."""

import importlib
from pathlib import Path

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsError

from bot.settings import BotSettings
from cases.keys import new_key
from cases.settings import CasesSettings
from model.settings import ModelSettings
from room_settings import SECRETS_DIR, RoomSettings
from worker.settings import WorkerSettings

ROOMS = ("agents", "bot", "cases", "clinic", "knowledge", "local", "local.playground", "model", "worker")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    monkeypatch.setenv(SECRETS_DIR, str(secrets))
    monkeypatch.delenv("SKINGPT_KEY", raising=False)
    return secrets


def test_a_secret_may_be_a_file_in_any_room(folder: Path) -> None:
    key = new_key()
    (folder / "skingpt_key").write_text(f"{key}\n")
    (folder / "skingpt_telegram_token").write_text("12:planted\n")
    (folder / "skingpt_broker_url").write_text("amqp://u:w@broker//")
    (folder / "skingpt_model_port").write_text("9000")
    secret = CasesSettings().key
    assert secret is not None and secret.get_secret_value() == key
    assert BotSettings().token == "12:planted"
    assert WorkerSettings().broker_url == "amqp://u:w@broker//"
    assert ModelSettings().port == 9000


def test_a_variable_comes_before_a_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "skingpt_broker_url").write_text("amqp://file//")
    monkeypatch.setenv("SKINGPT_BROKER_URL", "amqp://variable//")
    assert WorkerSettings().broker_url == "amqp://variable//"


def test_an_empty_file_counts_as_unset(folder: Path) -> None:
    (folder / "skingpt_telegram_token").write_text("\n")
    assert BotSettings().uses_playground


def test_a_folder_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(SECRETS_DIR, str(tmp_path / "nowhere"))
    with pytest.raises(SettingsError, match="no folder"):
        WorkerSettings()


def test_a_wrong_secret_is_not_repeated(folder: Path) -> None:
    (folder / "skingpt_model_port").write_text("planted")
    with pytest.raises(ValidationError) as caught:
        ModelSettings()
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_takes_its_settings_so(room: str) -> None:
    module = importlib.import_module(f"{room}.settings")
    own = [each for each in vars(module).values() if isinstance(each, type) and each.__module__ == module.__name__]
    settings = [each for each in own if each.__name__.endswith("Settings")]
    assert settings and all(issubclass(each, RoomSettings) for each in settings)


@pytest.mark.parametrize("settings", [CasesSettings, WorkerSettings])
def test_an_address_with_a_password_is_not_shown(settings: type[RoomSettings], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKINGPT_CASES_URL", "postgresql+psycopg://u:planted@h/d")
    monkeypatch.setenv("SKINGPT_BROKER_URL", "amqp://u:planted@h//")
    assert "planted" not in repr(settings())
