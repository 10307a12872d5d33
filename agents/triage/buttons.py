"""The danger-sign buttons: what a photo cannot show, asked while it waits."""

from collections.abc import Iterator

from cases.record import DangerSign


def danger_rules(danger: frozenset[DangerSign], *, infant: bool, immunosuppressed: bool, rash: bool) -> Iterator[str]:
    """The ids of the rules that the pressed buttons fire.

    `infant`: under one year, so perhaps under three months. A sign pressed together with "none" still counts.
    """
    fever, spreading, eye = (sign in danger for sign in (DangerSign.FEVER, DangerSign.SPREADING, DangerSign.EYE))
    if DangerSign.BREATHING in danger:
        yield "button-breathing"
    if DangerSign.PEELING in danger:
        yield "button-peeling"
    if fever and spreading:
        yield "button-fever-spreading"
    if fever and eye:
        yield "button-fever-eye"
    if fever and infant:
        yield "button-fever-infant"
    if fever and immunosuppressed:
        yield "button-fever-immunosuppressed"
    if fever:
        yield "button-fever"
    if spreading:
        yield "button-spreading"
    if eye:
        yield "button-eye"
    if immunosuppressed and rash:
        yield "history-immunosuppressed-rash"
