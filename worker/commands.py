"""The commands that keep everything in one file and bring it back: ``./run backup``, ``./run restore``."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from cases.commands import told
from cases.retention import FORGOTTEN_KNOWN
from cases.settings import CasesSettings
from worker.backup import back_up, drop_old
from worker.backup import restore as bring_back

app = typer.Typer(name="backups", help="Backups of everything that cannot be made again.", no_args_is_help=True)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not be there yet.")],
    keep_days: Annotated[
        int | None,
        typer.Option(
            min=1, max=FORGOTTEN_KNOWN.days, help="Then delete the backups in the same folder that are older than this."
        ),
    ] = None,
) -> None:
    """Write the record and the guidelines into one encrypted file, while the house runs."""
    with told():
        size = back_up(CasesSettings(), file)
        old = drop_old(file.parent, timedelta(days=keep_days)) if keep_days else []
    typer.echo(f"Wrote {file} ({size / 1e6:.1f} MB). It opens with the key of the records alone: keep them apart.")
    for path in old:
        typer.echo(f"Deleted {path.name}, which was older than {keep_days} days.")


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="A file that `backup` wrote.")]) -> None:
    """Bring back what FILE holds, into an empty data folder; nothing is ever overwritten."""
    settings = CasesSettings()
    with told():
        restored = bring_back(settings, file)
    typer.echo(
        f"Restored what was kept on {restored.made:%Y-%m-%d %H:%M} UTC (migration {restored.schema_revision}, "
        f"brought to the newest) into {settings.data.expanduser().resolve()}."
    )
    typer.echo(f"Patients erased again, who had asked for it since: {restored.forgotten_again}.")
    library = "The next ./run up builds the guideline index anew." if restored.library else "It held no guidelines."
    typer.echo(library)
