"""`./run` with a Python that only pretends to install: when it installs, how often, and where it hands over."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PYTHON = """#!/bin/bash
# python3.11 -m venv FOLDER
mkdir -p "$3/bin"
cat >"$3/bin/python" <<'END'
#!/bin/bash
echo "$@" >>"$LEDGER"
if [[ $* == *--editable* ]]; then sleep "${INSTALL_SECONDS-0}"; exit "${INSTALL_STATUS-0}"; fi
END
cat >"$3/bin/skingpt" <<'END'
#!/bin/bash
echo "in $PWD: $*"
END
chmod +x "$3/bin/python" "$3/bin/skingpt"
"""


class Checkout:
    """A copy of `./run` and what it reads, in a folder with a blank in its name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "a checkout"
        self.folder.mkdir()
        for name in ("run", "pyproject.toml", "constraints.txt"):
            shutil.copy(ROOT / name, self.folder / name)
        self.tools = folder / "tools"
        self.tools.mkdir()
        self.ledger = folder / "ledger"
        for tool in (
            *("bash", "env", "cat", "cut", "dirname", "flock", "mkdir", "chmod"),
            *("readlink", "sha256sum", "sleep", "tail"),
        ):
            (self.tools / tool).symlink_to(shutil.which(tool) or f"/bin/{tool}")

    def add_python(self) -> None:
        python = self.tools / "python3.11"
        python.write_text(PYTHON)
        python.chmod(0o755)

    def start(self, *words: str, cwd: Path | None = None, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(self.folder / "run"), *words],
            cwd=cwd or self.folder,
            env={"PATH": str(self.tools), "LEDGER": str(self.ledger), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, cwd: Path | None = None, **environment: str) -> tuple[int, str, str]:
        process = self.start(*words, cwd=cwd, **environment)
        out, error = process.communicate(timeout=30)
        return process.returncode, out, error

    def installations(self) -> int:
        return self.ledger.read_text().count("--editable") if self.ledger.exists() else 0


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_without_python_it_says_what_is_missing(checkout: Checkout) -> None:
    status, out, error = checkout.run("up")
    assert (status, out) == (1, "")
    assert "python3.11" in error and "Install it" in error


def test_it_installs_once_and_again_only_when_the_pins_change(checkout: Checkout, tmp_path: Path) -> None:
    checkout.add_python()
    assert checkout.run("status")[0] == 0
    assert checkout.run("status")[2] == ""
    assert checkout.installations() == 1
    with (checkout.folder / "constraints.txt").open("a") as pins:
        pins.write("one==1\n")
    checkout.run("status")
    assert checkout.installations() == 2


def test_it_hands_over_from_any_folder_with_the_words_unchanged(checkout: Checkout, tmp_path: Path) -> None:
    checkout.add_python()
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    assert (
        checkout.run("ask", "my photo.jpg", "--json", cwd=elsewhere)[1] == f"in {elsewhere}: ask my photo.jpg --json\n"
    )
    link = tmp_path / "tools" / "skin"
    link.symlink_to(checkout.folder / "run")
    told = subprocess.run(
        [link, "status"], cwd=elsewhere, env={"PATH": str(checkout.tools)}, capture_output=True, text=True, check=True
    )
    assert told.stdout == f"in {elsewhere}: status\n"


def test_the_tests_are_run_from_the_checkout(checkout: Checkout, tmp_path: Path) -> None:
    checkout.add_python()
    checkout.run("test", "-k", "two words", cwd=tmp_path)
    assert checkout.ledger.read_text().splitlines()[-1] == "-m pytest -k two words"


def test_two_first_runs_install_once(checkout: Checkout) -> None:
    checkout.add_python()
    both = [checkout.start("status", INSTALL_SECONDS="1") for _ in range(2)]
    ended = [process.communicate(timeout=30) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert checkout.installations() == 1
    assert sum("waiting for it" in error for _, error in ended) == 1


def test_a_failed_installation_is_not_taken_for_one(checkout: Checkout) -> None:
    checkout.add_python()
    status, _, error = checkout.run("status", INSTALL_STATUS="1")
    assert status == 1 and "installation failed" in error
    assert checkout.run("status")[0] == 0
    assert checkout.installations() == 2


def test_nothing_of_the_machine_is_named() -> None:
    for name in ("run", ".ci/run", "pyproject.toml", "constraints.txt"):
        text = (ROOT / name).read_text()
        assert "PIP_FIND_LINKS" not in text and "/opt/" not in text and "file://" not in text
    assert os.access(ROOT / "run", os.X_OK) and os.access(ROOT / ".ci" / "run", os.X_OK)
