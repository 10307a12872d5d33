"""A patient's words in plain characters, and whether they say anything at all.

Phones send letters in many guises: full-width, bold mathematical, with invisible characters between them. Red flags
and words about children are looked for in letters, so letters they must be.
"""

import unicodedata


def plain(text: str) -> str:
    """`text` without invisible characters (zero-width, text direction, control), its letters in their plain form.

    Line breaks stay; right-to-left text stays in the order in which it was written.
    """
    folded = unicodedata.normalize("NFKC", text)
    return "".join(each for each in folded if each in "\n\t" or unicodedata.category(each)[0] != "C").strip()


def says_nothing(text: str) -> bool:
    """Whether plain `text` has neither a letter nor a digit: emoji, punctuation."""
    return not any(each.isalnum() for each in text)
