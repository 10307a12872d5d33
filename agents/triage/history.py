"""Triage of what the patient answered by button: age, what the spot did, the danger signs."""

from collections.abc import Iterator

from agents.triage.buttons import danger_rules
from agents.triage.lesion import SpotChanges, spot_rules
from agents.triage.rules import reason
from agents.triage.verdict import verdict
from cases.record import DangerSign, History, Triage


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
