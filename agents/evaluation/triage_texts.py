"""Triage on texts whose level is known: by default those that no training reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from agents.triage import triage_words
from conditions import TriageLevel

HELD_OUT = Path(__file__).with_name("triage_held_out.yaml")
CALM = (TriageLevel.ROUTINE, TriageLevel.SELF_CARE)
ALARMS = (TriageLevel.EMERGENCY, TriageLevel.SAME_DAY)


@dataclass(frozen=True, slots=True)
class Judged:
    """A text, the level its writer gives it, and the levels that are right besides."""

    text: str
    level: TriageLevel
    also: tuple[TriageLevel, ...] = ()

    def apart(self, level: TriageLevel) -> int:
        """How many levels `level` is from the nearest right one."""
        return min(abs(level.urgency - right.urgency) for right in (self.level, *self.also))


def load(path: Path) -> list[Judged]:
    """The texts of a file: lists by level, or a list of {text, level} with perhaps `also`."""
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    if isinstance(raw, Mapping):
        return [Judged(text, TriageLevel(level)) for level, texts in raw.items() for text in texts]
    return [Judged(each["text"], TriageLevel(each["level"]), _levels(each.get("also"))) for each in raw]


def _levels(also: str | Sequence[str] | None) -> tuple[TriageLevel, ...]:
    return tuple(TriageLevel(each) for each in ([also] if isinstance(also, str) else also or ()))


def figures(path: Path | None = None) -> Mapping[str, Any]:
    """Emergencies missed, the share of false alarms, of exact levels and of levels within one."""
    found = [(triage_words(each.text).level, each) for each in load(path or HELD_OUT)]
    emergencies = [got for got, each in found if each.level is TriageLevel.EMERGENCY]
    calm = [got for got, each in found if each.level in CALM]
    apart = [each.apart(got) for got, each in found]
    return {
        "texts": len(found),
        "emergencies": len(emergencies),
        "missed": sum(got is not TriageLevel.EMERGENCY for got in emergencies),
        "false_alarms": sum(got in ALARMS for got in calm) / max(1, len(calm)),
        "exact": apart.count(0) / len(apart),
        "within_one": sum(distance <= 1 for distance in apart) / len(apart),
    }
