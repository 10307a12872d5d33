"""Puts a reply together: what is urgent first, then what cannot be excluded, then the library's sentences."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from agents import metrics
from agents.case_view import CaseView, RestsOn
from agents.grounding import NOT_COVERED
from agents.intents import asks, is_about_care
from agents.numbering import Numbering
from agents.possibilities import PhotoKind
from agents.same_spot import Comparable, asks_of_earlier_photo, asks_to_compare
from agents.seen import description
from agents.sentences import sentences
from agents.statements import Supported
from agents.subjects import Subject, named_in
from agents.vision import EarlierPhoto
from cases.record import Citation, Statement, Triage, day_in_words, marked
from conditions import EMERGENCIES, TriageLevel

_WHO_CAN_TELL = {
    TriageLevel.EMERGENCY: "get help first",
    TriageLevel.SAME_DAY: "a doctor can tell today",
    TriageLevel.THIS_WEEK: "a doctor who looks at it this week can tell",
}
_DOCTOR_CAN_TELL = "a doctor can tell, and must be asked at once if someone is ill with it"
_ANYONE_CAN_TELL = "a pharmacist or doctor can tell by looking at it"
_MOST_DAYS = 3
_NOTHING_TO_COMPARE = (
    "I could not compare photos for this: I would need one with this question and an earlier one of the same spot. If "
    "you think that it grew or changed, have it checked this week."
)
_CHANGE = (
    "Two photos differ in light and distance, so I cannot tell from them that it has stayed the same. If you think "
    "that it grew or changed, have it checked this week."
)
_WHICH = re.compile(
    r"\b(?:what (?:is|could|might|can) (?:it|this|that)|what do i have|what'?s (?:wrong|this|it)|"
    r"do you think|what did you find|your diagnosis)\b",
    re.IGNORECASE,
)
_DIAGNOSED = re.compile(
    r"\b(?:biops\w+|diagnosed|removed|confirmed|stage|they (?:took|cut)"
    r"|(?:doctors?|dermatologist|consultant|surgeon|hospital|letter|results?) "
    r"(?:says?|said|told|found|shows?|showed))\b",
    re.IGNORECASE,
)
"""How somebody tells, and does not ask, of a skin cancer that doctors have found."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one message. `text` holds the statements with their marks; `triage` is of the whole case so far."""

    text: str
    statements: tuple[Statement, ...]
    citations: tuple[Citation, ...]
    triage: Triage


def unsourced(triage: Triage, *parts: str) -> Reply:
    """A reply of some parts, those that are not empty, which quotes no guideline."""
    return Reply("\n\n".join(filter(None, parts)), (), (), triage)


def who_can_tell(level: TriageLevel, subject: Subject, emergency_number: str) -> str:
    """Who can say what it is, as soon as the level asks; an illness that is an emergency is for no pharmacist."""
    if subject.slug in EMERGENCIES and level is not TriageLevel.EMERGENCY:
        return f"if someone has its signs now, call {emergency_number} now"
    return _WHO_CAN_TELL.get(level, _ANYONE_CAN_TELL)


def composed(
    fit: Sequence[Supported],
    looked: str,
    seen_case: CaseView,
    question: str,
    urgent: str,
    reminder: str,
    minded: str = "",
    taken_for: str = "",
    doubt: str = "",
) -> Reply:
    """The whole reply, from its checked parts. `looked`: what photos showed.
    `minded`: what is borne in mind of the patient, said where the answer is about care.

    `taken_for`: what the patient's words were taken for, told before an answer that rests on it. `doubt`: what to do if
    something is so after all that the words hardly mean.

    What must be done today or at once comes first; what must be done later closes it.
    """
    numbering = Numbering()
    statements = tuple(Statement(text=each.text, citations=numbering.of(each.passages)) for each in fit)
    serious = "" if urgent else _serious_first(seen_case, question, reminder)
    body = "\n".join(marked(statement) for statement in statements)
    recap = taken_for if body and taken_for else _recap(seen_case) if _WHICH.search(question) else ""
    covered = body or ("" if recap or looked else NOT_COVERED)
    if covered == NOT_COVERED:
        metrics.NOT_COVERED.inc()
    first = reminder if seen_case.level.urgency >= TriageLevel.SAME_DAY.urgency and not (urgent or serious) else ""
    closing = "" if urgent or serious or first else reminder
    mind = minded if body and is_about_care(question) else ""
    parts = (doubt, first, urgent, serious, recap, looked, mind, covered, closing)
    return Reply("\n\n".join(part for part in parts if part), statements, numbering.citations, seen_case.triage)


def _serious_first(seen_case: CaseView, question: str, reminder: str) -> str:
    """The skin cancer that is not excluded; to somebody who writes of one that doctors found, none is told by words."""
    serious, by_photo = seen_case.serious, seen_case.differential.serious
    if serious is None or not serious.malignant:
        return ""
    if by_photo is None and any(map(_tells_of_found_cancer, sentences(question))):
        return ""
    why = "from a photo" if by_photo else "after what you told me"
    return f"First of all: I cannot rule out {serious.title} {why}. {reminder}".rstrip()


def _tells_of_found_cancer(sentence: str) -> bool:
    told = _DIAGNOSED.search(sentence) and not asks(sentence)
    return bool(told) and any(each.malignant for each in named_in(sentence))


def _recap(seen_case: CaseView) -> str:
    """What it may be, in the words of the first answer."""
    shown = seen_case.differential.in_words
    if shown:
        return "Of what I know, it may be: " + "; ".join(f"{each.title} ({each.words})" for each in shown) + "."
    if seen_case.by_words and seen_case.subjects:
        return _by_words(seen_case.subjects, seen_case.level, seen_case.rests_on)
    if seen_case.differential.kind in (PhotoKind.CANNOT_TELL, PhotoKind.HEALTHY_SKIN, PhotoKind.NOT_SKIN):
        return "I cannot tell what it is from the photo. A doctor or pharmacist who sees the skin can tell more."
    return ""


def guess(subjects: Sequence[Subject], level: TriageLevel, emergency_number: str, rests_on: RestsOn = "words") -> str:
    """What the words, or the answers alone, may describe.

    An illness that is always an emergency is not for a pharmacist to look at.
    """
    if not subjects:
        return ""
    if any(subject.slug in EMERGENCIES for subject in subjects):
        titles = " or ".join(each.title for each in subjects)
        return f"You may be asking about {titles}. If someone has these signs now, call {emergency_number} now."
    return _by_words(subjects, level, rests_on)


def _by_words(subjects: Sequence[Subject], level: TriageLevel, rests_on: RestsOn) -> str:
    titles = " or ".join(each.title for each in subjects)
    grave = any(subject.slug in EMERGENCIES for subject in subjects)
    who = _WHO_CAN_TELL.get(level, _DOCTOR_CAN_TELL if grave else _ANYONE_CAN_TELL)
    return f"Going only by your {rests_on}, it may be {titles} – {who}."


def looked_at(
    question: str, spot: Comparable, observation: str | None, comparison: Mapping[str, str] | None = None
) -> str:
    """What the photos showed that were looked at for the question, or why they were not compared; perhaps empty."""
    if comparison:
        return _compared(comparison, spot)
    if asks_to_compare(question) and spot.undecided:
        why = _not_compared(spot.undecided)
    else:
        why = _NOTHING_TO_COMPARE if asks_of_earlier_photo(question) else ""
    return " ".join(filter(None, (why, _looked_again(observation))))


def _compared(comparison: Mapping[str, str], spot: Comparable) -> str:
    before, now = description(comparison["before"]), description(comparison["now"])
    if not before or not now:
        return f"I looked at both photos, but they tell me nothing that I can be sure of. {_CHANGE}"
    day = day_in_words(date.fromisoformat(comparison["taken"]))
    unless = "" if spot.sure else f"This counts only if it is the same spot as in your photo of {day}: I cannot tell. "
    return f"{unless}In your photo of {day} I saw: {before} Now I see: {now} {_CHANGE}"


def _not_compared(undecided: Sequence[EarlierPhoto]) -> str:
    days = list(dict.fromkeys(day_in_words(each.day) for each in undecided))[:_MOST_DAYS]
    which = "" if len(undecided) == 1 else f" as on {days[0]}"
    return (
        f"I did not compare it with what you sent me before (on {' or '.join(days)}), because I do not know whether "
        f"that is the same spot. If it is, write to me: “It is the same one{which}”. If you think that it grew or "
        "changed, have it checked this week."
    )


def _looked_again(observation: str | None) -> str:
    if observation is None:
        return ""
    shown = description(observation)
    if not shown:
        return "I looked at the photo again, but it tells me nothing more that I can be sure of."
    return f"I looked at the photo again and saw: {shown} That is only what a picture shows, not a diagnosis."
