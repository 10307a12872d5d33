"""Names of illnesses that no guideline of the starter library is about, of the skin and otherwise.

`other_skin.txt` and `other_medicine.txt`, one name a line, lower case, lay and medical ones.
"""

import re
from functools import lru_cache
from pathlib import Path

_HERE = Path(__file__).parent
_LONGEST = 6
"""Words in a name at most that is looked for."""
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


def names_other_skin(text: str) -> bool:
    """Whether a condition of the skin, hair, nails, mouth or genitals is named that the library does not have."""
    return not _runs(text).isdisjoint(_names("other_skin.txt"))


def names_other_medicine(text: str) -> bool:
    """Whether an illness, a test or a drug is named that has nothing to do with skin."""
    return not _runs(text).isdisjoint(_names("other_medicine.txt"))


@lru_cache(maxsize=2)
def _names(file: str) -> frozenset[str]:
    return frozenset((_HERE / file).read_text(encoding="utf-8").splitlines())


def _runs(text: str) -> frozenset[str]:
    """Every run of at most `_LONGEST` words, with and without a plural's s."""
    words = _WORD.findall(text.casefold().replace("’", "'"))
    runs = {
        " ".join(words[at : at + length])
        for at in range(len(words))
        for length in range(1, min(_LONGEST, len(words) - at) + 1)
    }
    return frozenset(runs | {run.removesuffix("s") for run in runs})
