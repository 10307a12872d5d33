"""What other thresholds would do: from which probability on a skin cancer is not excluded, or raises the urgency.

Run: `.venv/bin/python -m benchmarks.thresholds --data PATH --split val` (PATH as for `skingpt evaluate`). For each
candidate: the share of each malignant kind that reaches it, and the share of the benign pictures that does so falsely.
The deployed ones are `agents.settings`; they are set here, on validation, and judged by `benchmarks.urgency` on test.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from conditions import CHOICES, MALIGNANT
from model.choosing import choose
from model.evaluation.evaluate import read_cases, read_records
from model.network import load_skingpt
from model.settings import ModelSettings

CANDIDATES = (0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.10, 0.12, 0.15, 0.20, 0.30, 0.40, 0.50)
RAISED_BY = {
    "serious": tuple(sorted(MALIGNANT & set(CHOICES))),
    "melanoma": ("melanoma",),
    "urgent_malignant": ("melanoma", "squamous-cell-carcinoma"),
    "bcc": ("basal-cell-carcinoma",),
    "actinic_keratosis": ("actinic-keratosis",),
}
"""The kinds whose probability a threshold reads: `serious` the highest of them, `urgent_malignant` their sum."""


def main(data: Annotated[Path, typer.Option()], split: Annotated[str, typer.Option()] = "val") -> None:
    """Print a line for every candidate."""
    skingpt = load_skingpt(ModelSettings().weights)
    cases = read_cases(skingpt, *read_records(data, split))
    told = choose(skingpt, cases.features, [""] * len(cases.records)).choices.exp().numpy()
    truth = np.array([record.choice for record in cases.records])
    for name, kinds in RAISED_BY.items():
        columns = told[:, [CHOICES.index(kind) for kind in kinds]]
        scores = columns.max(1) if name == "serious" else columns.sum(1)
        others = ~np.isin(truth, list({*kinds, *MALIGNANT}))
        for candidate in CANDIDATES:
            reached = scores >= candidate
            shares = "  ".join(f"{kind} {reached[truth == kind].mean():.3f}" for kind in kinds if (truth == kind).any())
            typer.echo(f"{name:17} {candidate:4.2f}  benign {reached[others].mean():.3f}  {shares}")


if __name__ == "__main__":
    typer.run(main)
