"""`./run doctor` from outside: what it says, the remedies, its exit status, and no secret anywhere."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import doctor
from cases.database import open_cases
from cases.schema import downgrade
from cases.settings import CasesSettings

ROOT = Path(__file__).parents[1]
TOKEN = "4711:planted-token-of-a-bot"


def examine(*arguments: str, **variables: str) -> tuple[int, dict[str, Any], str]:
    """Exit status, what was told as JSON, and the same as it was printed."""
    done = subprocess.run(
        [sys.executable, "-m", "skingpt", "doctor", "--json", *arguments],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout), done.stdout + done.stderr


def states(told: dict[str, Any]) -> dict[str, str]:
    return {finding["part"]: finding["state"] for finding in told["findings"]}


@pytest.mark.slow
def test_while_everything_is_down_it_says_so_of_each_part_with_a_remedy() -> None:
    status, told, _ = examine(SKINGPT_BROKER_URL="redis://127.0.0.1:9/0")
    assert status == 2
    found = states(told)
    down = {"library", "embedder", "broker", "workers", "model", "telegram"}
    assert {part for part, state in found.items() if state == "broken"} == down
    assert found["key"] == found["versions"] == "well"
    assert all(finding["remedy"] for finding in told["findings"] if finding["state"] != "well")


def test_a_record_that_is_well_and_one_whose_tables_are_old(tmp_path: Path) -> None:
    db = open_cases(CasesSettings())
    status, told, printed = examine("key", "cases", "disk", SKINGPT_DISK_FREE_MB="1", SKINGPT_DISK_FREE_INODES="1")
    assert (status, told["state"]) == (0, "well"), printed
    with db.engine.begin() as connection:
        downgrade(connection, "0001")
    db.close()
    status, told, printed = examine("cases")
    assert status == 2 and "are missing" in printed
    assert "cases migrate" in told["findings"][0]["remedy"]
    assert os.environ["SKINGPT_KEY"] not in printed


@pytest.mark.parametrize("inside", [True, False])
def test_bad_settings_and_secrets(tmp_path: Path, inside: bool) -> None:
    open_cases(CasesSettings()).close()
    key = (tmp_path / "var" if inside else tmp_path) / "key"
    key.write_text(base64.urlsafe_b64encode(b"another key, as it was forgotten").decode())
    key.chmod(0o644)
    status, told, printed = examine(
        *("key", "cases", "broker", "telegram", "disk"),
        SKINGPT_KEY="",
        SKINGPT_KEY_FILE=str(key),
        SKINGPT_TELEGRAM_TOKEN="planted",
        SKINGPT_BROKER_URL="redis://:planted@127.0.0.1:9/0",
        SKINGPT_DISK_FREE_MB="planted",
    )
    assert status == 2
    said = " ".join(finding["says"] + " " + finding["remedy"] for finding in told["findings"])
    if inside:
        assert "inside the data folder" in said
    else:
        assert f"chmod 600 {key}" in said and "does not open the record" in said
    assert "SKINGPT_DISK_FREE_MB" in said
    assert "planted" not in printed and key.read_text() not in printed


def test_a_disk_that_runs_full_is_a_warning_and_a_full_one_is_broken() -> None:
    assert examine("disk", SKINGPT_DISK_FREE_MB=str(10**9))[0] == 2
    free = examine("disk", SKINGPT_DISK_FREE_MB="1", SKINGPT_DISK_FREE_INODES="1")[1]["findings"][0]["facts"]
    wished = str(2 * free["free_bytes"] // 1_000_000)
    status, told, _ = examine("disk", SKINGPT_DISK_FREE_MB=wished, SKINGPT_DISK_FREE_INODES="1")
    assert (status, told["state"]) == (1, "warning")


def test_every_part_has_its_check() -> None:
    import importlib

    for part, module in doctor.PARTS.items():
        assert part in importlib.import_module(module).CHECKS
