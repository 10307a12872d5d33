"""In which script a text is written: everything here reads English only."""

import re
import unicodedata

_LATIN = "LATIN"
ADDRESS = re.compile(r"\w+://\S+")
"""An address of the web: in Latin letters, whatever is written around it."""


def is_in_other_script(text: str) -> bool:
    """Whether most letters of `text` are not Latin, so that no rule here can read it; addresses do not count."""
    words = unicodedata.normalize("NFKC", ADDRESS.sub(" ", text))
    letters = [each for each in words if each.isalpha()]
    latin = sum(unicodedata.name(each, "").startswith(_LATIN) for each in letters)
    return bool(letters) and latin * 2 < len(letters)
