"""Triage of what the patient answered by button: age, what the spot did, the danger signs, what was asked further."""

from collections.abc import Iterator

from agents.triage.answers import answer_rules
from agents.triage.buttons import danger_rules
from agents.triage.lesion import SpotChanges, spot_rules
from agents.triage.rules import reason
from agents.triage.verdict import verdict
from cases.record import DangerSign, History, Triage

_FEVER = "fever:fever"
"""The answer to the agent's own question whether there was a fever with it."""


def _rule_ids(history: History) -> Iterator[str]:
    rash = history.spot_or_rash == "rash"
    danger = history.danger | ({DangerSign.FEVER} if _FEVER in history.answers else frozenset())
    yield from danger_rules(
        danger,
        infant=history.age is not None and history.age < 1,
        immunosuppressed=bool(history.immunosuppressed),
        rash=rash,
    )
    if DangerSign.FEVER in danger and history.pregnant and rash:
        yield "button-fever-pregnant-rash"
    yield from answer_rules(history)
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
