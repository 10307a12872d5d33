"""The commands on patients' records: export, forget, key, new-key, purge, migrate, downgrade.

`worker.record_commands` has those that reach beyond the record.

Run: python -m cases.commands --help
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from cases import schema
from cases.database import CaseDatabase, migrating, open_cases
from cases.errors import CasesError, PatientNotFound
from cases.keys import KeyFile, new_key
from cases.patients import export as export_patient
from cases.patients import find_patient
from cases.patients import forget as forget_patient
from cases.record import Patient
from cases.retention import purge as purge_cases
from cases.settings import CasesSettings

app = typer.Typer(help="Patients' records: hand over, erase, seal.", no_args_is_help=True)

ChatId = Annotated[int, typer.Argument(help="The Telegram chat of the patient.")]


@app.command()
def export(
    chat_id: ChatId,
    to: Annotated[Path | None, typer.Option(help="The zip file to write; default: CHAT_ID.zip here.")] = None,
) -> None:
    """Write everything that is kept of a patient into a zip file, readable by its owner alone."""
    with opened() as db:
        content = export_patient(db, _patient(db, chat_id).id)
    path = to or Path(f"{chat_id}.zip")
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(content)
    except OSError as error:
        typer.echo(f"{path} cannot be written ({error.strerror}): choose another file with --to.", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"Wrote {path}. It is not encrypted: delete it when it has been handed over.")


@app.command()
def forget(
    chat_id: ChatId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Erase everything that is kept of a patient. It cannot be undone."""
    with opened() as db:
        patient = _patient(db, chat_id)
        if not yes:
            typer.confirm(f"Erase all that is kept of chat {chat_id}?", abort=True)
        counts = forget_patient(db, patient.id).counts
    typer.echo("Erased: " + ", ".join(f"{count} {table}" for table, count in sorted(counts.items()) if count) + ".")
    typer.echo("The agent's memory of it goes within an hour of the house running; the chat itself is left as it is.")


@app.command()
def key() -> None:
    """Make the encryption key's file. An existing one is never overwritten."""
    with told():
        file = KeyFile.of(CasesSettings())
        file.make()
    typer.echo(f"Made {file.place}. Keep a copy of it in a safe place: without it no record can be read.")


@app.command("new-key")
def print_new_key() -> None:
    """Print a fresh key, for whoever keeps keys in SKINGPT_KEY or writes key files by hand. Nothing is changed."""
    typer.echo(new_key())


@app.command()
def purge() -> None:
    """Erase the cases in which nothing happened for SKINGPT_RETENTION_DAYS."""
    with opened() as db:
        counts = purge_cases(db, timedelta(days=CasesSettings().retention_days)).counts
    typer.echo(f"Erased {counts['cases']} cases.")


@app.command()
def migrate(
    to: Annotated[str | None, typer.Option(help="The revision to stop at; default: the newest.")] = None,
) -> None:
    """Bring the tables up to this program's revision. Old and new processes may be at work meanwhile."""
    with told(), migrating(CasesSettings()) as connection:
        before = schema.revision(connection)
        schema.upgrade(connection, _revision(to) if to else "head")
        after = schema.revision(connection)
    typer.echo(f"The tables are at revision {after}" + (f" (before: {before or 'none'})." if before != after else "."))


@app.command()
def downgrade(
    to: Annotated[str, typer.Argument(help="The revision to go back to, e.g. 0001.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Take the tables back to an earlier revision, for an earlier program. What only newer ones hold is lost."""
    if not yes:
        typer.confirm("Is every process stopped, and a backup made?", abort=True)
    with told(), migrating(CasesSettings()) as connection:
        schema.downgrade(connection, _revision(to))
        after = schema.revision(connection)
    typer.echo(f"The tables are at revision {after or 'none'}.")


def _revision(name: str) -> str:
    if name not in schema.revisions():
        known = ", ".join(reversed(schema.revisions()))
        raise typer.BadParameter(f"There is no revision {name} here, but {known}.")
    return name


def _patient(db: CaseDatabase, chat_id: int) -> Patient:
    patient = find_patient(db, chat_id)
    if patient is None:
        raise PatientNotFound(f"Nothing is kept of chat {chat_id}.")
    return patient


@contextmanager
def opened() -> Iterator[CaseDatabase]:
    """The database while a command runs; what goes wrong is told and ends the command."""
    with told():
        db = open_cases(CasesSettings())
        try:
            yield db
        finally:
            db.close()


@contextmanager
def told() -> Iterator[None]:
    """What goes wrong is told in its own words, and ends the command with status 1."""
    try:
        yield
    except CasesError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    app()
