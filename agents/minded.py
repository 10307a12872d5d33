"""What an answer bears in mind of what the patient told, in words; of what was told in another case, with the day."""

from collections.abc import Sequence
from itertools import groupby

from agents.triage.carried import Carried, Told

_NO_LONGER_SO = "If that is no longer so, write it to me, or correct it with /memory."


def minded(told: Told) -> str:
    """What is borne in mind of all that was told; empty where nothing was."""
    if not told.facts:
        return ""
    here = "; ".join(fact.words for fact in told.here)
    first = f"I bear in mind what you told me: {here}." if here else "I bear in mind what you told me before."
    return f"{first} {dated(told.carried)}".rstrip()


def dated(carried: Sequence[Carried]) -> str:
    """What was told in other cases, with the days, and how to take it back; empty where nothing was."""
    if not carried:
        return ""
    days = [
        f"On {day.day} {day:%B %Y} you told me that {' and that '.join(each.clause for each in of_day)}."
        for day, of_day in groupby(carried, key=lambda each: each.day)
    ]
    return " ".join([*days, _NO_LONGER_SO])
