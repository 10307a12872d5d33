"""Slows down whoever guesses passwords: after a few wrong ones a name has to wait, each time twice as long.

There is a second, higher limit over all names together, so that trying many names does not help. The address a
request comes from is not used: behind a proxy it is whatever the sender claims.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

FREE_TRIES: Final = 5
FREE_TRIES_OF_ALL: Final = 50
SHORTEST_PAUSE: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(minutes=15)
FORGOTTEN_AFTER: Final = timedelta(hours=1)
_ALL: Final = ""


@dataclass(frozen=True, slots=True)
class _Failures:
    count: int
    last: datetime
    until: datetime


class Throttle:
    """Counts wrong passwords by name. Use it under one lock together with the check of the password."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._failures: dict[str, _Failures] = {}

    def pause(self, name: str) -> timedelta:
        """How long this name has still to wait; zero: it may try."""
        now = self._clock()
        untils = [self._failures[key].until for key in (name.casefold(), _ALL) if key in self._failures]
        return max([until - now for until in untils], default=timedelta(0))

    def failed(self, name: str) -> None:
        """Count a wrong password."""
        now = self._clock()
        self._failures = {
            key: failures for key, failures in self._failures.items() if now - failures.last < FORGOTTEN_AFTER
        }
        for key, free in ((name.casefold(), FREE_TRIES), (_ALL, FREE_TRIES_OF_ALL)):
            count = self._failures[key].count + 1 if key in self._failures else 1
            self._failures[key] = _Failures(count, now, now + _pause(count - free))

    def succeeded(self, name: str) -> None:
        """Forget the wrong passwords of this name."""
        self._failures.pop(name.casefold(), None)


def _pause(beyond: int) -> timedelta:
    """The pause after the wrong password that is `beyond` the free ones."""
    if beyond < 0:
        return timedelta(0)
    # 2^10 times the shortest is far above the longest already.
    doublings: int = 2 ** min(beyond, 10)
    return min(SHORTEST_PAUSE * doublings, LONGEST_PAUSE)
