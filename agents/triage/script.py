"""In which script a text is written: everything here reads English only."""

import unicodedata

_LATIN = "LATIN"


def is_in_other_script(text: str) -> bool:
    """Whether most letters of `text` are not Latin, so that no rule here can read it."""
    letters = [each for each in unicodedata.normalize("NFKC", text) if each.isalpha()]
    latin = sum(unicodedata.name(each, "").startswith(_LATIN) for each in letters)
    return bool(letters) and latin * 2 < len(letters)
