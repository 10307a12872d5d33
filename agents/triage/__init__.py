"""Red-flag triage: how soon a patient must be seen, by rules and a small network, in milliseconds, outside any
language model.

Words, danger buttons, history and the vision model's findings each give a `Triage`; `triage` keeps the highest.
"""

from agents.triage.findings import FindingThresholds, triage_findings
from agents.triage.history import triage_history
from agents.triage.verdict import triage, with_number
from agents.triage.words import triage_words
from cases.record import DangerSign, History, Reason, Triage

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
    "with_number",
]
