"""What a patient is told whatever the library says: what to do first, by when to see whom, and what this cannot do.

The words of urgency come from the level alone, so no language model can soften them.
"""

from datetime import date, timedelta

from agents.possibilities import Differential, PhotoKind
from agents.triage.verdict import with_number
from agents.triage.words import DOUBTED
from cases.record import Reason, Triage
from conditions import TriageLevel

_DAYS = {
    TriageLevel.EMERGENCY: 0,
    TriageLevel.SAME_DAY: 0,
    TriageLevel.THIS_WEEK: 7,
    TriageLevel.ROUTINE: 28,
    TriageLevel.SELF_CARE: 28,
}
_SEEN_THIS_WEEK = " Has a doctor already seen this spot? If not, please do not wait to see whether it changes."
_SEEN_ROUTINE = (
    "Has a doctor already seen this spot? If not, please book an appointment with a doctor now rather than waiting "
    "to see whether it changes. Go sooner if it grows, changes or bleeds."
)
_NOTHING_URGENT = "Nothing you told me needs urgent care."
_UNLESS_SO = "Read first what stands below. If that is not so:"
SERIOUS_RULE = "serious-not-excluded"


def see_by(level: TriageLevel, today: date) -> date:
    """The day by which the patient should have been seen."""
    return today + timedelta(days=_DAYS[level])


def see_whom(level: TriageLevel, suspicious: bool, emergency_number: str) -> str:
    """Whom to see, as it stands in "See … by …"."""
    if level is TriageLevel.EMERGENCY:
        return f"the emergency services (call {emergency_number})"
    if level is TriageLevel.SAME_DAY:
        return "a doctor or an urgent care centre"
    if suspicious:
        return "a doctor who can examine the spot and refer you to a skin specialist"
    if level is TriageLevel.SELF_CARE:
        return "a pharmacist or doctor, if it is not better,"
    return "a doctor"


def now(triage: Triage, suspicious: bool, kind: PhotoKind, emergency_number: str) -> str:
    """What to do first; why, stands in the triage's reasons. Suspicious spots are never told to wait and look again."""
    action = _action(triage, emergency_number)
    if triage.level is TriageLevel.EMERGENCY:
        return action if emergency_number in action else f"Call {emergency_number} now. {action}".rstrip()
    if triage.level is TriageLevel.SAME_DAY:
        return action or f"See a doctor today. If it gets worse, call {emergency_number}."
    if triage.level is TriageLevel.THIS_WEEK:
        return f"{action or 'Contact a doctor this week.'}{_SEEN_THIS_WEEK if suspicious else ''}"
    doubted = if_so(triage, emergency_number)
    if triage.level is TriageLevel.ROUTINE:
        return _SEEN_ROUTINE if suspicious else f"{'' if doubted else _NOTHING_URGENT} {action}".strip()
    if kind in (PhotoKind.NOT_SKIN, PhotoKind.NONE):
        return (
            "Nothing you told me is an emergency sign. If you feel ill or it gets worse, do not wait: get medical help."
        )
    return f"{_UNLESS_SO if doubted else _NOTHING_URGENT} You can start by looking after it yourself."


def now_and_why(triage: Triage, emergency_number: str) -> str:
    """What to do first in an emergency or on the same day, and why, for a reply that shows no triage beside it."""
    why = triage.reasons[0].text if triage.reasons else ""
    return f"{now(triage, False, PhotoKind.NONE, emergency_number)} {why}".rstrip()


def if_so(triage: Triage, emergency_number: str) -> str:
    """What to do if the most urgent of what is doubted is so after all; empty where nothing is."""
    doubted = next((each.text for each in triage.reasons if each.rule.startswith(DOUBTED)), "")
    return with_number(doubted, emergency_number)


def reminder(level: TriageLevel, suspicious: bool, emergency_number: str, seen_by: date) -> str:
    """One line that keeps a follow-up from sounding less urgent than the case; empty where nothing is urgent."""
    if level is TriageLevel.EMERGENCY:
        return f"Please get help first: call {emergency_number} now if you have not done so."
    if level is TriageLevel.SAME_DAY:
        return f"Please see a doctor today if you have not done so. If it gets worse, call {emergency_number}."
    if level is TriageLevel.THIS_WEEK or suspicious:
        return f"Please see a doctor by {_day(seen_by)}, if you have not been seen yet."
    return ""


def limits(kind: PhotoKind, has_photo: bool, emergency_number: str) -> str:
    """What this answer cannot do, in a few sentences."""
    parts: list[str] = []
    if has_photo and kind not in (PhotoKind.NOT_SKIN, PhotoKind.RASH):
        parts.append("A photo cannot rule out skin cancer.")
    if has_photo and kind in (PhotoKind.SPOT, PhotoKind.HEALTHY_SKIN, PhotoKind.CANNOT_TELL):
        parts.append(
            "I learned from very few photos of brown and black skin, so on darker skin I am wrong more "
            "often: if in doubt, be seen."
        )
    parts.append(
        "I am a computer program, not a doctor, and no person is watching this chat. "
        f"If you feel very ill, do not write here: call {emergency_number}."
    )
    return " ".join(parts)


def with_serious(triage: Triage, differential: Differential) -> Triage:
    """At least routine where a skin cancer is not excluded: self-care would contradict it."""
    if differential.serious is None or triage.level is not TriageLevel.SELF_CARE:
        return triage
    reason = Reason(
        rule=SERIOUS_RULE,
        level=TriageLevel.ROUTINE,
        text="A photo cannot rule out skin cancer, so a doctor should look at the spot.",
        action="Book an appointment with a doctor. Go sooner if it grows, changes or bleeds.",
        source="NICE, Suspected cancer: recognition and referral (NG12)",
    )
    return Triage(level=TriageLevel.ROUTINE, reasons=(reason, *triage.reasons))


def _action(triage: Triage, number: str) -> str:
    return with_number(triage.reasons[0].action, number) if triage.reasons else ""


def _day(day: date) -> str:
    return f"{day.day} {day:%B}"
