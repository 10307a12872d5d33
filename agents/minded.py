"""What an answer bears in mind of what the patient told, in words; of what was told in another case, with the day."""

from collections.abc import Sequence
from itertools import groupby

from agents.intents import asks
from agents.stems import content_stems
from agents.triage.carried import Carried, Told
from agents.triage.told import ALLERGY, facts_in
from cases.record import day_in_words

_AGE = "age"
_SAID_WITH_IT = frozenset(
    content_stems(
        "allergic allergy allergies age aged old year years yr yrs month months week weeks day days son daughter baby "
        "toddler child kid boy girl wife husband partner mother mum mom father dad he she they forgot forget say "
        "mention tell add know should also sorry way btw just really very badly severe bad male female man woman"
    )
)
"""What stands beside an age or an allergy where nothing else is told."""
_NO_LONGER_SO = "If that is no longer so, write it to me, or correct it with /memory."


def minded(told: Told) -> str:
    """What is borne in mind of all that was told; empty where nothing was."""
    if not told.facts:
        return ""
    here = "; ".join(fact.words for fact in told.here)
    first = f"I bear in mind what you told me: {here}." if here else "I bear in mind what you told me before."
    return f"{first} {dated(told.carried)}".rstrip()


def tells_only_facts(text: str) -> bool:
    """Whether an age or allergies are all that the text tells, and it asks nothing: there is nothing to look up."""
    facts = tuple(facts_in(text))
    if not facts or asks(text) or any(each.name != _AGE and not each.name.startswith(ALLERGY) for each in facts):
        return False
    told = {stem for fact in facts for stem in content_stems(fact.words)} | _SAID_WITH_IT
    return all(stem in told or stem.isdecimal() for stem in content_stems(text))


def dated(carried: Sequence[Carried]) -> str:
    """What was told in other cases, with the days, and how to take it back; empty where nothing was."""
    if not carried:
        return ""
    days = [
        f"On {day_in_words(day)} you told me that {' and that '.join(each.clause for each in of_day)}."
        for day, of_day in groupby(carried, key=lambda each: each.day)
    ]
    return " ".join([*days, _NO_LONGER_SO])
