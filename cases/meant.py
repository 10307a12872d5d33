"""Which case words are about: "the cream did not help", written weeks later, belongs where a cream was advised."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from cases.record import Case, CaseStatus
from conditions import CONDITIONS

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
    "days month months today photo may will see take area help need same one".split()
)


_REMEDY = (
    r"(?:creams?|ointments?|gel|lotion|tablets?|pills?|shampoo|spray|drops|paint|powder|treatment|medicines?|steroids?"
    r"|antihistamines?|antibiotics?|moisturi[sz]er|emollient|\w+(?:azole|cortisone|methrin|clovir|cillin|nafine))"
)
_GOES_ON = re.compile(
    rf"\b(?:the|this|that|those|these|your)\s+(?:[\w'’-]+\s+){{0,3}}?{_REMEDY}\s+(?:\w+\s+){{0,2}}?"
    r"(?:(?:did|does|do|has|have|is|are)(?:\s+not|n['’]?t)|never|not|help\w*|work\w*|made|makes|burn\w*|sting\w*)\b"
    r"|\b(?:you (?:said|told|wrote|advised|suggested|recommended)|your (?:advice|answer|suggestion))\b"
    r"|\b(?:the|that|this|those)\s+(?:[\w'’-]+\s+){1,3}?(?:(?:did|does|do|has|have|is|are)(?:\s+not|n['’]?t)\s+"
    r"(?:\w+\s+)?(?:go|gone|going|clear\w*|heal\w*|better|improv\w*|disappear\w*|chang\w*)"
    r"|(?:is|are)\s+still|still\s+\w+|(?:came|is|are|has come|have come)\s+back"
    r"|(?:is|are|has|have|got)\s+(?:\w+\s+)?(?:worse|better|gone|healed|cleared|returned|grown))\b",
    re.IGNORECASE,
)
"""How somebody goes on with what was answered, where they could as well begin anew: "the cream did not help"."""
_COMES_BACK = re.compile(r"\b(?:came|comes?|coming|is|are)\s+back\b", re.IGNORECASE)
"""Here "back" is no place of the body."""
_BEGINS = re.compile(
    r"\b(?:new|another|different|second|other|elsewhere)\b"
    r"|\bi(?:['’]?ve| have| had| got| found| noticed| also have| now have)\s+"
    r"(?:(?:got|found|noticed|now|just|also)\s+)*(?:an?|some|these|lots|many|two|three|several)\b"
    r"|\bthere(?:['’]s| is| are)\s+(?:an?|some)\b",
    re.IGNORECASE,
)
_TELLS_APART = frozenset(
    word[:_ROOT]
    for word in (
        "head scalp face cheek cheeks nose forehead chin lip lips eye eyes eyelid eyelids ear ears neck chest breast "
        "breasts shoulder shoulders back belly tummy stomach hip hips arm arms elbow elbows armpit armpits wrist "
        "wrists hand hands finger fingers thumb palm palms nail nails groin bottom buttock buttocks leg legs knee "
        "knees thigh thighs shin shins calf calves ankle ankles foot feet toe toes heel heels sole soles hair rash "
        "spot spots mole moles lump lumps bump bumps ring rings blister blisters boil boils wart warts verruca sore "
        "sores ulcer ulcers scab scabs patch patches freckle freckles hives weals pimples cyst tag tags bite bites "
        "dandruff athlete chilblains stings burn son sons daughter daughters baby child kid toddler wife husband "
        "partner mother mum mom father dad sister brother"
    ).split()
) | frozenset(
    word[:_ROOT]
    for condition in CONDITIONS.values()
    for word in f"{condition.slug.replace('-', ' ')} {condition.title}".casefold().split()
)
"""Roots of places, complaints, conditions and people: a message that names one is of a case that does."""


def meant_earlier(text: str, cases: Sequence[Case]) -> Case | None:
    """The answered case that `text` goes on with where no case is open: after /new, or when the newest has failed.

    None: it begins something new, or no single case fits its words best, failed ones included.
    """
    if _BEGINS.search(text) or not _GOES_ON.search(text):
        return None
    asked = _words(_COMES_BACK.sub(" ", text))
    told = {case.id: _words(_said(case)) for case in cases}
    score = {name: shared if asked & _TELLS_APART <= told[name] else 0 for name, shared in _shared(asked, told).items()}
    most = max(score.values(), default=0)
    best = [case for case in cases if score[case.id] == most]
    return best[0] if most > 0 and len(best) == 1 and _is_answered(best[0]) else None


def meant(text: str, cases: Sequence[Case], current: Case) -> Case:
    """The answered case whose words and advice share the most telling words with `text`; `current` where none does."""
    answered = [case for case in cases if _is_answered(case)]
    if current.id not in {case.id for case in answered}:
        answered.append(current)
    score = _shared(_words(text), {case.id: _words(_said(case)) for case in answered})
    best = max(answered, key=lambda case: (score[case.id], case.id == current.id, case.created))
    return best if score[best.id] > score[current.id] else current


def _shared(asked: frozenset[str], told: Mapping[str, frozenset[str]]) -> dict[str, float]:
    """How much of what is `asked` each case has `told`, by its id: a word counts the more, the fewer cases have it."""
    common = Counter(word for words in told.values() for word in words)
    return {name: sum(1 / common[word] for word in asked & words) for name, words in told.items()}


def _is_answered(case: Case) -> bool:
    return case.status in _ANSWERED and case.advice is not None


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
