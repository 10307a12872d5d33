"""The local house's commands: ``./run up``, ``./run down``, ``./run status``."""

import asyncio
import dataclasses
import json
import os
import signal
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from local import running
from local.errors import LocalError, NotRunning
from local.key import ensure_key
from local.progress import Progress
from local.settings import LocalSettings
from local.supervisor import House

app = typer.Typer(help="Everything on this machine.", no_args_is_help=True)

FAILED, NOT_RUNNING = 1, 3
"""Exit statuses; 3 is what status commands of services give when there is none."""


async def _live(settings: LocalSettings, console: Console) -> None:
    progress = Progress(console)
    house = House(settings, os.environ, notice=progress.notice, changed=progress.changed)
    with progress.shown():
        await house.__aenter__()
    try:
        console.print(f"\n[bold]Open {house.page}[/bold]", highlight=False)
        console.print(f"[dim]Dermatologists: {house.clinic} · Ctrl-C stops everything[/dim]", highlight=False)
        await house.until_stopped()
        console.print("[dim]Stopping; work in hand is finished first (Ctrl-C again: at once)[/dim]")
    finally:
        await house.stop()


@app.command()
def up() -> None:
    """Start everything on this machine and print the address to open; Ctrl-C stops it."""
    settings, console = LocalSettings(), Console()
    try:
        with running.hold(settings.folder):
            key = ensure_key(settings)
            if key is not None:
                console.print(f"[dim]Data: {settings.folder} · key: {key} (keep a copy)[/dim]", highlight=False)
            asyncio.run(_live(settings, console))
    except LocalError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(FAILED) from error


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def ask(context: typer.Context) -> None:
    """Put a photo or a question through the same queue and workers, without the page."""
    from local.ask import ask as put

    try:
        raise typer.Exit(put(context.args))
    except LocalError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(FAILED) from error


@app.command()
def down(
    seconds: Annotated[float, typer.Option(help="Longest wait for the end.")] = 60,
) -> None:
    """Stop the house that runs on this data folder."""
    folder = LocalSettings().folder
    try:
        house = running.find(folder)
    except NotRunning as error:
        typer.echo(str(error))
        return
    os.kill(house.pid, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while running.is_held(folder):
        if time.monotonic() > deadline:
            typer.echo(f"Process {house.pid} did not end in {seconds:g} s. Its logs: {folder / 'logs'}", err=True)
            raise typer.Exit(FAILED)
        time.sleep(0.1)
    typer.echo("Stopped.")


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Tell which parts run; exit status 3 when none do."""
    folder = LocalSettings().folder
    try:
        house = running.find(folder)
    except NotRunning as error:
        typer.echo(json.dumps({"running": False}) if as_json else str(error))
        raise typer.Exit(NOT_RUNNING) from error
    if as_json:
        typer.echo(json.dumps({"running": True, **dataclasses.asdict(house)}, indent=1))
        return
    table = Table(box=None)
    for heading in ("part", "state", "process", "restarts", "last ended by"):
        table.add_column(heading)
    for name, part in house.parts.items():
        table.add_row(
            name, str(part["state"]), str(part["pid"] or "–"), str(part["restarts"]), str(part.get("reason") or "–")
        )
    console = Console()
    console.print(f"{'Ready' if house.ready else 'Starting'}: {house.page} (process {house.pid})", highlight=False)
    console.print(table)


if __name__ == "__main__":
    app()
