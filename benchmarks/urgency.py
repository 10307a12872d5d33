"""How urgent the deployed thresholds make each kind of lesion: who is sent to a doctor this week, and who falsely.

Run: `.venv/bin/python -m benchmarks.urgency --data PATH --split test` (PATH as for `skingpt evaluate`). One line a
kind: how many pictures, the share that reaches "this week", and the share whose answer names a skin cancer.
The photo alone counts here; history and words can only raise the level.
"""

from collections import defaultdict
from pathlib import Path
from typing import Annotated

import typer

from agents.settings import AgentSettings
from agents.triage import triage_findings
from conditions import CHOICES, MALIGNANT, TriageLevel
from model.choosing import choose
from model.evaluation.evaluate import read_cases, read_records
from model.network import load_skingpt
from model.pictures import DOMAINS
from model.settings import ModelSettings
from worker.readout import Token, read_view


def main(data: Annotated[Path, typer.Option()], split: Annotated[str, typer.Option()] = "test") -> None:
    """Print the shares, kind by kind, malignant kinds first."""
    skingpt = load_skingpt(ModelSettings().weights)
    settings = AgentSettings()
    cases = read_cases(skingpt, *read_records(data, split))
    records = cases.records
    chosen = choose(skingpt, cases.features, [""] * len(records))
    urgent: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for record, domain, choices in zip(
        records, chosen.domains.argmax(1).tolist(), chosen.choices.tolist(), strict=True
    ):
        first = Token(f"<{DOMAINS[domain]}>", 0.0)
        tops = [Token(f"<{choice}>", logprob) for choice, logprob in zip(CHOICES, choices, strict=True)]
        found = read_view([first, tops[0]], [[first], tops])
        level = triage_findings(found.probabilities, found.domain, settings.thresholds).level
        named = any(found.probabilities[slug] >= settings.serious_threshold for slug in MALIGNANT & set(CHOICES))
        urgent[record.slug or ""].append((level.urgency >= TriageLevel.THIS_WEEK.urgency, named))
    for kind in sorted(urgent, key=lambda kind: (kind not in MALIGNANT, kind)):
        rows = urgent[kind]
        weekly, with_cancer = (sum(row[i] for row in rows) / len(rows) for i in (0, 1))
        typer.echo(f"{kind:24} {len(rows):5}  this week {weekly:5.2f}  cancer named {with_cancer:5.2f}")


if __name__ == "__main__":
    typer.run(main)
