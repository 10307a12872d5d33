"""Command line of the evaluation: `skingpt evaluate --data …` and the commands below it."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer

from model.evaluation.figures import Figure, evaluate, read_records
from model.network import load_skingpt
from model.settings import ModelSettings
from model.told import told_plainly

app = typer.Typer(help="Measure the model, the steps, the agent; the paper's study.", invoke_without_command=True)


@app.callback()
def evaluate_weights(
    context: typer.Context,
    data: Annotated[Path | None, typer.Option("--data", help="Folder with metadata.csv.")] = None,
    split: Annotated[str, typer.Option("--split")] = "test",
    with_history: Annotated[bool, typer.Option("--with-history/--photo-only")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
    weights: Annotated[Path | None, typer.Option("--weights")] = None,
) -> None:
    """Figures on one split, with 95 % intervals, the plain head beside."""
    if context.invoked_subcommand is not None:
        return
    if data is None:
        raise typer.BadParameter("name the folder of a data set", param_hint="--data")
    folder = weights or ModelSettings().weights
    with told_plainly():
        figures = evaluate(load_skingpt(folder), folder, read_records(data, split), with_history=with_history)
    if as_json:
        typer.echo(json.dumps(figures, default=dataclasses.asdict))
        return
    typer.echo(f"{figures['n']} pictures, {'with history' if with_history else 'photo only'}")
    _table("choice", figures)
    plain = figures["plain_head"]
    if isinstance(plain, dict):
        _table("plain head", plain)


def _table(name: str, figures: dict[str, object]) -> None:
    for key, value in figures.items():
        if isinstance(value, Figure):
            typer.echo(f"  {name:12} {key:26} {value.value:.3f}  [{value.low:.3f}, {value.high:.3f}]")
        elif key == "recall" and isinstance(value, dict):
            for slug, recall in value.items():
                typer.echo(f"  {name:12} recall {slug:19} {recall.value:.3f}  [{recall.low:.3f}, {recall.high:.3f}]")
