"""How checks are run: side by side, bounded, and never ending the program that asks."""

import threading
import time

import pytest
from pydantic_settings import BaseSettings, SettingsConfigDict

from checkup import Finding, State, broken, run_checks, warning, well, worst


def test_findings_come_in_order_whatever_the_checks_do() -> None:
    hang = threading.Event()

    def fails() -> list[Finding]:
        raise RuntimeError("planted words")

    def hangs() -> list[Finding]:
        hang.wait(60)
        return []

    began = time.monotonic()
    found = run_checks({"a": lambda: [well("a", "fine")], "b": fails, "c": hangs, "d": lambda: []}, 0.3)
    hang.set()
    assert time.monotonic() - began < 30
    assert [(each.part, each.state) for each in found] == [
        ("a", State.WELL),
        ("b", State.BROKEN),
        ("c", State.BROKEN),
    ]
    assert "RuntimeError" in found[1].says and "planted" not in str(found)
    assert all(each.remedy for each in found[1:])


def test_a_wrong_setting_is_named_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    class Settings(BaseSettings):
        model_config = SettingsConfigDict(env_prefix="SKINGPT_")
        some_port: int = 0

    monkeypatch.setenv("SKINGPT_SOME_PORT", "planted")
    found = run_checks({"x": lambda: [well("x", str(Settings()))]}, 5)
    assert found[0].state is State.BROKEN
    assert "SKINGPT_SOME_PORT" in found[0].remedy and "planted" not in str(found)


def test_the_worst_counts() -> None:
    fine, odd, bad = well("a", ""), warning("b", "", ""), broken("c", "", "")
    assert worst([]) is worst([fine]) is State.WELL
    assert worst([fine, odd]) is State.WARNING
    assert worst([odd, bad, fine]) is State.BROKEN
