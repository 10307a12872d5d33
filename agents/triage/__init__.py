"""Red-flag triage: how soon a patient must be seen, by rules, in milliseconds, outside any language model.

Words, danger buttons, history and the vision model's findings each give a `Triage`; `triage` keeps the highest.
"""

from agents.triage.buttons import DangerSign
from agents.triage.findings import FindingThresholds, triage_findings
from agents.triage.history import History, triage_history
from agents.triage.verdict import Reason, Triage, triage
from agents.triage.words import triage_words

__all__ = [
    "DangerSign",
    "FindingThresholds",
    "History",
    "Reason",
    "Triage",
    "triage",
    "triage_findings",
    "triage_history",
    "triage_words",
]
