"""Whether words speak of a child's private parts: such pictures are refused before anything is kept."""

import re

_ADULT = 18
_CHILD = re.compile(
    r"\b(bab(?:y|ies)|infants?|newborns?|toddlers?|child(?:ren)?|kids?|sons?|daughters?|boys?|girls?|nephews?|nieces?"
    r"|grand(?:son|daughter|child)|minors?|schoolgirl|schoolboy)(?:['’]s)?\b",
    re.IGNORECASE,
)
_AGE = re.compile(r"\b(\d{1,2})\s*[- ]?\s*(?:years?|yrs?|y/?o|months?|weeks?|days?)\b(?:[- ]*old)?", re.IGNORECASE)
_YEARS = re.compile(r"years?|yrs?|y/?o", re.IGNORECASE)
_PRIVATE = re.compile(
    r"\b(penis|foreskin|willy|scrotum|testicles?|balls|vagina\w*|vulva\w*|labia\w*|clitoris|genitals?|genitalia"
    r"|private\s+(?:parts?|areas?)|privates|intimate\s+(?:parts?|areas?)|down\s+there|anus"
    r"|anal|bum\s*hole|bottom\s+hole"
    r"|pubic|perineum|nipples?|breasts?)\b",
    re.IGNORECASE,
)
_NEAR = re.compile(r"\b(bottom|bum|buttocks?|nappy|nappies|diaper\w*|groin)\b", re.IGNORECASE)


def _of_a_child(text: str) -> bool:
    if _CHILD.search(text):
        return True
    ages = ((int(match[1]), _YEARS.search(match[0])) for match in _AGE.finditer(text))
    return any(age < _ADULT or not years for age, years in ages if "old" in text.lower() or years)


def is_childs_private_parts(text: str, *, with_photo: bool) -> bool:
    """Whether `text` names a child's private parts; with a photo, the parts beside them as well (a nappy
    area).
    """
    private = _PRIVATE.search(text) or (with_photo and _NEAR.search(text))
    return bool(private) and _of_a_child(text)
