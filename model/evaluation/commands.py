"""Command line of the evaluation: `skingpt evaluate --data …` and the commands below it."""

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
import typer

from model.choosing import choose
from model.errors import DataSetError
from model.evaluation.evaluate import evaluate, not_skin_auc, read_cases, read_records, views_agree
from model.evaluation.folds import judge_folds
from model.evaluation.intervals import Figure
from model.evaluation.left_out import left_out_aucs
from model.evaluation.pictures import draw_judged
from model.evaluation.steps import compare_steps
from model.evaluation.study import read_forms, write_form
from model.network import load_skingpt
from model.settings import ModelSettings
from model.told import told_plainly

app = typer.Typer(help="Measure the model, the steps, the agent; the paper's study.", invoke_without_command=True)

Weights = Annotated[Path | None, typer.Option("--weights", help="Weights folder; the deployed one if left out.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, each figure {value, low, high}.")]


@app.callback()
def evaluate_weights(
    context: typer.Context,
    data: Annotated[Path | None, typer.Option("--data", help="Folder of a data set.")] = None,
    split: Annotated[str, typer.Option("--split")] = "test",
    with_history: Annotated[bool, typer.Option("--with-history/--photo-only")] = False,
    as_json: AsJson = False,
    weights: Weights = None,
    views: Annotated[bool, typer.Option("--views", help="Also under rotation, crop, blur, JPEG and light.")] = False,
    not_skin: Annotated[Path | None, typer.Option(help="Folder of pictures that show no skin.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for pictures: confusion, reliability, abstention.")] = None,
) -> None:
    """Figures on one split, with 95 % intervals by patient or lesion, the plain head beside."""
    torch.set_num_threads(ModelSettings().threads)
    if context.invoked_subcommand is not None:
        return
    if data is None:
        raise typer.BadParameter("name the folder of a data set", param_hint="--data")
    folder = weights or ModelSettings().weights
    with told_plainly():
        records, faults = read_records(data, split)
        skingpt = load_skingpt(folder)
        cases = read_cases(skingpt, records, faults)
        figures = evaluate(skingpt, folder, cases, with_history=with_history)
        if views:
            figures["views_agree"] = views_agree(skingpt, cases)
        if not_skin is not None:
            figures["not_skin_auc"] = not_skin_auc(skingpt, cases, not_skin)
        if out is not None:
            told = choose(skingpt, cases.features, cases.facts(with_history=with_history)).choices.exp()
            draw_judged(cases.judged(told), out)
    _show(figures, as_json=as_json)


@app.command()
def steps(
    run: Annotated[Path, typer.Option("--run", help="Run folder with the steps to compare.")],
    data: Annotated[Path, typer.Option("--data", help="Folder of a data set.")],
    split: Annotated[str, typer.Option("--split")] = "val",
    as_json: AsJson = False,
) -> None:
    """The paper's Fig. 3: what step 1 alone, step 2 alone and both say of the same pictures, and the tower alone."""
    with told_plainly():
        _show(compare_steps(run, data, split), as_json=as_json)


@app.command()
def folds(
    runs: Annotated[list[Path], typer.Argument(help="The run folders, one a fold.")],
    data: Annotated[Path, typer.Option("--data", help="Folder with pad_ufes_20.")],
    side: Annotated[int | None, typer.Option(help="Pixels a photo is read at; as trained if left out.")] = None,
    looks: Annotated[Literal["1", "2", "4"] | None, typer.Option(help="Looks at a photo; as trained.")] = None,
    as_json: AsJson = False,
) -> None:
    """Out of fold on PAD-UFES-20's train and validation patients, the plain head beside."""
    with told_plainly():
        told = judge_folds(data, runs, side=side, looks=int(looks) if looks else None)
        _show(told, as_json=as_json)


@app.command()
def left_out(
    data: Annotated[Path, typer.Option("--data", help="Folder of a data set with a training split.")],
    split: Annotated[str, typer.Option("--split")] = "test",
    weights: Weights = None,
    as_json: AsJson = False,
) -> None:
    """Leave one kind out: whether a head that was never taught a kind doubts it more than the kinds it knows."""
    with told_plainly():
        _show(left_out_aucs(load_skingpt(weights or ModelSettings().weights), data, split), as_json=as_json)


@app.command()
def paper(
    data: Annotated[Path | None, typer.Option("--data", help="Folder of a data set to take the cases from.")] = None,
    split: Annotated[str, typer.Option("--split")] = "test",
    cases: Annotated[int, typer.Option(min=1, help="How many cases the form holds.")] = 20,
    out: Annotated[Path, typer.Option("--out", help="The form, one HTML file.")] = Path("study.html"),
    read: Annotated[list[Path] | None, typer.Option("--read", help="A filled form; give one option a form.")] = None,
    weights: Weights = None,
    as_json: AsJson = False,
) -> None:
    """The paper's study: a form for dermatologists (Fig. 4), or, with --read, what they said of it."""
    with told_plainly():
        if read:
            _show(read_forms(read), as_json=as_json)
            return
        if data is None:
            raise DataSetError("name the cases by --data, or filled forms by --read")
        written = write_form(load_skingpt(weights or ModelSettings().weights), read_records(data, split)[0], cases, out)
    typer.echo(f"{written} cases in {out}: open it in a browser, fill it in, save the answers it offers")


def _show(figures: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(_plain(figures)))
        return
    for name, value in _lines(figures):
        typer.echo(f"{name:58} {value}")


def _plain(value: Any) -> Any:
    """For JSON, which has no NaN."""
    if isinstance(value, Figure):
        return {k: None if math.isnan(v) else v for k, v in dataclasses.asdict(value).items()}
    return {str(k): _plain(v) for k, v in value.items()} if isinstance(value, Mapping) else value


def _lines(figures: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from _lines(value, f"{before}{name} · ")
        else:
            yield f"{before}{name}", "; ".join(value) if isinstance(value, list) else str(value)
