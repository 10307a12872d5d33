"""Triage on texts whose level is known: by default those that no training reads."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from agents.triage import triage_words
from conditions import TriageLevel

HELD_OUT = Path(__file__).with_name("triage_held_out.yaml")
_CALM = (TriageLevel.ROUTINE, TriageLevel.SELF_CARE)
_ALARMS = (TriageLevel.EMERGENCY, TriageLevel.SAME_DAY)


def figures(path: Path | None = None) -> Mapping[str, Any]:
    """Emergencies missed, the share of false alarms, of exact levels and of levels within one."""
    by_level = yaml.safe_load((path or HELD_OUT).read_text(encoding="utf-8"))
    texts = [(text, TriageLevel(level)) for level, each in by_level.items() for text in each]
    found = [(triage_words(text).level, level) for text, level in texts]
    emergencies = [got for got, level in found if level is TriageLevel.EMERGENCY]
    calm = [got for got, level in found if level in _CALM]
    apart = [abs(got.urgency - level.urgency) for got, level in found]
    return {
        "texts": len(found),
        "emergencies": len(emergencies),
        "missed": sum(got is not TriageLevel.EMERGENCY for got in emergencies),
        "false_alarms": sum(got in _ALARMS for got in calm) / len(calm),
        "exact": apart.count(0) / len(apart),
        "within_one": sum(distance <= 1 for distance in apart) / len(apart),
    }
