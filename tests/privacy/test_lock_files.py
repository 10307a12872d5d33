"""The lock files hold all that is asked for, by hash, and no address of an index.

After a change of pyproject.toml or constraints.txt: `.ci/lock` (its top says how).
"""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-cpu.lock", "requirements-cuda.lock")
BLOCK = re.compile(
    r"(?P<name>[\w.-]+)==(?P<version>[^ ;]+)(?P<marker> ; [^\\]+)?(?P<hashes>( \\\n    --hash=sha256:[0-9a-f]{64})+)\n"
)


def locked() -> dict[str, str]:
    """Name → version, over all lock files."""
    texts = ((ROOT / name).read_text(encoding="utf-8") for name in LOCKS)
    return {
        canonicalize_name(block["name"]): block["version"].split("+")[0]
        for text in texts
        for block in BLOCK.finditer(text)
    }


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_is_a_version_with_hashes(name: str) -> None:
    first, rest = (ROOT / name).read_text(encoding="utf-8").split("\n", 1)
    assert first.startswith("# Written by .ci/lock")
    assert BLOCK.sub("", rest).strip() == ""


def test_what_is_asked_for_is_locked_at_the_version_it_was_tested_with() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *extras["dev"], *extras["postgres"], *extras["research"]]
    versions = locked()
    for requirement in map(Requirement, asked):
        name = canonicalize_name(requirement.name)
        if name != "skingpt":
            assert name in versions, f"{name} is not locked: run .ci/lock"
            assert requirement.specifier.contains(versions[name]), f"{name} {versions[name]}: run .ci/lock"
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            pin = Requirement(line)
            version = versions.get(canonicalize_name(pin.name))
            assert version is None or pin.specifier.contains(version), f"{line} is locked as {version}: run .ci/lock"


def test_torch_is_the_cpu_build_or_the_package_indexs_with_all_it_needs() -> None:
    names = {name: [block["name"] for block in BLOCK.finditer((ROOT / name).read_text("utf-8"))] for name in LOCKS}
    assert names["requirements-cpu.lock"] == ["torch"]
    assert "torch" in names["requirements-cuda.lock"] and len(names["requirements-cuda.lock"]) > 10
    assert not [name for name in names["requirements.lock"] if name == "torch" or name.startswith("nvidia-")]
