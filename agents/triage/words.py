"""Triage of a patient's words: every text, before consent even."""

from agents.triage.lesion import lesion_rules
from agents.triage.likeness import likeness_rules
from agents.triage.reading import read
from agents.triage.rules import reason, rules
from agents.triage.verdict import verdict
from cases.record import Triage


def triage_words(text: str) -> Triage:
    """How soon, by what the text says of the patient now. Never raises. Self-care without reasons: no rule held."""
    reading = read(text)
    found = [given for rule, given in rules().values() if rule.holds(reading)]
    others = (*lesion_rules(reading), *likeness_rules(reading))
    return verdict([*found, *(reason(rule_id) for rule_id in others)])
