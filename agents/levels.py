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
    r"\b(?:harmless|no treatment|not (?:a )?(?:skin )?cancer|no need|nothing to worry|"
    r"do(?:es)? not turn into|not dangerous|no danger)\b",
    re.IGNORECASE,
)
"""What calms, unless the same sentence sends to a doctor."""
_SENDS_TO_DOCTOR = re.compile(
    r"\b(?:doctor|clinician|specialist|check(?:ed|ing)?|cannot|can look like|photo)\b", re.IGNORECASE
)
_LETS_WAIT = re.compile(
    r"\b(?:left alone|can be ignored|wait and|can (?:\w+ )?wait|"
    r"(?:clears?|goes? away|heals?|fades?|settles?|better|regrow)\b(?: [\w,]+){0,6} "
    r"without (?:\w+ )?(?:treatment|medicine)|"
    r"(?:treats?|treated|managed?|cured?)(?: \w+){0,4} at home|"
    r"by itself|by themselves|on (?:its|their) own|needs? no (?:medicine|treatment)|without a doctor|"
    r"(?:is|are) (?:usually |often |mostly )?(?:mild|minor)\b(?! (?:steroid|soap|cleanser))|"
    r"(?:usually|often|mostly) (?:gets? better|settles?|clears?|fades?|heals?(?! without)|burst)|"
    r"most \w+(?: \w+){0,4} (?:settle|clear|fade|go away|never become|get better (?:within|in))|"
    r"routine appointment|in (?:four|4|six|6) weeks|next few months|look again)\b(?!-)",
    re.IGNORECASE,
)
"""What lets a patient wait. Where the case is urgent it is not said, whoever else the sentence names."""
_TELLS_HOW_LONG = re.compile(
    r"^(?!.*\b(?:at home|without a doctor|routine|appointment|left alone|ignored|by (?:itself|themselves)|"
    r"(?:heals?|gets?|clears?|away) (?:better|without)|usually mild|needs only|wait|settle)\b)"
    r".*\b(?:days?|weeks?|months?|years?)\b",
    re.IGNORECASE,
)
"""How long something takes is no reason to wait where a doctor is to be seen this week, and no cancer suspected."""
_DOES_NOT_LET_WAIT = re.compile(r"\b(?:do not|does not|never|cannot|will not|seldom|rarely|with)\b", re.IGNORECASE)
_LATER_THAN_TODAY = re.compile(r"\bthis week\b|\bappointments?\b", re.IGNORECASE)
_ASKS_PHARMACIST = re.compile(r"\bpharmacists?\b", re.IGNORECASE)
_ASKS_DOCTOR = re.compile(r"\b(?:doctors?|clinicians?|hospital|nurse|midwife|today|999|112|111)\b", re.IGNORECASE)
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
_UNBORN = re.compile(r"\bpregnan\w*\b|\bunborn(?: (?:baby|child))?", re.IGNORECASE)
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
    if level.urgency >= TriageLevel.SAME_DAY.urgency and (_LATER_THAN_TODAY.search(text) or _only_pharmacist(text)):
        return False
    if not suspicious and level.urgency < TriageLevel.THIS_WEEK.urgency:
        return True
    if not suspicious and level is TriageLevel.THIS_WEEK and _TELLS_HOW_LONG.search(text):
        return True
    return not _lets_wait(text) and not (_REASSURES.search(text) and not _SENDS_TO_DOCTOR.search(text))


def _lets_wait(text: str) -> bool:
    return any(not _DOES_NOT_LET_WAIT.search(text[: match.start()]) for match in _LETS_WAIT.finditer(text))


def _only_pharmacist(text: str) -> bool:
    """Whether the sentence sends to a pharmacist alone, which is too little for today."""
    return bool(_ASKS_PHARMACIST.search(text)) and not _ASKS_DOCTOR.search(text)


def is_aftercare(text: str) -> bool:
    """Whether the sentence speaks to someone whose illness is known and treated, which nobody here is taken for."""
    return bool(_DIAGNOSED.search(text))


def asks_of_aftercare(question: str) -> bool:
    """Whether a patient asks as one who has been treated."""
    return bool(_TREATED.search(question))


def concerns(text: str, history: History, *, breastfeeds: bool = False) -> bool:
    """Whether a sentence nobody asked for concerns this patient: no other's childhood, pregnancy or diagnosis."""
    child = history.age is not None and history.age < _ADULT
    if is_aftercare(text):
        return False
    mother = bool(history.pregnant) or breastfeeds
    return (child or not _CHILD.search(text)) and (mother or not _PREGNANCY.search(text))


def suits_child(text: str, question: str, history: History) -> bool:
    """Whether a sentence may answer the question about a child: what holds in pregnancy alone does only where the
    question names that, or breastfeeding. True of everything where the patient is no child.
    """
    if history.age is None or history.age >= _ADULT or history.pregnant or _PREGNANCY.search(question):
        return True
    return not _UNBORN.search(text) or bool(_CHILD.search(_UNBORN.sub(" ", text)))


def names_other_number(text: str, emergency_number: str) -> bool:
    """Whether the sentence gives an emergency number that is not the one of this place."""
    named = set(_EMERGENCY_NUMBERS.findall(text))
    return bool(named) and emergency_number not in named
