"""What a button carries: at most 64 bytes of callback data, ``kind:reference:value``."""

from dataclasses import dataclass
from enum import StrEnum, unique

MAX_BYTES = 64
"""core.telegram.org/bots/api#inlinekeyboardbutton"""


@unique
class PressKind(StrEnum):
    """What was pressed. The references: a case's id, a turn's id, what to do with the library, or nothing."""

    DANGER = "d"
    MORE_DANGER = "m"
    KIND = "k"
    CHANGE = "g"
    AGE = "a"
    SPECIAL = "s"
    FOLLOW_UP = "q"
    MEMORY = "u"
    CITATION = "c"
    TURN_CITATION = "t"
    FEEDBACK = "f"
    SHOW = "o"
    EXPLAIN = "e"
    CONSENT = "y"
    RESEARCH = "r"
    WITHDRAW = "w"
    FORGET = "x"
    LIBRARY = "l"


class Unreadable(ValueError):
    """The callback data is none of ours, perhaps of an older version of the bot."""


@dataclass(frozen=True)
class Press:
    """One press of a button."""

    kind: PressKind
    reference: str = ""
    value: str = ""

    @property
    def data(self) -> str:
        """The callback data."""
        return f"{self.kind}:{self.reference}:{self.value}"


def press_of(data: str) -> Press:
    """Read callback data. Unreadable: it is not ours."""
    parts = data.split(":")
    if len(parts) != 3 or parts[0] not in set(PressKind):
        raise Unreadable("unknown button")
    return Press(PressKind(parts[0]), parts[1], parts[2])


def button(label: str, kind: PressKind, reference: str = "", value: str | int = "") -> tuple[str, str]:
    """A button's label and callback data."""
    return label, Press(kind, reference, str(value)).data
