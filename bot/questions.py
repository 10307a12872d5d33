"""What a photo cannot show, asked by button: the next question of a case, and what an answer adds to the
history.
"""

import re
from dataclasses import dataclass

from bot import texts
from bot.message import escape
from bot.presses import PressKind, Unreadable, button
from cases.record import Case, DangerSign, History

_CHANGES = tuple(field for field, _ in texts.CHANGES_BUTTONS)
_ADULT = 12
"""Age in years from which pregnancy is asked about."""
_DONE = "done"
_FOLLOW_UP = re.compile(r"[a-z]{1,12}-[a-z]{1,12}")


@dataclass(frozen=True)
class Question:
    """A question (HTML) and its buttons."""

    text: str
    rows: tuple[tuple[tuple[str, str], ...], ...]


def told_danger(history: History) -> frozenset[DangerSign]:
    """The danger signs that were pressed."""
    return history.danger - {DangerSign.NONE}


def next_question(case: Case) -> Question | None:
    """The first question that has no answer yet; None: all have."""
    history = case.history
    if not history.danger:
        return danger_question(case)
    asked = _after_danger(case)
    if asked and told_danger(history):
        more = button(texts.MORE_DANGER, PressKind.MORE_DANGER, case.id)
        return Question(asked.text, (*asked.rows, (more,)))
    return asked


def _after_danger(case: Case) -> Question | None:
    history = case.history
    if history.spot_or_rash is None:
        return _column(texts.KIND_QUESTION, texts.KIND_BUTTONS, PressKind.KIND, case.id)
    if history.spot_or_rash == "spot" and any(getattr(history, field) is None for field in _CHANGES):
        return _changes_question(case)
    if history.age is None:
        return _ages_question(case.id)
    if history.spot_or_rash == "rash" and history.age >= _ADULT and history.immunosuppressed is None:
        return _special_question(case)
    return _follow_up_question(case)


def _follow_up_question(case: Case) -> Question | None:
    """What the agent would like to know further, unless it was answered since."""
    ask = case.advice.ask if case.advice else None
    if ask is None or any(answer.startswith(f"{ask.feature}:") for answer in case.history.answers):
        return None
    buttons = [button(label, PressKind.FOLLOW_UP, case.id, f"{ask.feature}-{option}") for option, label in ask.options]
    return Question(escape(ask.text), tuple(_pairs(buttons)))


def danger_question(case: Case) -> Question:
    """The danger signs that were not pressed yet."""
    told = told_danger(case.history)
    left = [(value, label) for value, label in texts.DANGER_BUTTONS if DangerSign(value) not in told]
    return _column(texts.DANGER_QUESTION, left, PressKind.DANGER, case.id)


def _column(
    text: str, choices: tuple[tuple[str, str], ...] | list[tuple[str, str]], kind: PressKind, case_id: str
) -> Question:
    return Question(text, tuple((button(label, kind, case_id, value),) for value, label in choices))


def _ticked(label: str, ticked: bool | None) -> str:
    return f"✓ {label}" if ticked else label


def _changes_question(case: Case) -> Question:
    buttons = [
        button(_ticked(label, getattr(case.history, field)), PressKind.CHANGE, case.id, field)
        for field, label in texts.CHANGES_BUTTONS
    ]
    some = any(getattr(case.history, field) for field in _CHANGES)
    done = button(texts.CHANGES_DONE if some else texts.CHANGES_NONE, PressKind.CHANGE, case.id, _DONE)
    return Question(texts.CHANGES_QUESTION, (*_pairs(buttons), (done,)))


def _ages_question(case_id: str) -> Question:
    buttons = [button(label, PressKind.AGE, case_id, age) for age, label in texts.AGE_BUTTONS]
    return Question(texts.AGE_QUESTION, tuple(_pairs(buttons)))


def _special_question(case: Case) -> Question:
    pregnant = button(
        _ticked(texts.SPECIAL_BUTTONS[0][1], case.history.pregnant), PressKind.SPECIAL, case.id, "pregnant"
    )
    immune = button(texts.SPECIAL_BUTTONS[1][1], PressKind.SPECIAL, case.id, "immune")
    rest = texts.CHANGES_DONE if case.history.pregnant else texts.SPECIAL_BUTTONS[2][1]
    return Question(texts.SPECIAL_QUESTION, ((pregnant, immune), (button(rest, PressKind.SPECIAL, case.id, _DONE),)))


def _pairs(buttons: list[tuple[str, str]]) -> list[tuple[tuple[str, str], ...]]:
    return [tuple(buttons[at : at + 2]) for at in range(0, len(buttons), 2)]


def answered(kind: PressKind, value: str, history: History) -> History:
    """What pressing `value` adds to `history`. Unreadable: there is no such answer."""
    try:
        return _ANSWERS[kind](value, history)
    except (KeyError, ValueError):
        raise Unreadable("unknown answer") from None


def _danger(value: str, _: History) -> History:
    return History(danger=frozenset({DangerSign(value)}))


def _kind(value: str, _: History) -> History:
    if value == "spot":
        return History(spot_or_rash="spot")
    if value == "rash":
        return History(spot_or_rash="rash")
    raise ValueError(value)


def _change(value: str, history: History) -> History:
    if value == _DONE:
        return History.model_validate({field: False for field in _CHANGES if getattr(history, field) is None})
    if value not in _CHANGES:
        raise ValueError(value)
    return History.model_validate({value: not getattr(history, value)})


def _age(value: str, _: History) -> History:
    return History(age=int(value))


def _special(value: str, history: History) -> History:
    if value == "pregnant":
        return History(pregnant=not history.pregnant)
    if value == "immune":
        return History(immunosuppressed=True, pregnant=bool(history.pregnant))
    if value == _DONE:
        return History(immunosuppressed=False, pregnant=bool(history.pregnant))
    raise ValueError(value)


def _follow_up(value: str, _: History) -> History:
    if not _FOLLOW_UP.fullmatch(value):
        raise ValueError(value)
    return History(answers=frozenset({value.replace("-", ":")}))


_ANSWERS = {
    PressKind.DANGER: _danger,
    PressKind.KIND: _kind,
    PressKind.CHANGE: _change,
    PressKind.AGE: _age,
    PressKind.SPECIAL: _special,
    PressKind.FOLLOW_UP: _follow_up,
}
QUESTION_KINDS = frozenset(_ANSWERS)
