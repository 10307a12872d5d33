"""The model's commands are reached through the front door, and `evaluate` is a group that other rooms can add to."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer
from typer.testing import CliRunner

import skingpt


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[typer.Typer]:
    door = typer.Typer()
    door.callback()(lambda: None)
    monkeypatch.setattr(skingpt, "app", door)
    yield door


def test_evaluate_is_a_group_and_a_command(fresh: typer.Typer) -> None:
    skingpt.mount("evaluate")
    told = CliRunner().invoke(fresh, ["evaluate", "--help"]).output
    assert all(word in told for word in ("--data", "--split", "steps", "folds", "paper"))
    assert CliRunner().invoke(fresh, ["evaluate"]).exit_code == 2


def test_another_room_adds_a_command_without_being_imported_for_the_others(
    fresh: typer.Typer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(skingpt, "BELOW", {"evaluate": {"a.room.that.is.not.there": {"elsewhere": "Judge more."}}})
    skingpt.mount("evaluate", "paper")
    assert "Judge more." in CliRunner().invoke(fresh, ["evaluate", "--help"]).output
    with pytest.raises(ModuleNotFoundError):
        skingpt.mount("evaluate", "elsewhere")


@pytest.mark.slow
def test_every_command_of_the_room_explains_itself() -> None:
    for words in (["train"], ["release"], ["convert"], ["export"], ["data", "check"], ["evaluate", "folds"]):
        told = subprocess.run(
            [sys.executable, "-m", "skingpt", *words, "--help"], capture_output=True, text=True, timeout=100, check=True
        )
        assert "Usage" in told.stdout
