"""Which case words are about: "the cream did not help", written weeks later, belongs where a cream was advised."""

import re
from collections import Counter
from collections.abc import Sequence

from cases.record import Case, CaseStatus

_ANSWERED = (CaseStatus.ADVISED, CaseStatus.DELIVERED, CaseStatus.CLOSED)
_WORD = re.compile(r"[a-z]{3,}")
_DENIES = re.compile(r"\b(?:not|never|cannot|avoid|no|without)\b", re.IGNORECASE)
"""What was advised against ("do not put steroid cream on a mole") was not used, and is not what failed."""
_ROOT = 6
"""Letters of a word that are compared: "itching" and "itchy" are one."""
_SAYS_NOTHING = frozenset(
    "the and for are was has have had not did does dont didnt with that this what when how why can should would could "
    "my your you its still again now but from they them there then than into out get got use used using help helped "
    "work worked works make made more most very much any all about after before been being doctor skin week weeks day "
    "days month months today photo may will see take area help need".split()
)


def meant(text: str, cases: Sequence[Case], current: Case) -> Case:
    """The answered case whose words and advice share the most telling words with `text`; `current` where none does."""
    answered = [case for case in cases if case.status in _ANSWERED and case.advice is not None]
    if current.id not in {case.id for case in answered}:
        answered.append(current)
    bags = {case.id: _words(_said(case)) for case in answered}
    common = Counter(word for bag in bags.values() for word in bag)
    asked = _words(text)
    score = {case.id: sum(1 / common[word] for word in asked & bags[case.id]) for case in answered}
    best = max(answered, key=lambda case: (score[case.id], case.id == current.id, case.created))
    return best if score[best.id] > score[current.id] else current


def _said(case: Case) -> str:
    advice = case.advice
    kind = {"spot": "spot mole lump", "rash": "rash"}.get(case.history.spot_or_rash or "", "")
    parts = [case.words, kind, case.history.region or ""]
    if advice is not None:
        parts += [each.title for each in advice.possibilities]
        parts += [each.text for each in advice.statements if not _DENIES.search(each.text)]
    return " ".join(parts)


def _words(text: str) -> frozenset[str]:
    return frozenset(word[:_ROOT] for word in _WORD.findall(text.casefold()) if word not in _SAYS_NOTHING)
