"""Command line of the data sets: `skingpt data check PATH`."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer

from model.datasets.check import Check, check
from model.told import told_plainly

app = typer.Typer(help="Look through a data set before training on it.", no_args_is_help=True)

MOST_SHOWN = 12


@app.callback()
def data() -> None:
    """PAD-UFES-20, HAM10000, SKINCON, Dermnet, or any folder with a metadata.csv of one's own."""


@app.command("check")
def check_data(
    path: Annotated[Path, typer.Argument(help="The folder of the data set.")],
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Classes, skin types, leaks across splits, missing pictures, bad rows, columns whose blanks tell the label.

    Ends with status 1 where something lies in two splits.
    """
    with told_plainly():
        found = check(path)
    typer.echo(json.dumps(dataclasses.asdict(found), indent=1) if as_json else "\n".join(_lines(found)))
    if found.leaks:
        raise typer.Exit(1)


def _lines(found: Check) -> list[str]:
    splits = sorted({split for counts in found.kinds.values() for split in counts})
    lines = [f"{found.form}", "", f"{'kind':28}" + "".join(f"{split:>10}" for split in splits)]
    for kind, counts in found.kinds.items():
        lines.append(f"{kind:28}" + "".join(f"{counts.get(split, 0):>10}" for split in splits))
    types = ", ".join(f"{name}: {count}" for name, count in sorted(found.skin_types.items()))
    lines += ["", f"Fitzpatrick skin types: {types}"]
    lines += _listed("patients or lesions in two splits", found.groups_in_two_splits)
    lines += _listed("the same picture in two splits", [" = ".join(pair) for pair in found.same_pictures])
    lines += _listed(
        "the same picture with two labels", [" = ".join(pair) for pair in found.same_pictures_with_other_labels]
    )
    lines += _listed(
        "columns whose blanks tell the label",
        [
            f"{one.column}: blank in {one.most[1]:.0%} of {one.most[0]}, in {one.fewest[1]:.0%} of {one.fewest[0]}"
            for one in found.blank_columns
        ],
    )
    return lines + _listed("left out", [f"{fault.where}: {fault.why}" for fault in found.faults])


def _listed(title: str, items: list[str] | tuple[str, ...]) -> list[str]:
    shown = [f"  {item}" for item in items[:MOST_SHOWN]]
    more = [f"  … and {len(items) - MOST_SHOWN} more"] if len(items) > MOST_SHOWN else []
    return ["", f"{title}: {len(items) or 'none'}", *shown, *more]
