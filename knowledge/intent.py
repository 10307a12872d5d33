"""What a question wants to know, and which sections of a guideline answer it.

Fixed patterns rather than a model: the list is short, can be read, and answers at once. A question may have
several intents; a description of a rash has none.
"""

import re

from knowledge.guideline_sections import HELP
from knowledge.words import normalised

_PROFESSIONAL = r"(doctor|gp|dermatologist|nurse|clinician|specialist|physician|dr)"

_PATTERNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        r"\bemergenc|\bambulance\b|\b(999|112|911)\b|\ba ?& ?e\b|\b(er|hospital)\b|life.threatening",
        (f"{HELP} / Emergency", HELP),
    ),
    (r"\burgent|\b(see|be seen|go in|appointment) (today|tonight|now)\b", (f"{HELP} / Same day", HELP)),
    (
        rf"\b(see|visit|call|ring|need|consult|tell|ask|go to|show|contact)\b.{{0,25}}\b{_PROFESSIONAL}\b"
        r"|\b(get|seek|need) (medical )?help\b|\bmedical (help|attention|advice)\b"
        r"|\b(dangerous|serious|life.threatening|harmful)\b|\bshould i (be )?worr|\bred flags?\b",
        (HELP,),
    ),
    (
        r"\bcontagious\b|\binfectious\b|\b(catch|catching|caught)\b|\bspread(s|ing)? (it )?to (other|people|my|some)"
        r"|\b(pass|give)(es|s|ing)? (?!.*(cream|medicine|tablet|drug|ointment))(\w+ ){0,3}to\b"
        r"|\bpass(ed|es|ing)? (it )?on\b"
        r"|\bshar(e|ing) (a |the |my )?(towel|bed|clothes)|\bgo to (school|nursery|work)\b"
        r"|\bsexually transmitted\b",
        ("Is it contagious",),
    ),
    (
        r"\bpregnan|\bbreast ?feed|\bnursing mother|\bexpecting a baby\b|\btrying for a baby\b|\bunborn\b"
        r"|\bsafe (for|in|on) (my |a |an |the )?(\w+ )?(child|kid|toddler|baby|babie|infant|newborn|son|daughter)",
        ("Children and pregnancy",),
    ),
    (
        r"\btreat(ed|ing|s|ment|ments)?\b|\bcur(e|ed|able)\b|\bmedicines?\b|\bmedications?\b|\bprescri"
        r"|\bget(ting)? rid of\b|\bremov(e|ed|al|ing)\b|\b(which|what|any) (cream|ointment|tablet|pill|drug|lotion)"
        r"|\bsurgery\b|\bbiopsy\b|\bdiagnos|\bhow (is|are|do) .{0,40}\bdiagnosed\b|\bfreez(e|ing)\b",
        ("Treatment",),
    ),
    (
        r"\bcaus(e|es|ed|ing)\b|\bwhy (do|did|does|have|has|am|is|are)\b|\breason for\b|\bcomes? from\b|\btrigger"
        r"|\bhereditary\b|\binherit|\bgenetic|\bruns? in (the |my )?famil|\bwho gets\b|\brisk factors?\b",
        ("Causes",),
    ),
    (
        r"\bprevent|\bavoid getting\b|\b(stop|keep) .{0,30}\b(coming back|returning|from getting|from spreading)\b"
        r"|\bcom(e|es|ing) back\b|\bnot get (it|this) again\b|\bprotect\b|\blower (my|the) risk\b",
        ("Prevention",),
    ),
    (
        r"\b(dark|darker|black|brown|asian|african)[ -]skin(ned)?\b|\bskin of color\b",
        ("On darker skin",),
    ),
    (
        r"\b(what|how) (does|do|would|will) .{0,60}\blook\b|\bsymptoms?\b|\bsigns? of\b|\brecogni[sz]e\b"
        r"|\bhow (do|can|would|will) (i|you|we) (know|tell)\b|\btell if\b|\bfeel like\b",
        ("What it looks like",),
    ),
    (
        r"\bat home\b|\bhome remed|\bself.?care\b|\blook after\b|\bcare for\b|\bwhat (can|should|could) i do\b"
        r"|\b(soothe|relieve|ease|calm)\b|\b(stop|help) (the |with the )?itch|\bcan i (swim|wash|bathe|shower|shave)\b",
        ("Self-care",),
    ),
    (
        r"\bwhat(s| is| are|s| exactly is)\b(?!.*\b(best|should|can|cause|treat|cream)).{0,60}$|\btell me about\b"
        r"|\bexplain\b|\bis (it|this|that) (a )?cancer(ous)?\b|\bhow common\b",
        ("Overview",),
    ),
)

_COMPILED = tuple((re.compile(pattern), sections) for pattern, sections in _PATTERNS)


def intended_sections(question: str) -> tuple[str, ...]:
    """The sections that answer `question`, the one to put first at the front; empty when it only describes.

    An entry is a heading ("When to get help") or a whole label ("When to get help / Emergency"). The first
    pattern that fits leads, and the patterns stand in the order of what a person must not miss.
    """
    plain = normalised(question).replace("'", "").replace("’", "")
    found = (section for pattern, sections in _COMPILED if pattern.search(plain) for section in sections)
    return tuple(dict.fromkeys(found))
