"""A triage verdict: how soon, and why. The highest of several verdicts wins; nothing lowers one."""

from collections.abc import Iterable

from cases.record import Reason, Triage
from conditions import most_urgent


def verdict(reasons: Iterable[Reason]) -> Triage:
    """The verdict of some reasons: each rule once, the most urgent first, its level the highest of theirs."""
    ranked = sorted(reasons, key=lambda reason: -reason.level.urgency)
    unique = {reason.rule: reason for reason in reversed(ranked)}
    kept = tuple(reason for reason in ranked if unique[reason.rule] is reason)
    return Triage(level=most_urgent(reason.level for reason in kept), reasons=tuple(dict.fromkeys(kept)))


def with_number(text: str, number: str) -> str:
    """`text` of a reason with the local emergency number filled in."""
    return text.replace("{emergency_number}", number)


def triage(*parts: Triage) -> Triage:
    """Words, buttons, history and findings together: the highest wins, the reasons are merged, most urgent first."""
    together = verdict(reason for part in parts for reason in part.reasons)
    level = most_urgent([together.level, *(part.level for part in parts)])
    return Triage(level=level, reasons=together.reasons)
