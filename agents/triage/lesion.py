"""A single spot: NG12's weighted seven-point checklist, ABCDE, and the growing nodule, from words or from answers.

Source: NICE, Suspected cancer: recognition and referral (NG12), 1.7: major features count 2 (change in size, irregular
shape, irregular colour), minor features 1 (largest diameter 7 mm or more, inflammation, oozing, change in sensation);
3 or more is a suspected-cancer referral. ABCDE after Friedman, Rigel and Kopf, CA Cancer J Clin 35 (1985).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from agents.triage.reading import Reading

REFERRAL_SCORE = 3
_MAJOR = (
    frozenset({"size_change", "evolving", "was_different"}),
    frozenset({"irregular_shape"}),
    frozenset({"irregular_colour", "colour_change"}),
)
_MINOR = (
    frozenset({"seven_millimetres"}),
    frozenset({"inflamed"}),
    frozenset({"bleeds", "oozes", "crusts"}),
    frozenset({"itches", "hurts", "sensation_change"}),
)
_ABCD = (
    frozenset({"irregular_shape"}),
    frozenset({"irregular_border"}),
    frozenset({"irregular_colour", "colour_change"}),
    frozenset({"seven_millimetres"}),
)
_EVOLVING = frozenset({"size_change", "colour_change", "shape_change", "evolving", "was_different"})


@dataclass(frozen=True)
class SpotChanges:
    """What the patient answered about one spot. `region` in lower case, empty when not known."""

    grew: bool
    changed: bool
    bleeds: bool
    hurts: bool
    itches: bool
    raised: bool
    region: str


def seven_points(present: frozenset[str]) -> int:
    """The weighted score, 0 to 10, of the features present (names of terms)."""
    return sum(2 for feature in _MAJOR if feature & present) + sum(1 for feature in _MINOR if feature & present)


def lesion_rules(reading: Reading) -> Iterator[str]:
    """The ids of the lesion rules that a text fires by counting; the others are rules of words."""
    present = reading.affirmed
    single = bool(present & {"pigmented_lesion", "lesion"}) and not present & {"many_lesions"}
    if not single:
        return
    if "pigmented_lesion" in present and seven_points(present) >= REFERRAL_SCORE:
        yield "seven-points"
    if "pigmented_lesion" in present and sum(1 for sign in _ABCD if sign & present) >= 2:
        yield "abcde"
    if "pigmented_lesion" in present and _EVOLVING & present:
        yield "evolving-mole"


def spot_rules(changes: SpotChanges, *, is_spot: bool) -> Iterator[str]:
    """The ids of the rules that the answers about one spot fire. A change is never reassured away."""
    present = {
        name
        for name, there in (
            ("size_change", changes.grew),
            ("colour_change", changes.changed),
            ("bleeds", changes.bleeds),
            ("hurts", changes.hurts or changes.itches),
        )
        if there
    }
    if seven_points(frozenset(present)) >= REFERRAL_SCORE:
        yield "history-seven-points"
    if changes.grew and changes.raised:
        yield "history-growing-nodule"
    if changes.grew or changes.changed:
        yield "history-changing-spot"
    if changes.bleeds and is_spot:
        yield "history-bleeding-spot"
    if changes.region == "lip" and is_spot:
        yield "history-lip"
    if is_spot:
        yield "history-spot"
