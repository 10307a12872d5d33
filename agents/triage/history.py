"""Triage of what the patient answered by button: age, what the spot did, the danger signs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from agents.triage.buttons import DangerSign, danger_rules
from agents.triage.lesion import SpotChanges, spot_rules
from agents.triage.rules import reason
from agents.triage.verdict import Triage, verdict


@dataclass(frozen=True)
class History:
    """What was asked besides the photo; None: not known. `age` in years; `region` as in PAD-UFES-20 (e.g. LIP)."""

    age: int | None = None
    itch: bool | None = None
    grew: bool | None = None
    hurt: bool | None = None
    changed: bool | None = None
    bleed: bool | None = None
    elevation: bool | None = None
    region: str | None = None
    spot_or_rash: Literal["spot", "rash"] | None = None
    danger: frozenset[DangerSign] = frozenset()
    pregnant: bool | None = None
    immunosuppressed: bool | None = None


def _rule_ids(history: History) -> Iterator[str]:
    rash = history.spot_or_rash == "rash"
    yield from danger_rules(
        history.danger,
        infant=history.age is not None and history.age < 1,
        immunosuppressed=bool(history.immunosuppressed),
        rash=rash,
    )
    if DangerSign.FEVER in history.danger and history.pregnant and rash:
        yield "button-fever-pregnant-rash"
    if not rash:
        changes = SpotChanges(
            grew=bool(history.grew),
            changed=bool(history.changed),
            bleeds=bool(history.bleed),
            hurts=bool(history.hurt),
            itches=bool(history.itch),
            raised=bool(history.elevation),
            region=(history.region or "").strip().casefold(),
        )
        yield from spot_rules(changes, is_spot=history.spot_or_rash == "spot")


def triage_history(history: History) -> Triage:
    """How soon, by the buttons and answers. Self-care without reasons: nothing was answered that a rule knows."""
    return verdict(reason(rule_id) for rule_id in _rule_ids(history))
