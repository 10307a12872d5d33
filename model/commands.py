"""Command line of the model room: `skingpt train`, `release`, `evaluate`, `serve`."""

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import torch
import typer

from model.errors import ModelError
from model.evaluate import Figure, evaluate, read_records
from model.network import load_skingpt
from model.release import release
from model.settings import ModelSettings
from model.training.language import LanguageRecipe, train_language
from model.training.vision import VisionRecipe, train_vision

app = typer.Typer(help="Train, measure and serve the multimodal model.", no_args_is_help=True)

Data = Annotated[Path, typer.Option("--data", help="Folder with pad_ufes_20, ham10000, not_skin and vit_tiny.")]
Run = Annotated[Path, typer.Option("--run", help="Folder of this training run.")]


@app.command()
def train(
    data: Data,
    run: Run,
    step: Annotated[Literal["vision", "1", "2"], typer.Option(help="vision, then 1, then 2.")],
    threads: Annotated[int, typer.Option(min=1)] = 2,
) -> None:
    """One training step of the mini; continues the vision step where it was cut off."""
    torch.set_num_threads(threads)
    with _told_plainly():
        if step == "vision":
            vit = data / "vit_tiny" / "vit_tiny_patch16_224_augreg_in21k_ft_in1k.safetensors"
            train_vision(data, vit, run, VisionRecipe())
        else:
            train_language(data, run, int(step), LanguageRecipe())


@app.command("release")
def release_weights(data: Data, run: Run, out: Annotated[Path, typer.Option("--out")]) -> None:
    """A calibrated fp16 weights folder from a finished run."""
    with _told_plainly():
        typer.echo(json.dumps(release(data, run, out)))


@app.command("evaluate")
def evaluate_weights(
    data: Annotated[Path, typer.Option("--data", help="Folder with metadata.csv.")],
    split: Annotated[str, typer.Option("--split")] = "test",
    with_history: Annotated[bool, typer.Option("--with-history/--photo-only")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
    weights: Annotated[Path | None, typer.Option("--weights")] = None,
) -> None:
    """Figures on one split, with 95 % intervals, the plain head beside."""
    folder = weights or ModelSettings().weights
    with _told_plainly():
        figures = evaluate(load_skingpt(folder), folder, read_records(data, split), with_history=with_history)
    if as_json:
        typer.echo(json.dumps(figures, default=dataclasses.asdict))
        return
    typer.echo(f"{figures['n']} pictures, {'with history' if with_history else 'photo only'}")
    _table("choice", figures)
    plain = figures["plain_head"]
    if isinstance(plain, dict):
        _table("plain head", plain)


@app.command()
def serve() -> None:
    """The model server, TGI's API (settings: SKINGPT_MODEL_*)."""
    from model.server.__main__ import main

    main()


@contextmanager
def _told_plainly() -> Iterator[None]:
    """Ends the command with the error's own words."""
    try:
        yield
    except ModelError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error


def _table(name: str, figures: dict[str, object]) -> None:
    for key, value in figures.items():
        if isinstance(value, Figure):
            typer.echo(f"  {name:12} {key:26} {value.value:.3f}  [{value.low:.3f}, {value.high:.3f}]")
        elif key == "recall" and isinstance(value, dict):
            for slug, recall in value.items():
                typer.echo(f"  {name:12} recall {slug:19} {recall.value:.3f}  [{recall.low:.3f}, {recall.high:.3f}]")
