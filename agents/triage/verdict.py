"""A triage verdict: how soon, and why. The highest of several verdicts wins; nothing lowers one."""

from collections.abc import Iterable
from dataclasses import dataclass

from conditions import TriageLevel, most_urgent


@dataclass(frozen=True)
class Reason:
    """Why: one rule that held. `text` and `action` are for the patient; `action` may hold `{emergency_number}`."""

    rule: str
    level: TriageLevel
    text: str
    action: str
    source: str


@dataclass(frozen=True)
class Triage:
    """How soon to be seen, and the reasons, most urgent first. Self-care without reasons: no rule held."""

    level: TriageLevel
    reasons: tuple[Reason, ...]


def verdict(reasons: Iterable[Reason]) -> Triage:
    """The verdict of some reasons: each rule once, the most urgent first, its level the highest of theirs."""
    ranked = sorted(reasons, key=lambda reason: -reason.level.urgency)
    unique = {reason.rule: reason for reason in reversed(ranked)}
    kept = tuple(reason for reason in ranked if unique[reason.rule] is reason)
    return Triage(most_urgent(reason.level for reason in kept), tuple(dict.fromkeys(kept)))


def triage(*parts: Triage) -> Triage:
    """Words, buttons, history and findings together: the highest wins, the reasons are merged, most urgent first."""
    together = verdict(reason for part in parts for reason in part.reasons)
    return Triage(most_urgent([together.level, *(part.level for part in parts)]), together.reasons)
