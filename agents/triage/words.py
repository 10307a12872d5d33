"""Triage of a patient's words: every text, before consent even."""

from collections.abc import Iterator

from agents.triage.context import is_over
from agents.triage.lesion import lesion_rules
from agents.triage.likeness import likeness_rules
from agents.triage.meaning import load_meaning
from agents.triage.reading import read
from agents.triage.rules import reason, rules
from agents.triage.sentences import sentences
from agents.triage.verdict import verdict
from cases.record import Reason, Triage
from conditions import TriageLevel

DOUBTED = "doubted-"
"""Begins the name of a rule whose emergency is doubted."""
EVEN = 0.0
"""Log-odds below which a text means something else more likely than an emergency."""
_FEW_WORDS = 15
"""Fewer say little but what is wrong ("purple rash, does not fade"): rules read those well."""


def triage_words(text: str) -> Triage:
    """How soon, by what the text says of the patient now. Never raises. Self-care without reasons: no rule held.

    An emergency that was found in words which hardly mean one is doubted: it stays as a reason that raises nothing and
    says what to do if it is so.
    """
    found, meaning = by_words(text), load_meaning()
    odds = meaning.odds(text) if is_long(text) else None
    if odds is None:
        return found
    means_emergency = odds >= meaning.threshold and not is_over(sentences(text))
    return verdict(_by_meaning(found.reasons, means_emergency, odds, meaning.doubt))


def is_long(text: str) -> bool:
    """Whether so much is told that the words which rules know may be the lesser part of it."""
    return len(text.split()) >= _FEW_WORDS


def by_words(text: str) -> Triage:
    """How soon by the wordings that were foreseen: rules, and what texts resemble."""
    reading = read(text)
    found = [given for rule, given in rules().values() if rule.holds(reading)]
    others = (*lesion_rules(reading), *likeness_rules(reading))
    return verdict([*found, *(reason(rule_id) for rule_id in others)])


def can_be_doubted(found: Triage) -> bool:
    """Whether it is an emergency only by rules that calm texts have set off."""
    called = [rules()[each.rule][0] for each in found.reasons if each.level is TriageLevel.EMERGENCY]
    return bool(called) and all(rule.doubtful or rule.weak for rule in called)


def _by_meaning(found: tuple[Reason, ...], means_emergency: bool, odds: float, doubt: float) -> Iterator[Reason]:
    for each in found:
        rule, _ = rules()[each.rule]
        doubted = odds < EVEN if rule.weak else rule.doubtful and odds < doubt
        yield _doubted(each) if doubted and each.level is TriageLevel.EMERGENCY else each
    if means_emergency:
        yield reason("means-emergency")


def _doubted(given: Reason) -> Reason:
    text = f"{given.text} If that is so now, call {{emergency_number}}."
    raises_nothing = {"rule": f"{DOUBTED}{given.rule}", "level": TriageLevel.SELF_CARE, "text": text, "action": ""}
    return given.model_copy(update=raises_nothing)
