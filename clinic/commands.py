"""The clinic page on the command line.

python -m clinic                          serve the page on this machine
python -m clinic invite "Dr A. Example"   print the entry of a new clinician for SKINGPT_CLINIC_USERS
"""

import logging
from typing import Annotated

import typer

from clinic.errors import ClinicError, NameInvalid, PasswordTooShort
from exporter import export
from logs import start_logging

app = typer.Typer(name="clinic", help="The dermatologists' web page.")


@app.callback(invoke_without_command=True)
def serve(context: typer.Context) -> None:
    """Serve the page on this machine, unless another command is given."""
    if context.invoked_subcommand is not None:
        return
    import uvicorn

    from cases.errors import CasesError
    from cases.heartbeat import keep_beating
    from clinic.app import create_app
    from clinic.services import open_services
    from clinic.settings import ClinicSettings
    from knowledge.errors import KnowledgeError

    start_logging("clinic")
    settings = ClinicSettings()
    try:
        services = open_services(settings)
    except (ClinicError, CasesError, KnowledgeError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if not len(services.clinicians):
        logging.getLogger(__name__).warning("nobody can sign in: ./run clinic invite NAME says how to change that")
    export()
    keep_beating(lambda: services.cases, "clinic")
    # Without the access log: its lines would hold the words of a search.
    uvicorn.run(
        create_app(services, settings.hosts),
        host=settings.clinic_listen,
        port=settings.clinic_port,
        access_log=False,
        server_header=False,
        log_config=None,
    )


@app.command()
def invite(
    name: Annotated[str, typer.Argument(help="As patients' guidelines shall name the author.")],
) -> None:
    """Ask the new clinician for a password, twice, and print their entry for SKINGPT_CLINIC_USERS.

    Nothing is stored: add the printed line to the setting, after a comma, and start the page again.
    """
    from clinic.clinicians import checked_name, entry

    try:
        kept = checked_name(name)
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        line = entry(kept, password)
    except (NameInvalid, PasswordTooShort) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(
        "Add this to SKINGPT_CLINIC_USERS (entries are separated by commas), then start the page again:",
        err=True,
    )
    typer.echo(line)
