"""``./run doctor``: looks at every part of SkinGPT and says what is wrong and what to do about it.

    ./run doctor                 everything; works while the house is down, half up, or wrongly set
    ./run doctor model index     these parts only
    ./run doctor --json          the same for machines

Exit status: 0 all is well, 1 there are warnings, 2 something is broken (as monitoring plugins have it). It changes
nothing, shows no secret, and asks the model one question about a drawn picture.
"""

import dataclasses
import importlib
import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from checkup import Check, Finding, State, broken, run_checks, well, worst

STATUS = {State.WELL: 0, State.WARNING: 1, State.BROKEN: 2}
SIGNS = {State.WELL: "[green]✓[/green]", State.WARNING: "[yellow]![/yellow]", State.BROKEN: "[red]✗[/red]"}

PARTS: Mapping[str, str] = {
    "versions": "doctor",
    "disk": "local.checks",
    "house": "local.checks",
    "key": "cases.checks",
    "cases": "cases.checks",
    "work": "cases.checks",
    "library": "knowledge.checks",
    "guidelines": "knowledge.checks",
    "embedder": "knowledge.checks",
    "index": "knowledge.checks",
    "memory": "agents.checks",
    "llm": "agents.checks",
    "broker": "worker.checks",
    "workers": "worker.checks",
    "model": "worker.checks",
    "telegram": "bot.checks",
}
"""Part → the module whose `CHECKS` has it."""

app = typer.Typer()


def check_versions() -> Sequence[Finding]:
    """What is installed here."""
    told = {"python": platform.python_version(), **{name: _version(name) for name in ("skingpt", "torch", "celery")}}
    missing = [name for name, number in told.items() if number == "missing"]
    says = f"{', '.join(f'{name} {number}' for name, number in told.items())}."
    if missing:
        return [broken("versions", says, "Install it all again: ./run", **told)]
    return [well("versions", says, **told)]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


CHECKS: Mapping[str, Check] = {"versions": check_versions}


@app.command()
def doctor(
    parts: Annotated[list[str] | None, typer.Argument(help="Look at these parts only.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    seconds: Annotated[float, typer.Option(min=1, help="Longest wait for one part.")] = 60,
) -> None:
    """Look at every part, and say what is wrong and what to do about it."""
    wanted = parts or list(PARTS)
    if unknown := [part for part in wanted if part not in PARTS]:
        raise typer.BadParameter(f"There is no part {unknown[0]}; the parts are {', '.join(PARTS)}.")
    found = run_checks({part: _check(part) for part in wanted}, seconds)
    if as_json:
        told = {"state": worst(found), "findings": [dataclasses.asdict(finding) for finding in found]}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        _show(found)
    sys.stdout.flush()
    # Without waiting for threads of a check that hangs, or of a library that was asked.
    os._exit(STATUS[worst(found)])


def _check(part: str) -> Check:
    # One after the other: threads that import the same modules may meet half of one.
    try:
        check: Check = importlib.import_module(PARTS[part]).CHECKS[part]
    except Exception as error:
        return partial(_raise, error)
    return check


def _raise(error: Exception) -> Sequence[Finding]:
    """Stands for the check of a room that cannot be imported, which is a finding."""
    raise error


def _show(findings: Sequence[Finding]) -> None:
    table = Table.grid(padding=(0, 1))
    for finding in findings:
        remedy = f"\n→ {finding.remedy}" if finding.remedy else ""
        table.add_row(SIGNS[finding.state], finding.part, Text(finding.says + remedy))
    console = Console(highlight=False)
    console.print(table)
    counts = {state: sum(1 for finding in findings if finding.state is state) for state in State}
    console.print(f"\n{counts[State.WELL]} well, {counts[State.WARNING]} warnings, {counts[State.BROKEN]} broken.")
