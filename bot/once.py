"""Saying a thing once: ten videos of one album get one sentence, and a hundred photos in a minute one plea."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

_REMEMBERED = 1000


class Once:
    """Remembers for a while what was said; a restart forgets, and then it is said once more."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`seconds`: after so long, the same may be said again."""
        self._seconds = seconds
        self._clock = clock
        self._said: OrderedDict[Hashable, float] = OrderedDict()

    def first(self, what: Hashable) -> bool:
        """Whether `what` was not said lately; it counts as said from now on."""
        now = self._clock()
        before = self._said.get(what)
        if before is not None and now - before < self._seconds:
            return False
        self._said[what] = now
        self._said.move_to_end(what)
        if len(self._said) > _REMEMBERED:
            self._said.popitem(last=False)
        return True
