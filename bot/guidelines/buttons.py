"""The buttons of the library: what a press asks for, in callback data that nobody can break."""

import re
from enum import StrEnum

from bot.presses import Press, PressKind, Unreadable, button


class Action(StrEnum):
    """What can be asked for. Each takes up to two numbers: of a version, a submission or a page."""

    HOME = "home"
    LIST = "list"
    DUE = "due"
    WAITING = "waiting"
    RETIRED = "gone"
    LOG = "log"
    FOUND = "found"
    TEXT = "text"
    VERSIONS = "versions"
    FILE = "file"
    ASK_RETIRE = "retire"
    RETIRE = "retire-yes"
    ASK_RESTORE = "restore"
    RESTORE = "restore-yes"
    CARD = "card"
    PREVIEW = "preview"
    COMPARE = "compare"
    PUBLISH = "publish"
    WITHDRAW = "withdraw"


_NUMBERS = re.compile(r"(\d{1,9})(?:\.(\d{1,9}))?", re.ASCII)


def library_button(label: str, action: Action, first: int = 0, second: int = 0) -> tuple[str, str]:
    """A button's label and callback data."""
    return button(label, PressKind.LIBRARY, action, f"{first}.{second}")


def asked(press: Press) -> tuple[Action, int, int]:
    """What was pressed, with its two numbers. Unreadable: it is none of ours."""
    numbers = _NUMBERS.fullmatch(press.value)
    if press.kind is not PressKind.LIBRARY or press.reference not in set(Action) or numbers is None:
        raise Unreadable("unknown button of the library")
    return Action(press.reference), int(numbers[1]), int(numbers[2] or 0)
