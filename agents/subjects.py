"""Which conditions a question names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from agents.intents import asks
from agents.stems import content_stems
from agents.triage.spelling import slips
from conditions import CONDITIONS, MALIGNANT

_ALIASES: Mapping[str, tuple[str, ...]] = {
    slug: tuple(names)
    for slug, names in yaml.safe_load(Path(__file__).with_name("names.yaml").read_text(encoding="utf-8")).items()
}
_LEAST_TELLING = 3
_NOT_A_REMEDY = r"(?!['’]?s? (?:cream|ointment|shampoo|powder)\b)(?![- ](?:type|like|looking)\b)"
"""Who used an eczema cream does not say that it is eczema, nor who has a measles-type rash that it is measles."""
_TOO_WIDE = frozenset({"dress", "mole", "sepsis", "boil", "sunburn", "warts"})
"""Everyday words that a question uses without asking about the condition itself."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One condition a question is about. `title` is what the patient reads."""

    slug: str
    title: str

    @property
    def malignant(self) -> bool:
        """Whether it is a skin cancer."""
        return self.slug in MALIGNANT

    @classmethod
    def of(cls, slug: str) -> "Subject":
        """The subject of a slug. KeyError: `conditions.CONDITIONS` does not hold it."""
        return cls(slug, CONDITIONS[slug].title)


def names_of(slug: str) -> tuple[str, ...]:
    """What the condition is called, lower case: by its title, its slug, and otherwise."""
    title = CONDITIONS[slug].title.casefold().replace("’", "'")
    parts = [part.strip() for part in re.split(r"[()]| or ", title) if part.strip()]
    return (*parts, slug.replace("-", " "), *_ALIASES.get(slug, ()))


_PATTERNS = {
    slug: re.compile(
        r"\b(?:"
        + "|".join(re.escape(name) for name in names_of(slug) if name not in _TOO_WIDE)
        + r")(?:s|es)?\b"
        + _NOT_A_REMEDY
    )
    for slug in CONDITIONS
    if any(name not in _TOO_WIDE for name in names_of(slug))
}


_IN_CAPITALS = {"dress": re.compile(r"\bDRESS\b(?=.*[a-z])", re.DOTALL)}
_LAY = (
    r"(?:mum|mam|mom|dad|(?:flat|house|class|team|room)?mate|friend|husband|hubby|wife|partner|sister|brother|aunt(?:ie|y)?|uncle|"
    r"gran(?:ny|dad)?|nan|nana|boyfriend|girlfriend|neighbour|coach|teacher|everyone|everybody|google|colleague|barber|"
    r"hairdresser|mother in law|mother-in-law|lad|boss)"
)
_TAKEN_FOR = re.compile(
    r"\b(?:(?:i|we) (?:took|mistook)|mistaken for)\b[^.!?;]{0,40}$"
    rf"|\b{_LAY} (?:says?|said|thinks?|thought|reckons?|swears?|insists?|is sure|calls)\b[^.!?;]{{0,25}}$"
    r"|\blike (?:an? )?$"
    r"|\b(?:no|without|never had) (?:any )?$"
)
"""Who took it for ringworm says that it is something else, what a flatmate calls it may be, and so what is like it.

What somebody says they do not have is not what they ask about ("my lips swelled, no hives at all").
"""

_CLAUSE_END = re.compile(r"(?<=[.!?;,])\s+|\s+(?=but\b)")
_NOT_OF_PATIENT = re.compile(
    rf"\bmy {_LAY} (?:also |once )?(?:has|had|gets?|got|suffers?|suffered|was diagnosed)\b"
    r"|\b(?:i|he|she) (?:once )?(?:had|used to have)\b.*\b(?:(?:years?|months?|yrs) ago|"
    r"as a (?:child|kid|teenager)|when (?:i|he|she) was|in (?:19|20)\d\d)\b"
    r"|(?<!not )(?<!n't )(?<!to be )\bruled out\b"
    r"|^\W*(?:and |but |so )?(?:it|this)(?:['’]?s| is)?(?: not|n['’]?t) (?:an? |any )?"
    r"(?!(?:my|the|yet)\b)[\w'’]+(?: [\w'’]+){0,3}\W*$"
    r"|^\W*(?:and |but |so )?(?:i|he|she) (?:do not|don['’]?t|does not|doesn['’]?t|have not|haven['’]?t) "
    r"(?:have |got )(?:an? |any )?[\w'’]+(?: \w+)?\W*$",
    re.IGNORECASE,
)
"""What a clause gives to the family or to the past, or takes from the patient."""
CAME_BACK = r"(?<!my )(?<!his )(?<!her )(?<!the )(?<!upper )(?<!lower )\bback\b(?! of\b)"
"""No part of the body."""
_BACK = re.compile(rf"{CAME_BACK}|\b(?:again|same|scars?|return\w*|recur\w*)\b", re.IGNORECASE)
"""What was in the past may be what it is now."""
_CAUGHT_AT_HOME = frozenset({"scabies", "head-lice", "impetigo", "chickenpox", "tinea-corporis", "measles"})
"""What one of a household gives to the others."""
_LONG_SINCE = re.compile(r"\b(?:since|after|following|from)\b[^.!?;]{0,25}$")
_LONG = re.compile(r"\b(?:years?|yrs?|months?)\b")
"""A lump that has been there for years since a bite is no bite any more."""

_LONG_WORD = re.compile(r"[a-z]{7,}")
_SINGLE_WORDS = {
    name: slug for slug in CONDITIONS for name in names_of(slug) if _LONG_WORD.fullmatch(name) and name not in _TOO_WIDE
}

_ORDINARY = frozenset({"singles", "sunburn", "sunburnt", "alopecia", "cellulite", "haemangioma", "hemangioma"})
"""Words that are one slip from a name and mean something else, or more."""


@lru_cache(maxsize=4096)
def _misspelt(word: str) -> str | None:
    """The condition whose name the word was meant to be: a slip in seven letters, two in ten, never in the first."""
    allowed = 2 if len(word) >= 10 else 1
    near = (
        (slips(word, name), slug)
        for name, slug in _SINGLE_WORDS.items()
        if name[0] == word[0] and abs(len(name) - len(word)) <= allowed
    )
    least, slug = min(near, default=(allowed + 1, ""))
    return slug if 0 < least <= allowed and word not in _ORDINARY else None


_ON_SCALP = re.compile(r"\b(?:scalp|head|hair|bald)\b")
_ON_BODY = re.compile(
    r"\b(?:arms?|legs?|body|chest|back|tummy|belly|thighs?|groin|neck|shoulders?|face|cheeks?|hands?)\b"
)


def named_in(question: str) -> tuple[Subject, ...]:
    """The conditions the question names, at most three, in the order they are named."""
    plain = question.casefold().replace("’", "'")
    found = [
        (match.start(), -len(match.group()), slug)
        for slug, pattern in _PATTERNS.items()
        if (match := pattern.search(plain)) and not _is_beside(slug, plain, plain[: match.start()])
    ]
    found += [(match.start(), 0, slug) for slug, pattern in _IN_CAPITALS.items() if (match := pattern.search(question))]
    found = found or [(at, 0, slug) for at, word in enumerate(_LONG_WORD.findall(plain)) if (slug := _misspelt(word))]
    slugs = (slug for _, _, slug in sorted(found))
    if _ON_SCALP.search(plain) and not _ON_BODY.search(plain):  # ringworm there is another condition
        slugs = ("tinea-capitis" if slug == "tinea-corporis" else slug for slug in slugs)
    return tuple(Subject.of(slug) for slug in dict.fromkeys(slugs))[:3]


def named_of_patient(words: str) -> tuple[Subject, ...]:
    """The conditions that the words give to the patient now.

    What a clause gives to their family or to the past, or denies, counts only where no other describes anything: "my
    husband has shingles, can I catch it?" is about shingles; "a ring on my leg. My wife has psoriasis" is not about
    psoriasis.
    """
    clauses = _CLAUSE_END.split(words)
    own = " ".join(each for each in clauses if not _is_of_others(each))
    described = len(set(content_stems(own))) >= _LEAST_TELLING and not asks(own)
    return named_in(own if described and not _BACK.search(own) else words)


def _is_of_others(clause: str) -> bool:
    named = named_in(clause) if _NOT_OF_PATIENT.search(clause) else ()
    return bool(named) and not any(each.malignant or each.slug in _CAUGHT_AT_HOME for each in named)


def _is_beside(slug: str, question: str, before: str) -> bool:
    """Whether what is named after the words `before` is not what the question is about."""
    bitten = slug == "insect-bites" and _LONG.search(question) and _LONG_SINCE.search(before)
    return bool(bitten or _TAKEN_FOR.search(before))


def described_in(question: str, likely: Sequence[str]) -> tuple[Subject, ...]:
    """What a question describes without naming it: the first of the `likely` slugs, if it is a condition's.

    Only of a question with several telling words: of fewer the search knows too little.
    """
    if not likely or likely[0] not in CONDITIONS or len(set(content_stems(question))) < _LEAST_TELLING:
        return ()
    return (Subject.of(likely[0]),)
