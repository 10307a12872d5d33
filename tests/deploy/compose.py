"""docker-compose.yml and the Dockerfile, read as an engine would read them."""

import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


def services() -> dict[str, dict[str, Any]]:
    """Every service by name, with the anchors resolved and the variables at their defaults."""
    found: dict[str, dict[str, Any]] = document()["services"]
    return found


@cache
def document() -> dict[str, Any]:
    """The whole file."""
    text = (ROOT / "docker-compose.yml").read_text()
    read: dict[str, Any] = yaml.safe_load(_VARIABLE.sub(lambda match: match[2] or "", text))
    return read


def variables() -> dict[str, str | None]:
    """What the file takes from .env, with the defaults."""
    text = (ROOT / "docker-compose.yml").read_text()
    return {match[1]: match[2] for match in _VARIABLE.finditer(text)}


def is_ours(service: dict[str, Any]) -> bool:
    """Whether it runs the image that the Dockerfile makes."""
    return str(service["image"]).startswith("skingpt:")


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions and their arguments, lines joined."""
    text = (ROOT / "Dockerfile").read_text()
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    parts = (line.partition(" ") for line in joined.splitlines() if line)
    return [(word.upper(), rest.strip()) for word, _, rest in parts]


def committed() -> list[str]:
    """The paths of all files of the repository."""
    listed = subprocess.run(("git", "ls-files"), cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for path in listed.stdout.splitlines() if (ROOT / path).is_file()]


def environment_of_the_image() -> dict[str, str]:
    """What ENV sets in the last stages."""
    found: dict[str, str] = {}
    for word, rest in instructions():
        if word == "ENV":
            found |= dict(re.findall(r"(\w+)=(\S+)", rest))
    return found


def dependencies() -> list[str]:
    """What the image installs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [*project["dependencies"], *project["optional-dependencies"]["postgres"]]
