"""Triage of what the agent asked further by button: what a doctor would want to see sooner than the rash alone tells.

Each further answer can only add a rule, so that no urgency that was shown falls while the patient goes on answering.
"""

from collections.abc import Iterator

from cases.record import History

_NOT_SURE = "unsure"
_NEW = frozenset({"hours", "days"})
_OUTSIDE_NAPPIES = frozenset({"face", "trunk", "limbs", "hands"})
_NAPPIES_UNTIL, _GROWN = 2, 12
"""Ages in years until which pain may be nappy rash, and from which sores of the genitals may be caught by sex."""


def answer_rules(history: History) -> Iterator[str]:
    """The ids of the rules that the answers to the agent's own questions fire."""
    answers = dict(each.split(":", 1) for each in history.answers if ":" in each)
    site, onset, shape, contact = (answers.get(name) for name in ("site", "onset", "shape", "contact"))
    rash, new, blisters = history.spot_or_rash == "rash", onset in _NEW, shape == "blisters"
    hurts = answers.get("itch") == "hurts" or bool(history.hurt)
    grown = history.age is None or history.age >= _GROWN
    nappy = history.age is not None and history.age < _NAPPIES_UNTIL and site not in _OUTSIDE_NAPPIES
    if hurts and new and not nappy and (rash or shape == "flat"):
        yield "answers-painful-new"
    if hurts and blisters:
        yield "answers-painful-blisters" if new or site == "face" else "answers-blisters"
    if rash and contact == "medicine":
        yield "answers-medicine-sore" if hurts or blisters else "answers-medicine"
    if history.age == 0 and shape in {"blisters", "pus"}:
        yield "answers-baby-sores"
    if rash and (history.pregnant or history.immunosuppressed) and (contact == "people" or blisters):
        yield "answers-at-risk"
    if shape == "ring" and onset in {"days", "weeks"} and contact in {"bite", "none", _NOT_SURE}:
        yield "answers-ring"
    if shape == "pus" and onset in {*_NEW, "weeks"}:
        yield "answers-pus"
    if grown and site == "genital" and shape in {"blisters", "pus"}:
        yield "answers-genital"
