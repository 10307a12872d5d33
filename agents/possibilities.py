"""The findings in words: what it may be, how sure, and what follows from that; never a number.

The most serious possibility that is not excluded is named even if three others are likelier.
"""

from dataclasses import dataclass
from enum import StrEnum

from agents.settings import AgentSettings
from agents.subjects import Subject
from cases.record import Findings, Possibility, PossibilityInWords
from conditions import CANNOT_TELL, CONDITIONS, HEALTHY_SKIN, KINDS, MALIGNANT, NOT_SKIN, TriageLevel

MOST = 3
_SERIOUS_FIRST = ("melanoma", "squamous-cell-carcinoma", "basal-cell-carcinoma", "bowen-disease")
ACTION = {
    TriageLevel.EMERGENCY: "tell the emergency team about this spot too",
    TriageLevel.SAME_DAY: "have it looked at today",
    TriageLevel.THIS_WEEK: "have it checked this week",
    TriageLevel.ROUTINE: "have a doctor look at it",
    TriageLevel.SELF_CARE: "have a doctor look at it",
}
_HARMLESS_ACTION = {
    TriageLevel.EMERGENCY: "get help first",
    TriageLevel.SAME_DAY: "ask the doctor about it today",
    TriageLevel.THIS_WEEK: "ask the doctor about it this week",
    TriageLevel.ROUTINE: "a doctor can tell for sure",
    TriageLevel.SELF_CARE: "a pharmacist or doctor can tell for sure",
}


class PhotoKind(StrEnum):
    """What the photo can be used for."""

    NONE = "none"
    SPOT = "spot"
    NOT_SKIN = "not-skin"
    HEALTHY_SKIN = "healthy-skin"
    CANNOT_TELL = "cannot-tell"
    RASH = "rash"


@dataclass(frozen=True, slots=True)
class Differential:
    """What the photo shows: the leading condition, and the most serious one not excluded, where there is one."""

    kind: PhotoKind
    leading: Subject | None
    serious: Subject | None
    in_words: tuple[PossibilityInWords, ...]

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """What advice must cover: the most serious first."""
        both = [each for each in (self.serious, self.leading) if each is not None]
        return tuple(dict.fromkeys(both))


def photo_kind(findings: Findings | None, rash: bool) -> PhotoKind:
    """What the photo can be used for. A rash is not the model's matter, whatever it says."""
    if findings is None:
        return PhotoKind.RASH if rash else PhotoKind.NONE
    first = findings.differential[0].slug if findings.differential else CANNOT_TELL
    if first == NOT_SKIN:
        return PhotoKind.NOT_SKIN
    if rash:
        return PhotoKind.RASH
    if findings.abstained or first == CANNOT_TELL or _never_seen(findings, first):
        return PhotoKind.CANNOT_TELL
    return PhotoKind.HEALTHY_SKIN if first == HEALTHY_SKIN else PhotoKind.SPOT


def differential(findings: Findings | None, rash: bool, level: TriageLevel, settings: AgentSettings) -> Differential:
    """The possibilities of a case whose urgency is `level`."""
    kind = photo_kind(findings, rash)
    if findings is None or kind is PhotoKind.NONE:
        return Differential(kind, None, None, ())
    serious = _serious(findings, kind, settings)
    likely = _likely(findings, settings) if kind is PhotoKind.SPOT else []
    leading = Subject.of(likely[0].slug) if likely else None
    shown = (
        likely[: MOST - 1] if serious and serious.slug not in {each.slug for each in likely[:MOST]} else likely[:MOST]
    )
    words = [_in_words(each, place, level, settings) for place, each in enumerate(shown)]
    if serious and serious.slug not in {each.slug for each in shown}:
        words.append(_not_excluded(serious, level))
    return Differential(kind, leading, serious, tuple(words))


def _never_seen(findings: Findings, slug: str) -> bool:
    """Whether the model names a kind that it never saw in pictures taken this way."""
    return findings.domain is not None and slug in CONDITIONS and slug not in KINDS[findings.domain]


def _likely(findings: Findings, settings: AgentSettings) -> list[Possibility]:
    real = [each for each in findings.differential if each.slug in CONDITIONS and not _never_seen(findings, each.slug)]
    return [each for place, each in enumerate(real) if place == 0 or each.probability >= settings.possible_threshold]


def _serious(findings: Findings, kind: PhotoKind, settings: AgentSettings) -> Subject | None:
    """The most serious skin cancer not excluded; where the photo says little, only what also raises the urgency."""
    says_little = kind is not PhotoKind.SPOT
    limits = {
        "melanoma": settings.melanoma_threshold,
        "squamous-cell-carcinoma": settings.urgent_malignant_threshold,
        "basal-cell-carcinoma": settings.bcc_threshold,
    }
    probability = {each.slug: each.probability for each in findings.differential}
    for slug in _SERIOUS_FIRST:
        limit = limits.get(slug, settings.serious_threshold) if says_little else settings.serious_threshold
        if probability.get(slug, 0.0) >= max(limit, 1e-9):
            return Subject.of(slug)
    return None


def _in_words(each: Possibility, place: int, level: TriageLevel, settings: AgentSettings) -> PossibilityInWords:
    malignant = each.slug in MALIGNANT
    action = (ACTION if malignant else _HARMLESS_ACTION)[level]
    if place == 0 and each.probability >= settings.likely_threshold:
        sure = "the most likely of what I know"
    elif malignant and each.probability < settings.likely_threshold and place > 0:
        sure = "cannot be ruled out from a photo"
    else:
        sure = "possible"
    return PossibilityInWords(slug=each.slug, title=CONDITIONS[each.slug].title, words=f"{sure} – {action}")


def _not_excluded(serious: Subject, level: TriageLevel) -> PossibilityInWords:
    words = f"cannot be ruled out from a photo – {ACTION[level]}"
    return PossibilityInWords(slug=serious.slug, title=serious.title, words=words)
