"""What it may be where nothing is told in words: a photo that the model cannot judge, and what was pressed.

The start is how often each condition of the library is met at that age, as a rash or as one spot; only answers to the
agent's questions make one likely enough to be named. None is named beside an illness that needs help sooner than the
urgency says and that the answers do not exclude.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from agents.history_taking.candidates import Candidates, next_feature
from agents.history_taking.features import Feature, features
from agents.history_taking.presentations import AGE, KIND, age_band, presentations
from cases.record import DangerSign, History
from conditions import CONDITIONS, EMERGENCIES, MALIGNANT, TriageLevel

_VISITS = {4: 50.0, 3: 12.0, 2: 3.0, 1: 0.3}
"""Patients with a condition whom one general practitioner sees in a year, by `Presentation.seen`."""
_LIKELIER_THAN_ALL_OTHERS = 0.5
_BESIDE = 0.3
"""Share of the heaviest one's weight from which a second one is named as well."""
_PRESSED = 0.5
"""Power of a button that asked not quite the same: fever now, itch at all."""
_GROWTHS = frozenset({"malignant-lesions", "benign-tumours", "melanoma-naevi", "vascular"})
_ONSET, _TOO_NEW_FOR_CANCER = "onset", frozenset({"hours", "days"})
_CHILDREN = range(1, 12)
"""Ages in years at which chickenpox can be left to run its course."""
_NOT_EXCLUDED = 0.1
"""Share of all weights from which illnesses that need help sooner forbid that anything is named."""
_HELP: Mapping[str, TriageLevel] = {
    **dict.fromkeys(MALIGNANT, TriageLevel.THIS_WEEK),
    "impetigo": TriageLevel.THIS_WEEK,
    "lyme-disease": TriageLevel.THIS_WEEK,
    "syphilis": TriageLevel.THIS_WEEK,
    "mpox": TriageLevel.THIS_WEEK,
    "pemphigus-vulgaris": TriageLevel.THIS_WEEK,
    "cutaneous-lupus": TriageLevel.THIS_WEEK,
    "dermatomyositis": TriageLevel.THIS_WEEK,
    "leishmaniasis": TriageLevel.THIS_WEEK,
    "leprosy": TriageLevel.THIS_WEEK,
    "cellulitis": TriageLevel.SAME_DAY,
    "herpes-zoster": TriageLevel.SAME_DAY,
    "drug-eruption": TriageLevel.SAME_DAY,
    "measles": TriageLevel.SAME_DAY,
    "scarlet-fever": TriageLevel.SAME_DAY,
    "vasculitis": TriageLevel.SAME_DAY,
    "bullous-pemphigoid": TriageLevel.SAME_DAY,
    **dict.fromkeys(EMERGENCIES, TriageLevel.EMERGENCY),
}
"""How soon somebody who has it needs help, by the guidelines' "When to get help". The others can wait longer."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """What the answers fit, at most two conditions by slug, the likelier first; and the question to ask next."""

    slugs: tuple[str, ...] = ()
    feature: Feature | None = None


def by_buttons(
    history: History, answers: Mapping[str, str], said: Mapping[str, str], level: TriageLevel, *, rash: bool
) -> Pressed:
    """What the `answers` (feature → option) to the agent's questions amount to, with age and kind from the history.

    `said`: the same as far as words tell it. Of one spot that is older than days nothing is named and nothing more is
    asked: no answer excludes a cancer there. `level`: how urgent the case is.
    """
    before = {feature: option for feature, option in {**said, **pressed(history)}.items() if feature not in answers}
    onset = {**before, **answers}.get(_ONSET)
    if not rash and onset is None:
        return Pressed(feature=features()[_ONSET])
    if not rash and onset not in _TOO_NEW_FOR_CANCER:
        return Pressed()
    of = _who(history, rash=rash)
    known = _met(of).after(before, _PRESSED).after(answers)
    sooner = sum(weight for slug, weight in known.weights.items() if _needed(slug, history).urgency > level.urgency)
    named = _likely(known, {**of, **answers}) if sooner < _NOT_EXCLUDED else ()
    return Pressed(named, next_feature(known, [*before, *answers], len(answers)))


def pressed(history: History) -> dict[str, str]:
    """The answers to questions of the agent that other buttons gave already: feature → option."""
    told: dict[str, str] = {}
    if history.danger & {DangerSign.FEVER, DangerSign.NONE}:
        told["fever"] = "fever" if DangerSign.FEVER in history.danger else "no"
    if history.hurt or history.itch:
        told["itch"] = "hurts" if history.hurt else "some"
    elif history.hurt is False and history.itch is False:
        told["itch"] = "no"
    return told


def _who(history: History, *, rash: bool) -> dict[str, str]:
    kind = {KIND: "rash" if rash else "spot"}
    return kind if history.age is None else {**kind, AGE: age_band(history.age)}


def _met(of: Mapping[str, str]) -> Candidates:
    """All conditions by how often they are met in somebody of that age who has such a thing."""
    return Candidates({slug: _VISITS[each.seen] for slug, each in presentations().items()}).after(of)


def _needed(slug: str, history: History) -> TriageLevel:
    if slug == "chickenpox" and (history.immunosuppressed or history.age not in _CHILDREN):
        return TriageLevel.SAME_DAY
    return _HELP.get(slug, TriageLevel.SELF_CARE)


def _likely(known: Candidates, told: Mapping[str, str]) -> tuple[str, ...]:
    """Those likely enough to be named, if all that was `told` is expected of them.

    A growth is told by looking at it: where one is likely, nothing is named.
    """
    first, second = known.ranked[:2]
    if first[1] < _LIKELIER_THAN_ALL_OTHERS:
        return ()
    named = [first[0], *([second[0]] if second[1] >= _BESIDE * first[1] else ())]
    growth = any(CONDITIONS[slug].disease_class in _GROWTHS for slug in named)
    expected = all(presentations()[slug].is_expected(*each) for slug in named for each in told.items())
    return tuple(named) if expected and not growth else ()
