"""What is tried where trying all would take too long: the same sample at every run, so that figures can be compared."""

import random
from collections.abc import Sequence
from typing import TypeVar

_SEED = 1
_Item = TypeVar("_Item")


def drawn(items: Sequence[_Item], at_most: int | None) -> Sequence[_Item]:
    """At most so many of the items, drawn by a fixed seed; all of them for None."""
    if at_most is None or len(items) <= at_most:
        return items
    return random.Random(_SEED).sample(items, at_most)
