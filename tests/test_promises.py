"""Every promise in docs/PROMISES.md names tests that exist, and is said once."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def promises() -> dict[str, list[tuple[str, str]]]:
    """Promise → (file, test) of each of its proofs."""
    found: dict[str, list[tuple[str, str]]] = {}
    for line in (ROOT / "docs" / "PROMISES.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| ") and not line.startswith("| promise"):
            promise, proofs = line.strip("| ").rsplit(" | ", 1)
            assert promise not in found, f"said twice: {promise}"
            found[promise] = TEST.findall(proofs)
            rest = TEST.sub("", proofs).replace(",", "").strip()
            assert not rest, f"{promise}: {rest} is not a test as `tests/FILE.py::NAME`"
    return found


@cache
def collected_from(file: str) -> frozenset[str]:
    """The names of the tests that pytest collects from a file: functions of the module, methods of test classes."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    bodies = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))]
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(
        node.name for body in bodies for node in body if isinstance(node, functions) and node.name.startswith("test_")
    )


def test_every_promise_has_a_test_that_exists() -> None:
    found = promises()
    assert len(found) > 40
    for promise, proofs in found.items():
        assert proofs, f"no test proves: {promise}"
        for file, name in proofs:
            assert (ROOT / file).is_file(), f"{promise}: there is no {file}"
            assert name in collected_from(file), f"{promise}: {file} has no {name}"
