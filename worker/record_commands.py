"""The commands on patients' records, with those that reach beyond the record: into the agent's memory.

Run: ``./run cases --help``
"""

import typer

from agents.memory import close_memory, open_memory, reseal_memory
from agents.settings import AgentSettings
from cases import commands
from cases.database import CaseDatabase
from cases.keys import KeyFile, load_keys
from cases.rotation import SETTLE_SECONDS, Reseal, reseal_data_keys, rotate
from cases.sealed import reseal_record
from cases.settings import CasesSettings

app = typer.Typer(name="cases", help="Patients' records: hand over, erase, seal.", no_args_is_help=True)
app.add_typer(commands.app)

_BY_HAND = (
    "The key is in SKINGPT_KEY, which this command cannot change. Put a new key (./run cases new-key prints one) "
    "before the old one, separated by a comma, and start everything again with it. Then run this again: it seals "
    "everything anew, and tells you when the old key can go."
)


@app.command("rotate-key")
def rotate_key() -> None:
    """Make a new key, seal everything anew under it while the house runs, and retire the old one.

    Cut off, it goes on where it was when it is called again. A copy of the old key is needed for older backups only.
    """
    settings = CasesSettings()
    with commands.opened() as db:
        if settings.key is not None:
            if len(load_keys(settings)) == 1:
                typer.echo(_BY_HAND, err=True)
                raise typer.Exit(1)
            done = sum(reseal() for reseal in _places(db, settings))
            typer.echo(
                f"{done} values sealed anew under the first key in SKINGPT_KEY. When every process has been started "
                f"with it for {SETTLE_SECONDS} s, run this once more; once it says 0 values, the other keys can go."
            )
            return
        file = KeyFile.of(settings)
        typer.echo(f"Sealing everything anew; this takes at least {SETTLE_SECONDS} s. The house may go on running.")
        done = rotate(file, _places(db, settings))
    typer.echo(
        f"{done} values sealed anew. {file.place} holds the new key alone: copy it to your safe place now. "
        "Keep the old copy only as long as backups made with it."
    )


def _places(db: CaseDatabase, settings: CasesSettings) -> list[Reseal]:
    return [
        lambda: reseal_record(db),
        lambda: _reseal_memory(db),
        lambda: reseal_data_keys(settings.data.expanduser().resolve(), db.vault),
    ]


def _reseal_memory(db: CaseDatabase) -> int:
    memory = open_memory(AgentSettings(), db.vault)
    try:
        return reseal_memory(memory, db.vault)
    finally:
        close_memory(memory)
