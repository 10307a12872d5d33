"""What the model looked at in a photo: under which answers the button for it stands, and the words that come with the
picture.
"""

from bot import texts
from bot.presses import PressKind, button
from cases.record import ANSWERED, Case
from conditions import TriageLevel


def is_offered(case: Case) -> bool:
    """Whether there is something to show, and it would not mislead: the model can, the answer is up to date and names
    what the photo looked most like to the model. In an emergency nothing draws attention away from the call.
    """
    advice, findings = case.advice, case.findings
    if not case.explainable or not case.photo_ids or case.status not in ANSWERED or advice is None or findings is None:
        return False
    if advice.revision < case.history_revision or advice.triage.level is TriageLevel.EMERGENCY:
        return False
    likeliest = findings.differential[0].slug if findings.differential else None
    return likeliest in {each.slug for each in advice.possibilities}


def explain_rows(case: Case) -> list[tuple[tuple[str, str], ...]]:
    """The row with the button, or no row."""
    return [(button(texts.EXPLAIN, PressKind.EXPLAIN, case.id),)] if is_offered(case) else []


def caption(case: Case) -> str:
    """What is said with the picture, as HTML."""
    photos = len(case.photo_ids)
    return texts.EXPLANATION.format(first=texts.EXPLANATION_FIRST.format(photos=photos) if photos > 1 else "")
