"""What to watch for: the library's own signs that a case has become more urgent, cited; general ones without them."""

from collections.abc import Sequence

from agents.levels import HELP, concerns, level_of, names_other_number
from agents.passages import NumberedPassage, Shelf
from agents.possibilities import PhotoKind
from agents.ranking import alike
from agents.search import GuidelineSearch
from agents.sentences import sentences
from agents.stems import content_stems
from agents.subjects import Subject
from cases.record import History
from conditions import TriageLevel
from knowledge.formats.neutral import speaks_to_a_machine

MOST = 4
_SEARCHED = 8
_GENERAL_SPOT = (
    (TriageLevel.THIS_WEEK, "It grows, changes shape or colour, bleeds, or does not heal: see a doctor this week."),
)
_GENERAL_RASH = (
    (
        TriageLevel.SAME_DAY,
        "Fever, feeling ill, fast spreading, strong pain, or sores in the mouth or eyes: get medical help today.",
    ),
    (
        TriageLevel.EMERGENCY,
        "Trouble breathing, a swollen face or tongue, or a rash that does not fade under a glass: "
        "call {number} at once.",
    ),
)


def watch_for(
    subjects: Sequence[Subject],
    level: TriageLevel,
    kind: PhotoKind,
    said: Sequence[str],
    history: History,
    search: GuidelineSearch,
    shelf: Shelf,
    emergency_number: str,
) -> tuple[tuple[str, NumberedPassage | None], ...]:
    """At most four signs, each with the passage it stands in; None where no passage has it. `said` is not said again.

    An emergency has none: whoever is calling for help needs nothing to watch for. Nor has a photo of something else.
    """
    if level is TriageLevel.EMERGENCY or kind is PhotoKind.NOT_SKIN:
        return ()
    chosen: list[tuple[str, NumberedPassage | None]] = []
    for subject in subjects[:2]:
        signs = _signs(subject, level, history, search, shelf, emergency_number)
        named = content_stems(subject.title)
        others_to_come = subject is subjects[0] and len(subjects) > 1
        room = MOST - len(chosen) - (1 if others_to_come else 0)
        told = [*said, *(text for text, _ in chosen)]
        for text, passage in signs:
            if room > 0 and not any(alike(text, other, named) for other in told):
                chosen.append((text, passage))
                told.append(text)
                room -= 1
    if chosen:
        return tuple(chosen)
    rash = kind in (PhotoKind.RASH, PhotoKind.NONE) or level.urgency >= TriageLevel.THIS_WEEK.urgency
    general = _GENERAL_RASH if rash else _GENERAL_SPOT
    return tuple(
        (text.replace("{number}", emergency_number), None) for about, text in general if about.urgency > level.urgency
    )


def _signs(
    subject: Subject,
    level: TriageLevel,
    history: History,
    search: GuidelineSearch,
    shelf: Shelf,
    emergency_number: str,
) -> list[tuple[str, NumberedPassage]]:
    """Signs more urgent than `level`, the nearest level first: two of it, then one of each level above it."""
    found = search.search(f"when to get help {subject.title}", k=_SEARCHED, slugs={subject.slug}, sections={HELP})
    by_level: dict[TriageLevel, list[tuple[str, NumberedPassage]]] = {}
    for passage in shelf.put(found):
        about = level_of(passage)
        if about is not None and about.urgency > max(level.urgency, TriageLevel.ROUTINE.urgency):
            by_level.setdefault(about, []).extend((text, passage) for text in sentences(passage.text))
    ordered: list[tuple[str, NumberedPassage]] = []
    rest: list[tuple[str, NumberedPassage]] = []
    for place, about in enumerate(sorted(by_level, key=lambda each: each.urgency)):
        usable = [
            each
            for each in by_level[about]
            if concerns(each[0], history)
            and not names_other_number(each[0], emergency_number)
            and not speaks_to_a_machine(each[0])
        ]
        ordered += usable[: 2 if place == 0 else 1]
        rest += usable[2 if place == 0 else 1 :]
    return [*ordered, *rest]
