"""Takes out how dark somebody's skin is: no sign of anything, though the same words tell of skin that dies."""

import re

_TONES = (
    r"(?:(?:very|quite|naturally|rather) )?(?:black|dark(?:er)?|brown|deep|tan|indian|asian|african|caribbean)"
    r"(?: brown| type)?"
)
_OF_A_PLACE = (
    r"(?![-\s]*(?:around|where|near|under|over|that|which|patch|spot|mark|coming|dead|now|with|"
    r"and (?:dead|hard|numb)))"
)
_TOLD = re.compile(
    rf"\b(?P<before>on|have|having|has|got|with|in|for|of|a|people with) {_TONES}[- ]skin(?:ned)?\b{_OF_A_PLACE}"
    rf"|\b(?P<mine>(?:my|his|her|our|their) skin)(?: tone| colou?r| type)?(?:'s| is|s)? {_TONES}(?: skin)?\b"
    rf"{_OF_A_PLACE}"
    r"|\b(?:black|brown|dark|african|caribbean|asian|indian)[- ](?:skinned )?"
    r"(?P<who>wom[ae]n|m[ae]n|person|people|girl|boy|guy|lady|child|baby|toddler|kid|lad|son|daughter|"
    r"husband|wife|mum|mother|dad|father|brother|sister|patient|family)\b",
    re.IGNORECASE,
)


def without_skin_tone(text: str) -> str:
    """The text without what it says of the colour that a person's skin has always had. Never raises."""
    return _TOLD.sub(_left, text)


def _left(told: re.Match[str]) -> str:
    if told["before"]:
        return f"{told['before']} skin"
    return told["mine"] or told["who"]
