"""What the intake refuses: skin falsely, other things rightly; and how much of the rest the model says is no skin.

Run: `python -m benchmarks.intake --data PATH` while the model's server runs (`./run up`, or `./run serve`; its address
is `SKINGPT_MODEL_URL`). PATH holds `pad_ufes_20` and `not_skin`, as for `skingpt evaluate`. The skin photos are those
of PAD-UFES-20's splits train and validation, on which the limits of `bot/quality.py` were set; their Fitzpatrick types
come from `strata.csv`. The other pictures are those of `not_skin/test`.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from bot.errors import PhotoRefused
from bot.intake import take_in
from cases.record import History
from conditions import NOT_SKIN
from worker.endpoint import Endpoint
from worker.settings import WorkerSettings


def refusal(path: Path) -> str | None:
    """Why the intake refuses the picture; None where it takes it."""
    try:
        take_in(path.read_bytes())
    except PhotoRefused as refused:
        return refused.reason.value
    return None


def false_refusals(folder: Path) -> dict[str, list[str | None]]:
    """By Fitzpatrick type ("-" where it is not known): what became of each photo of skin."""
    with (folder / "strata.csv").open(newline="") as table:
        types = {row["img_id"]: row["fitzpatrick"] or "-" for row in csv.DictReader(table)}
    found: dict[str, list[str | None]] = defaultdict(list)
    with (folder / "metadata.csv").open(newline="") as table:
        for row in csv.DictReader(table):
            if row["kind"] == "photo" and row["split"] != "test":
                found[types.get(row["img_id"], "-")].append(refusal(folder / row["file"]))
    return dict(sorted(found.items()))


def _line(name: str, outcomes: Iterable[str | None]) -> str:
    counted = Counter(outcomes)
    total, taken = counted.total(), counted.pop(None, 0)
    why = ", ".join(f"{reason} {count}" for reason, count in counted.most_common())
    return f"{name:28} {total:5}  refused {total - taken:4} ({(total - taken) / total:6.1%})  {why}"


def _says_no_skin(endpoint: Endpoint, path: Path) -> bool:
    findings = endpoint.examine([take_in(path.read_bytes())], History())
    return findings.differential[0].slug == NOT_SKIN


def main(data: Annotated[Path, typer.Option()]) -> None:
    """Print the figures, one line each."""
    endpoint = Endpoint(WorkerSettings())
    skin = false_refusals(data / "pad_ufes_20")
    typer.echo(_line("photos of skin", [outcome for outcomes in skin.values() for outcome in outcomes]))
    for fitzpatrick, outcomes in skin.items():
        typer.echo(_line(f"- Fitzpatrick {fitzpatrick}", outcomes))
    paths = sorted((data / "not_skin" / "test").iterdir())
    outcomes = [refusal(path) for path in paths]
    typer.echo(_line("not skin", outcomes))
    left = [path for path, outcome in zip(paths, outcomes, strict=True) if outcome is None]
    said = sum(_says_no_skin(endpoint, path) for path in left)
    typer.echo(f"- of the {len(left)} taken, the model says it is no skin: {said} ({said / len(left):.1%})")
    typer.echo(f"- refused or said to be no skin: {(len(paths) - len(left) + said) / len(paths):.1%}")


if __name__ == "__main__":
    typer.run(main)
