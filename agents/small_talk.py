"""Greetings, thanks and goodbyes: a short kind answer, no search and no citations."""

import re
from enum import StrEnum

_GREETING = r"hi+|hello+|hey+|good (?:morning|afternoon|evening|day)|greetings"
_THANKS = (
    r"thank(?:s| you)(?: (?:so|very) much| a lot| a million)?|thx|ty|cheers|much appreciated|many thanks|"
    r"that(?:'s|s| is| was)? (?:very |really |so )?(?:helpful|great|good to know|kind|clear)|(?:very |"
    r"so )helpful|great|perfect|"
    r"i appreciate (?:it|that|this)"
)
_BYE = r"bye+|good ?bye|see you|good ?night|take care|have a (?:nice|good|great) (?:day|evening|night|weekend)"
_ACKNOWLEDGE = r"ok(?:ay)?|k|alright|all right|fine|i see|i understand|understood|got it|sure|will do|noted|yes|no|cool"
_FILLER = (
    r"there|doctor|doc|bot|again|for (?:that|this|everything|your (?:help|time|advice|answer))|"
    r"and|so|very|much|then|you|all|now|dear"
)
_WORDS = re.compile(rf"(?:(?:{_GREETING}|{_THANKS}|{_BYE}|{_ACKNOWLEDGE}|{_FILLER})(?=\s|$)\s*)+")


class SmallTalk(StrEnum):
    """What kind of small talk it is."""

    THANKS = "thanks"
    GREETING = "greeting"
    BYE = "bye"
    ACKNOWLEDGED = "acknowledged"


_ANSWERS = {
    SmallTalk.THANKS: "You're welcome. I'm glad if that helped. You can ask me more at any time.",
    SmallTalk.GREETING: "Hello! You can ask me anything about your skin or about the answer I gave you.",
    SmallTalk.BYE: "Goodbye, and take care. You can write again at any time.",
    SmallTalk.ACKNOWLEDGED: "All right. If you have another question about your skin, just ask.",
}


def small_talk(text: str) -> SmallTalk | None:
    """The kind of small talk, where the text is nothing else; None for a question or a complaint."""
    plain = " ".join(re.sub(r"[^\w' ]+", " ", text.casefold().replace("’", "'")).replace("_", " ").split())
    if "?" in text or (plain and not _WORDS.fullmatch(plain)):
        return None
    if not plain:
        return SmallTalk.ACKNOWLEDGED if text.strip() else None
    for kind, pattern in (
        (SmallTalk.THANKS, _THANKS),
        (SmallTalk.BYE, _BYE),
        (SmallTalk.GREETING, _GREETING),
    ):
        if re.search(rf"(?<!\w)(?:{pattern})(?!\w)", plain):
            return kind
    return SmallTalk.ACKNOWLEDGED


def answer_to(kind: SmallTalk) -> str:
    """A short kind answer."""
    return _ANSWERS[kind]
