"""The front door: ``./run COMMAND`` hands over to the room that the command belongs to.

    ./run triage "my lips are swelling"      red flags in words, at once
    ./run knowledge search "itchy at night"  the guideline library
    ./run cases ...                          the patients' record
    ./run up | down | status | ask           everything on this machine
    ./run doctor                             what is wrong, and what to do about it
    ./run train | evaluate                   the model

A room is imported only when one of its commands is called, so `triage` answers without waiting.
Commands that need the running house (`knowledge`, `cases`, `doctor`) find it: its addresses are in the data folder.
"""

import importlib
import json
import os
import sys
from collections.abc import Mapping
from typing import Annotated

import typer
from pydantic import ValidationError

ROOMS: Mapping[str, Mapping[str, str]] = {
    "local.commands": {
        "up": "Start everything on this machine and print the address to open.",
        "down": "Stop it.",
        "status": "Tell what runs.",
        "ask": "One photo or question through the same queue and workers, without the page.",
    },
    "doctor": {"doctor": "Look at every part, and say what is wrong and what to do about it."},
    "knowledge.commands": {"knowledge": "The guideline library: search, check, publish, retire, rebuild."},
    "worker.record_commands": {"cases": "The patients' record: hand over, erase, rotate the key."},
    "worker.commands": {
        "backup": "Write the record and the guidelines into one encrypted file.",
        "restore": "Bring a backup back into an empty data folder.",
    },
    "clinic.commands": {"clinic": "The dermatologists' page: invite a clinician."},
    "model.commands": {
        "train": "Train the model with the paper's two steps.",
        "join": "Let the vision towers of several training runs look together.",
        "release": "Make a calibrated weights folder from a training run.",
        "convert": "Make a weights folder from the authors' released weights.",
        "export": "Write weights in the layout another server loads.",
        "serve": "Serve the model with TGI's HTTP API.",
    },
    "model.datasets.commands": {"data": "Look through a data set before training on it."},
    "model.evaluation.commands": {"evaluate": "Measure the model, the steps, the agent; the paper's study."},
}
"""Module with an `app` → the commands it has, with what the list of commands says of each."""

WHOLE = frozenset({"knowledge", "cases", "clinic", "data", "evaluate"})
"""Commands that are a room's whole `app`; the others are commands in one."""

IN_HOUSE = frozenset({"knowledge", "cases", "clinic", "doctor", "backup"})
"""Commands that need the addresses of the house that runs, where one runs."""

BELOW: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "evaluate": {
        "agents.evaluation.commands": {
            "agent": "Measure triage, the check of sentences, history taking and memory.",
        },
    },
    "knowledge": {
        "agents.library_commands": {
            "preview": "Show what would change, the answers to the standing questions above all, and change nothing.",
            "publish": "Make FILE live: a guideline in the fixed form, or a document about one condition.",
            "submit": "Hand FILE in for somebody else to approve, or for the day from which it holds.",
        },
    },
}
"""Commands below another one that belong to another room → the module whose `app` has them → their summaries."""

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def mount(asked: str, below: str = "") -> None:
    """Import the room that has the command `asked`; of the others only names and summaries are known.

    `below` is the word after it: a command of `evaluate` or of `knowledge` may be another room's.
    """
    for module, commands in ROOMS.items():
        if asked not in commands:
            for name, summary in commands.items():
                app.command(name, help=summary)(_unopened)
        else:
            if asked in IN_HOUSE:
                find_house()
            group: typer.Typer = importlib.import_module(module).app
            _add_below(group, asked, below)
            app.add_typer(group, name=asked if asked in WHOLE else None)


def _add_below(group: typer.Typer, asked: str, below: str) -> None:
    for module, commands in BELOW.get(asked, {}).items():
        if below in commands:
            find_house()
            group.add_typer(importlib.import_module(module).app)
            continue
        for name, summary in commands.items():
            group.command(name, help=summary)(_unopened)


def _unopened() -> None:
    """Stands in the list of commands for a room that was not asked for."""


def find_house() -> None:
    """Where a house runs on the data folder, use its addresses; what the environment says itself stays."""
    from local import running
    from local.errors import NotRunning
    from local.settings import LocalSettings

    try:
        folder = LocalSettings().folder
    except ValidationError:
        return  # whoever needs that setting says so
    os.environ.setdefault("SKINGPT_DATA", str(folder))
    try:
        house = running.find(folder)
    except NotRunning:
        return
    for name, value in house.environment.items():
        os.environ.setdefault(name, value)


@app.callback()
def front_door() -> None:
    """SkinGPT: a photo of skin in; what it may be, how urgent it is and cited advice out."""


@app.command()
def triage(
    text: Annotated[str, typer.Argument(help="A patient's words; `-` reads one text per line.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per text.")] = False,
) -> None:
    """Look for red flags in words: how soon the person must be seen, and by which rules."""
    from agents.settings import AgentSettings
    from agents.triage import triage_words, with_number

    number = AgentSettings().emergency_number
    for words in (line.rstrip("\n") for line in sys.stdin) if text == "-" else (text,):
        found = triage_words(words)
        rules = [reason.rule for reason in found.reasons]
        if as_json:
            typer.echo(json.dumps({"level": found.level.value, "rules": rules}))
        else:
            reasons = dict.fromkeys(with_number(reason.text, number) for reason in found.reasons)
            typer.echo("\n".join((found.level.value, *(f"  {reason}" for reason in reasons))))


def main() -> None:
    """Run the command on the command line."""
    mount(*(sys.argv[1:3] or [""]))
    app()


if __name__ == "__main__":
    main()
