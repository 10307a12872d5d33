"""Triage of a patient's words: every text, before consent even."""

from collections.abc import Iterator, Sequence

from agents.triage.context import is_over
from agents.triage.lesion import lesion_rules
from agents.triage.likeness import likeness_rules
from agents.triage.meaning import Bounds, Meant, load_meaning
from agents.triage.reading import read
from agents.triage.rules import reason, rules
from agents.triage.sentences import Sentence, sentences
from agents.triage.verdict import verdict
from cases.record import Reason, Triage
from conditions import TriageLevel

DOUBTED = "doubted-"
"""Begins the name of a rule whose emergency is doubted."""
EVEN = 0.0
"""Log-odds below which a text means something else more likely."""
_FEW_WORDS = 15
"""Fewer say little but what is wrong ("purple rash, does not fade"): rules read those well."""
_FEW_DIFFERENT = 8
"""Fewer say the same over and over."""


def triage_words(text: str) -> Triage:
    """How soon, by what the text says of the patient now. Never raises. Self-care without reasons: no rule held.

    What was found in words which hardly mean it is doubted: it stays as a reason that raises nothing and says what to
    do if it is so. After an emergency that is doubted a doctor should be seen today, unless the words hardly mean that.
    """
    found = by_words(text)
    if not is_long(text):
        return found
    meaning = load_meaning()
    meant = meaning.odds(text)
    return found if meant is None else weighed(text, found, meant, meaning.emergency, meaning.today)


def weighed(text: str, found: Triage, meant: Meant, emergency: Bounds, today: Bounds) -> Triage:
    """How soon, by what was `found` in the words of the text and what they mean together."""
    believed = list(_believed(found.reasons, meant, emergency, today))
    fallen = found.level is TriageLevel.EMERGENCY and verdict(believed).level is not TriageLevel.EMERGENCY
    raised = Bounds(today.doubted if fallen else today.raised, today.doubted)
    return verdict([*believed, *_meant(meant, sentences(text), emergency, raised)])


def is_long(text: str) -> bool:
    """Whether so much is told that the words which rules know may be the lesser part of it."""
    words = text.split()
    return len(words) >= _FEW_WORDS and len(set(words)) >= _FEW_DIFFERENT


def by_words(text: str) -> Triage:
    """How soon by the wordings that were foreseen: rules, and what texts resemble."""
    reading = read(text)
    found = [given for rule, given in rules().values() if rule.holds(reading)]
    others = (*lesion_rules(reading), *likeness_rules(reading))
    return verdict([*found, *(reason(rule_id) for rule_id in others)])


def can_be_doubted(found: Triage, level: TriageLevel) -> bool:
    """Whether it is of this level only by rules that calm texts have set off."""
    called = [rules()[each.rule][0] for each in found.reasons if each.level is level]
    return found.level is level and all(rule.doubtful or rule.weak for rule in called)


def _believed(found: Sequence[Reason], meant: Meant, emergency: Bounds, today: Bounds) -> Iterator[Reason]:
    for each in found:
        rule, _ = rules()[each.rule]
        if each.level is TriageLevel.EMERGENCY:
            calm = meant.emergency < emergency.doubted and (meant.today < EVEN or not rule.groups)
            doubted = (rule.weak and meant.emergency < EVEN) or (rule.doubtful and calm)
        else:
            # A likeness knows less than the meaning does.
            unlikely = meant.today < (today.doubted if rule.groups else EVEN)
            doubted = each.level is TriageLevel.SAME_DAY and rule.doubtful and unlikely
        if not doubted:
            yield each
        elif rule.groups:  # a likeness names nothing that could be so
            yield _doubted(each)


def _meant(meant: Meant, told: Sequence[Sentence], emergency: Bounds, today: Bounds) -> Iterator[Reason]:
    if is_over(told):
        return
    if meant.emergency >= emergency.raised:
        yield reason("means-emergency")
    if meant.today >= today.raised:
        yield reason("means-same-day")


def _doubted(given: Reason) -> Reason:
    do = "call {emergency_number}" if given.level is TriageLevel.EMERGENCY else "see a doctor today"
    text = f"{given.text} If that is so now, {do}."
    raises_nothing = {"rule": f"{DOUBTED}{given.rule}", "level": TriageLevel.SELF_CARE, "text": text, "action": ""}
    return given.model_copy(update=raises_nothing)
