"""What a check of one part found, and how checks are run: the shared vocabulary of `./run doctor`.

Each room has a `checks.py` with its `CHECKS`; `doctor.py` runs them all. None of our rooms is imported here. A finding
says what is and, unless all is well, the remedy in one sentence; it holds no word of a patient and no secret.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import ValidationError

Fact = str | int | float | bool | None


class State(StrEnum):
    """How a part is. WARNING: it works, and somebody should look at it; BROKEN: patients are or will be left alone."""

    WELL = "well"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. `part` names what was looked at; `facts` are the same in figures, for machines."""

    part: str
    state: State
    says: str
    remedy: str = ""
    facts: Mapping[str, Fact] = field(default_factory=dict)


def well(part: str, says: str, **facts: Fact) -> Finding:
    """All is as it should be."""
    return Finding(part, State.WELL, says, facts=facts)


def warning(part: str, says: str, remedy: str, **facts: Fact) -> Finding:
    """It works, and somebody should look at it."""
    return Finding(part, State.WARNING, says, remedy, facts)


def broken(part: str, says: str, remedy: str, **facts: Fact) -> Finding:
    """It does not work."""
    return Finding(part, State.BROKEN, says, remedy, facts)


Check = Callable[[], Sequence[Finding]]
"""Looks at one part. It changes nothing, and may raise: that is a finding too."""


def run_checks(checks: Mapping[str, Check], seconds: float) -> list[Finding]:
    """What all `checks` found, in their order; they run side by side, and none is waited for longer than `seconds`."""
    runs = [_Run(part, check) for part, check in checks.items()]
    for run in runs:
        run.start()
    for run in runs:
        run.join(seconds)
    return [finding for run in runs for finding in run.findings(seconds)]


class _Run(threading.Thread):
    """One check in a thread of its own; a check that hangs does not hold up the end of the program."""

    def __init__(self, part: str, check: Check) -> None:
        super().__init__(name=f"check of {part}", daemon=True)
        self._part = part
        self._check = check
        self._found: Sequence[Finding] | None = None

    def run(self) -> None:
        try:
            self._found = self._check()
        except ValidationError as error:  # its own words might quote what was set
            names = ", ".join(f"SKINGPT_{str(each['loc'][0]).upper()}" for each in error.errors() if each["loc"])
            remedy = f"Correct {names or 'the SKINGPT_ variables of this part'}."
            self._found = [broken(self._part, "A setting cannot be used.", remedy)]
        except Exception as error:
            says = f"It could not be checked ({type(error).__name__})."
            self._found = [broken(self._part, says, "Check the SKINGPT_ settings of this part, then its log.")]

    def findings(self, seconds: float) -> Sequence[Finding]:
        if self._found is not None:
            return self._found
        return [
            broken(
                self._part,
                f"It did not answer in {seconds:g} s.",
                "See whether its machine is overloaded or its address leads nowhere.",
            )
        ]


def worst(findings: Sequence[Finding]) -> State:
    """The worst state among `findings`; well where there are none."""
    return max((finding.state for finding in findings), key=list(State).index, default=State.WELL)
