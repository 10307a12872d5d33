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
from cases.checks import check_key
from cases.database import open_cases
from cases.schema import downgrade
from cases.settings import CasesSettings
from checkup import State
from local.checks import check_disk
from local.settings import LocalSettings

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
    nobody = "http://127.0.0.1:9"  # not the usual ports, on which a house of this machine may be running
    status, told, _ = examine(
        SKINGPT_BROKER_URL="redis://127.0.0.1:9/0", SKINGPT_MODEL_URL=nobody, SKINGPT_EMBEDDER_URL=nobody
    )
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


def test_bad_settings_and_secrets(tmp_path: Path) -> None:
    open_cases(CasesSettings()).close()
    key = tmp_path / "key"
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
    assert f"chmod 600 {key}" in said and "does not open the record" in said
    assert "SKINGPT_DISK_FREE_MB" in said
    assert "planted" not in printed and key.read_text() not in printed


def test_a_key_beside_what_it_seals_is_told_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SKINGPT_KEY")
    (found,) = check_key(CasesSettings(data=tmp_path, key_file=tmp_path / "key"))
    assert found.state is State.BROKEN and "inside the data folder" in found.says
    assert "SKINGPT_KEY_FILE" in found.remedy


def test_a_disk_that_runs_full_is_a_warning_and_a_full_one_is_broken() -> None:
    plenty = LocalSettings(disk_free_mb=1, disk_free_inodes=1)
    (found,) = check_disk(plenty)
    assert found.state is State.WELL
    free = found.facts["free_bytes"]
    assert isinstance(free, int)
    (found,) = check_disk(plenty.model_copy(update={"disk_free_mb": 2 * free // 1_000_000}))
    assert found.state is State.WARNING and found.remedy
    (found,) = check_disk(plenty.model_copy(update={"disk_free_mb": 10**9}))
    assert found.state is State.BROKEN


def test_warnings_alone_have_an_exit_status_of_their_own() -> None:
    status, told, _ = examine("cases")
    assert (status, told["state"]) == (1, "warning"), "no database yet"


def test_every_part_has_its_check() -> None:
    import importlib

    for part, module in doctor.PARTS.items():
        assert part in importlib.import_module(module).CHECKS
