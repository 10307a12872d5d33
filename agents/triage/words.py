"""Triage of a patient's words: every text, before consent even."""

import re
from collections.abc import Iterator, Mapping
from math import inf

from agents.triage.lesion import lesion_rules
from agents.triage.meaning import LEVELS, Meaning, Meant, Scale, load_meaning
from agents.triage.reading import Reading, read
from agents.triage.rules import Rule, reason, rules
from agents.triage.verdict import verdict
from cases.record import Reason, Triage
from conditions import TriageLevel

_MEANS = ("means-emergency", "means-same-day", "means-this-week", "means-routine")
"""The rule that a text of each of `LEVELS` sets off by what it means."""
DOUBTED = "doubted-"
"""Begins the name of a rule that is doubted."""
EVEN = 0.0
"""Log-odds below which a text means something else more likely."""
_IF_SO = {
    TriageLevel.EMERGENCY: "call {emergency_number}",
    TriageLevel.SAME_DAY: "see a doctor today",
    TriageLevel.THIS_WEEK: "see a doctor this week",
    TriageLevel.ROUTINE: "book an appointment",
}
_SURE, _SURER = 1.75, 3.25
"""Log-odds above the bound from where a text means it plainly; the same where few words turn their meaning."""
_PLAIN = 6.0
"""Log-odds from where a sentence by itself means an emergency beyond doubt."""
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|\n+")
_FEW_WORDS = 15
"""Fewer say little but what is wrong ("purple rash, does not fade"): what rules find there is not doubted."""
_FEW_DIFFERENT = 8
"""Fewer say the same over and over."""


def triage_words(text: str) -> Triage:
    """How soon, by what the text says of the patient now. Never raises. Self-care without reasons: no rule held.

    What was found in words which hardly mean it is doubted: it stays as a reason that raises nothing and says what to
    do if it is so. After an emergency that is doubted a doctor should be seen today, unless the words hardly mean that.
    It stays one where a sentence by itself says it plainly. Few words mean an emergency only plainly where rules read
    one that turns their meaning ("not", "last year", "my neighbour"), or something for today.
    """
    reading = read(text)
    found = ruled(reading)
    calls = found.level is TriageLevel.EMERGENCY
    if calls and not is_long(text):
        return found
    meaning = load_meaning()
    meant = meaning.odds(text)
    if meant is None:
        return found
    told = weighed(text, reading, found, meant, meaning.scale)
    is_doubted = calls and told.level is not TriageLevel.EMERGENCY
    return found if is_doubted and _told_plainly(text, meaning) else told


def weighed(text: str, reading: Reading, found: Triage, meant: Meant, scale: Scale) -> Triage:
    """How soon, by what rules `found` in the reading of the text and what its words mean together."""
    long = is_long(text)
    believed = [each for each in found.reasons if not long or _holds(each, meant, scale)]
    doubted = [each for each in found.reasons if each not in believed]
    raised = {level: bounds.raised if long else bounds.short for level, bounds in scale.items()}
    if not long and (reading.turned or found.level.urgency >= TriageLevel.SAME_DAY.urgency):
        plainly = scale[TriageLevel.EMERGENCY].short + (_SURER if reading.turned else _SURE)
        raised = dict.fromkeys(LEVELS, inf) | {TriageLevel.EMERGENCY: plainly}
    if reading.over:
        raised = {level: odds + _SURE for level, odds in raised.items()}
    if found.level is TriageLevel.EMERGENCY and verdict(believed).level is not TriageLevel.EMERGENCY:
        raised[TriageLevel.SAME_DAY] = scale[TriageLevel.SAME_DAY].doubted
    return verdict([*believed, *map(_doubted, doubted), *_meant(meant, raised)])


def _told_plainly(text: str, meaning: Meaning) -> bool:
    calling = (each for each in _SENTENCE_END.split(text) if by_words(each).level is TriageLevel.EMERGENCY)
    return any(meant.emergency >= _PLAIN for meant in map(meaning.odds, calling) if meant is not None)


def is_long(text: str) -> bool:
    """Whether so much is told that the words which rules know may be the lesser part of it."""
    words = text.split()
    return len(words) >= _FEW_WORDS and len(set(words)) >= _FEW_DIFFERENT


def by_words(text: str) -> Triage:
    """How soon by the wordings that were foreseen."""
    return ruled(read(text))


def ruled(reading: Reading) -> Triage:
    """The rules that hold of a reading."""
    found = [given for rule, given in rules().values() if rule.holds(reading)]
    return verdict([*found, *(reason(rule_id) for rule_id in lesion_rules(reading))])


def can_be_doubted(found: Triage, level: TriageLevel) -> bool:
    """Whether it is of this level only by rules that calm texts have set off."""
    called = [rules()[each.rule][0] for each in found.reasons if each.level is level]
    return found.level is level and all(rule.doubtful or rule.weak for rule in called)


def rules_of(found: Triage) -> list[Rule]:
    """The rules behind what was found."""
    return [rules()[each.rule][0] for each in found.reasons]


def _holds(found: Reason, meant: Meant, scale: Scale) -> bool:
    rule, _ = rules()[found.rule]
    if rule.certain:
        return True
    odds = meant[LEVELS.index(found.level)]
    if rule.weak and odds < EVEN:
        return False
    if found.level is TriageLevel.EMERGENCY and meant.today >= EVEN:
        return True
    bounds = scale[found.level]
    return odds >= (bounds.believed if rule.believed else bounds.doubted if rule.doubtful else bounds.refuted)


def _meant(meant: Meant, raised: Mapping[TriageLevel, float]) -> Iterator[Reason]:
    """The most urgent level that is meant: who is told to be seen today need not hear that this week would do."""
    means = [rule_id for level, rule_id, odds in zip(LEVELS, _MEANS, meant, strict=True) if odds >= raised[level]]
    if means:
        yield reason(means[0])


def _doubted(given: Reason) -> Reason:
    text = f"{given.text} If that is so now, {_IF_SO[given.level]}."
    raises_nothing = {"rule": f"{DOUBTED}{given.rule}", "level": TriageLevel.SELF_CARE, "text": text, "action": ""}
    return given.model_copy(update=raises_nothing)
