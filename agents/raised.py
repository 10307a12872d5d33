"""What raised the urgency: the conditions behind its reasons, which no answer may leave out.

A spot that looks like a mole and has grown is urgent because it may be a melanoma. Advice on moles alone would be
cited, correct and dangerous.
"""

from collections.abc import Sequence

from agents.possibilities import ACTION, MOST, PhotoKind
from agents.subjects import Subject
from agents.triage.rules import about
from cases.record import Findings, PossibilityInWords, Triage
from conditions import TriageLevel

_MOST_RAISED = 2
_OF_FINDINGS = "finding-"


def raised_by(triage: Triage, findings: Findings | None, kind: PhotoKind) -> tuple[Subject, ...]:
    """At most two conditions behind the reasons, those of the most urgent first: one for each reason.

    Where a reason cannot exclude several, it is the one that the photo makes likeliest, or else the most serious.
    What a model of single spots says of a rash counts only where it may be a cancer. An emergency has none: whoever
    must call for help should read of nothing else.
    """
    if triage.level is TriageLevel.EMERGENCY:
        return ()
    probability = {each.slug: each.probability for each in findings.differential} if findings else {}
    chosen: dict[Subject, None] = {}
    for reason in triage.reasons:
        if slugs := about(reason.rule):
            subject = Subject.of(max(slugs, key=lambda slug: probability.get(slug, 0.0)))
            if subject.malignant or kind is not PhotoKind.RASH or not reason.rule.startswith(_OF_FINDINGS):
                chosen[subject] = None
    return tuple(chosen)[:_MOST_RAISED]


def with_raised(
    listed: Sequence[PossibilityInWords], raised: Sequence[Subject], triage: Triage
) -> tuple[PossibilityInWords, ...]:
    """At most three possibilities, those that raised the urgency always among them."""
    there = {each.slug for each in listed}
    missing = [_not_excluded(each, triage) for each in raised if each.slug not in there]
    return (*listed[: MOST - len(missing)], *missing)


def conditions_behind(triage: Triage) -> frozenset[str]:
    """Every condition that a reason cannot exclude."""
    return frozenset(slug for reason in triage.reasons for slug in about(reason.rule))


def _not_excluded(subject: Subject, triage: Triage) -> PossibilityInWords:
    by_photo = any(
        reason.rule.startswith(_OF_FINDINGS) and subject.slug in about(reason.rule) for reason in triage.reasons
    )
    why = "from a photo" if by_photo else "given what you told me"
    words = f"cannot be ruled out {why} – {ACTION[triage.level]}"
    return PossibilityInWords(slug=subject.slug, title=subject.title, words=words)
