"""Keeps what is quoted in step with the urgency of the case: no sentence may sound less urgent than the triage."""

import re

from agents.passages import NumberedPassage
from cases.record import History
from conditions import TriageLevel

HELP = "When to get help"
_LEVELS = {
    "emergency": TriageLevel.EMERGENCY,
    "same day": TriageLevel.SAME_DAY,
    "this week": TriageLevel.THIS_WEEK,
    "routine": TriageLevel.ROUTINE,
    "self-care": TriageLevel.SELF_CARE,
}
_REASSURES = re.compile(
    r"\b(?:harmless|left alone|no treatment|not (?:a )?(?:skin )?cancer|no need|at home|nothing to worry|"
    r"do(?:es)? not turn into|"
    r"wait and|goes away on its own|go away on their own|not dangerous|can be ignored|no danger)\b",
    re.IGNORECASE,
)
_SENDS_TO_DOCTOR = re.compile(
    r"\b(?:doctor|clinician|specialist|check(?:ed|ing)?|cannot|can look like|photo)\b", re.IGNORECASE
)
_LATER = re.compile(r"\b(?:routine appointment|in (?:four|4|six|6) weeks|next few months|look again)\b", re.IGNORECASE)
_DIAGNOSED = re.compile(
    r"^(?:after|once)\b.*\b(?:treat\w*|surgery|removal|removed|operation|melanoma|carcinoma)\b|"
    r"\bwounds?\b|\bcancer team|\bfollow-up\b|"
    r"\bduring (?:\w+ ){0,3}treatment\b|\bsomeone with (?:\w+ ){0,2}(?:melanoma|carcinoma|cancer)\b|"
    r"\bafter (?:a |the )?(?:\w+ ){0,2}"
    r"(?:was |were )?removed\b|\bthat has spread\b",
    re.IGNORECASE,
)
_TREATED = re.compile(
    r"\b(?:after|had|have had|been treated|was treated|stitches|wound|scar|operat\w*|surgery|chemo\w*|"
    r"immunotherapy|diagnosed|come back)\b",
    re.IGNORECASE,
)
_CHILD = re.compile(
    r"\b(?:child(?:ren)?(?:'s)?|bab(?:y|ies)(?:'s)?|newborns?|toddlers?|infants?|nursery)\b", re.IGNORECASE
)
_PREGNANCY = re.compile(r"\b(?:pregnan\w*|breast-?feed\w*|unborn|midwife)\b", re.IGNORECASE)
_ADULT = 18
_EMERGENCY_NUMBERS = re.compile(r"\b(?:999|112|911|000)\b")


def level_of(passage: NumberedPassage) -> TriageLevel | None:
    """The level a passage of "When to get help" is about; None for all others."""
    return _LEVELS.get(passage.subheading.casefold()) if passage.heading == HELP else None


def in_step(text: str, passage: NumberedPassage, level: TriageLevel, suspicious: bool) -> bool:
    """Whether the sentence may stand in an answer of this urgency."""
    about = level_of(passage)
    if about is not None and about.urgency < level.urgency:
        return False
    if level.urgency >= TriageLevel.THIS_WEEK.urgency and _LATER.search(text):
        return False
    guarded = suspicious or level.urgency >= TriageLevel.THIS_WEEK.urgency
    return not (guarded and _REASSURES.search(text) and not _SENDS_TO_DOCTOR.search(text))


def is_aftercare(text: str) -> bool:
    """Whether the sentence speaks to someone whose illness is known and treated, which nobody here is taken for."""
    return bool(_DIAGNOSED.search(text))


def asks_of_aftercare(question: str) -> bool:
    """Whether a patient asks as one who has been treated."""
    return bool(_TREATED.search(question))


def concerns(text: str, history: History) -> bool:
    """Whether a sentence nobody asked for concerns this patient: no other's childhood, pregnancy or diagnosis."""
    child = history.age is not None and history.age < _ADULT
    if is_aftercare(text):
        return False
    return (child or not _CHILD.search(text)) and (bool(history.pregnant) or not _PREGNANCY.search(text))


def names_other_number(text: str, emergency_number: str) -> bool:
    """Whether the sentence gives an emergency number that is not the one of this place."""
    named = set(_EMERGENCY_NUMBERS.findall(text))
    return bool(named) and emergency_number not in named
