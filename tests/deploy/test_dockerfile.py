"""The Dockerfile copies only what there is, runs as nobody, and carries no secret; what it copies runs unprivileged."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.compose import ROOT, committed, dependencies, environment_of_the_image, instructions, services

FROM_BUILD = re.compile(r"--from=(\S+)\s+(\S+)")


def allowed() -> list[str]:
    """What .dockerignore lets in, all else being shut out."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    return [rule[1:] for rule in rules if rule.startswith("!")]


def is_sent(path: str) -> bool:
    shut_out = ("__pycache__", ".pyc")
    return any(path == rule or path.startswith(f"{rule}/") for rule in allowed()) and not path.endswith(shut_out)


def test_all_that_is_let_in_exists() -> None:
    assert all((ROOT / rule).exists() for rule in allowed())


def test_every_module_of_the_program_is_let_in_and_nothing_else() -> None:
    rooms = r"(\w+\.py|(agents|bot|cases|clinic|knowledge|local|model|worker)/)"
    program = [path for path in committed() if re.match(rooms, path)]
    assert [path for path in program if not is_sent(path)] == []
    for kept_out in (
        "tests/conftest.py",
        ".git/config",
        ".env",
        "deploy/secrets/record_key",
        "var/cases.db",
        "examples/mole.jpg",
    ):
        assert not is_sent(kept_out)


def test_every_copied_path_exists() -> None:
    stages: set[str] = set()
    for word, rest in instructions():
        if word == "FROM" and (name := re.search(r"AS (\S+)$", rest)):
            base = rest.split()[0]
            assert base in stages or base == "${PYTHON}"
            stages.add(name[1])
        elif word == "COPY" and (copied := FROM_BUILD.search(rest)):
            assert copied[1] in stages and copied[2] == "/opt/skingpt"
        elif word == "COPY":
            for source in rest.split()[:-1]:
                assert source == "." or (is_sent(source) and (ROOT / source).exists())
    assert {"cpu", "gpu"} <= stages


def test_it_is_pinned_and_runs_as_nobody() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert "ARG PYTHON=python:3.11-slim-bookworm" in text
    users = [rest for word, rest in instructions() if word == "USER"]
    assert users == ["10001:10001"]
    assert all(service["user"] == users[0] for service in services().values() if service["image"] == "skingpt:cpu")


def test_nothing_secret_goes_into_a_layer() -> None:
    for word, rest in instructions():
        if word in ("ARG", "ENV"):
            assert not re.search(r"token\b|secret|password|_key\b", rest, re.IGNORECASE), rest
    assert not set(environment_of_the_image()) & {"SKINGPT_KEY", "SKINGPT_TELEGRAM_TOKEN", "SKINGPT_CASES_URL"}


def test_it_installs_what_many_machines_need() -> None:
    names = {re.split(r"[\[<>=]", each)[0].replace("_", "-") for each in dependencies()}
    assert {"psycopg", "psycopg-pool", "langgraph-checkpoint-postgres", "celery", "torch"} <= names
    locked = {line.split("==")[0].lower() for line in _locked("requirements.lock")}
    for torch in ("requirements-cpu.lock", "requirements-cuda.lock"):
        assert names <= locked | {line.split("==")[0].lower() for line in _locked(torch)}
    dropped = next(rest for word, rest in instructions() if word == "RUN" and "uninstall" in rest)
    assert not names & set(dropped.split("--yes")[1].split())
    installs = [rest for word, rest in instructions() if word == "RUN" and "pip install" in rest]
    assert all(rest.count("pip install") == rest.count("--require-hashes") for rest in installs)


def _locked(name: str) -> list[str]:
    return [line for line in (ROOT / name).read_text().splitlines() if re.match(r"[\w.-]+==", line)]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What COPY . . puts into /app, which nobody may write to."""
    folder = tmp_path_factory.mktemp("image") / "app"
    for path in committed():
        if is_sent(path) and not path.endswith(".safetensors"):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, folder / path)
    subprocess.run(("chmod", "-R", "a-w", folder), check=True)
    return folder


MODULES = "bot.__main__ worker.app worker.sweep clinic.__main__ knowledge.embedder model.server.app skingpt".split()


@pytest.mark.slow
@pytest.mark.parametrize("module", MODULES)
def test_every_part_is_whole_in_the_image(image: Path, module: str, tmp_path: Path) -> None:
    """Imported from the copy alone, which cannot be written to: nothing that a part needs was left out."""
    installed = [entry for entry in sys.path if "site-packages" in entry or not Path(entry).is_relative_to(ROOT)]
    program = f"import sys; sys.path[:] = [{str(image)!r}, *{installed!r}]; import {module} as m; print(m.__file__)"
    environment = {
        **environment_of_the_image(),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": "",
        "HOME": str(tmp_path),
        "SKINGPT_DATA": str(tmp_path / "data"),
    }
    done = subprocess.run(
        (sys.executable, "-I", "-c", program), cwd=image, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(image))
