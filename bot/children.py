"""Whether words speak of a child's private parts: such pictures are refused before anything is kept.

Written for what parents write: nursery words, abbreviations, slips of the pen. Refusing once too often costs a
sentence; keeping such a picture once is a crime in most countries.
"""

import re

from bot.characters import plain

ADULT = 18
"""Years."""
_CHILD = re.compile(
    r"\b(?:(?:step|grand|god|foster)[- ]?)?(?:bab(?:y|ies)|bub|bubba|infants?|newborns?|neonates?|toddlers?"
    r"|child(?:ren)?|kid(?:do|dies|dy)?s?|sons?|daughters?|boys?|girls?|nephews?|nieces?|bairns?|tots?|preschoolers?|pre-?teens?"
    r"|teen(?:ager)?s?|minors?|school(?:girl|boy|child)s?|little (?:one|man|lady|brother|sister)s?|lo|ds|dd|twins)"
    r"(?:['’`]?s)?\b",
    re.IGNORECASE,
)
_NUMBERS = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen".split()
    )
}
_UNITS = r"years?|yrs?|y\W{0,2}o|y|months?|mths?|mos?|weeks?|wks?|days?"
_AGE = re.compile(
    rf"(?<!for )(?<!since )(?<!past )(?<!last )(?<!about )(?<!over )(?<!after )"
    rf"\b(?P<number>\d{{1,2}}|{'|'.join(_NUMBERS)})\s*[- ]?\s*(?P<unit>{_UNITS})\b(?P<old>[- ]*old)?"
    r"(?!\s*(?:ago|now|later|pregnant|along|already|or so|after|before))",
    re.IGNORECASE,
)
_AGED = re.compile(
    rf"\b(?:aged?|(?:he|she|who)(?:['’`]s| is)|i(?:['’`]?m| am))(?: only| just| nearly| almost)? "
    rf"(?P<number>\d{{1,2}}|{'|'.join(_NUMBERS)})\b"
    r"(?!\s*(?:-|to\b|%|weeks?|wks?|months?|days?|hours?|st\b|kg|cm|ft))",
    re.IGNORECASE,
)
_YEARS = re.compile(r"y", re.IGNORECASE)
_PRIVATE = re.compile(
    r"(?:\b|(?=['’`]))(pen[iu]s\w*|peen|pee[- ]?pee|wee[- ]?wee|pee[- ]?hole|weiner|wiener|winkie|winky|willy|willie"
    r"|dick|cock|foreskin|prepuce|scrot\w*|testic\w*|testes|testis|balls(?! of)|ballsack"
    r"|v[aie]*g[ie]+na\w*|vajayjay|vajina\w*|vulva\w*|labia\w*|clit\w*|hymen|fanny|foof|fufu|noo[- ]?noo|hoo[- ]?ha"
    r"|(?:his|her|their|['’`]s) bits|lady (?:parts?|bits?)|girly? (?:parts?|bits?)|boy (?:parts?|bits?)"
    r"|front (?:bottom|bum)|genit\w+|private\W+(?:parts?|areas?|regions?|bits?)|privates"
    r"|(?:intimate|sensitive)\W+(?:parts?|areas?|regions?)"
    r"|down (?:there|below)|anus|anal|bum\W?hole|bottom hole|butt\W?(?:hole|crack)|rectum|perianal"
    r"|pubi[cs]\w*|perin(?:eum|eal)|crotch|nipples?|breasts?|boobs?|boobies|tits?)\b",
    re.IGNORECASE,
)
_NEAR = re.compile(r"\b(bottom|bum|butts?|buttocks?|nappy|nappies|diaper\w*|groin|inner thighs?)\b", re.IGNORECASE)


_OWN_BREASTS = re.compile(r"\bmy (?:own |left |right |both )?(?:breasts?|nipples?|boobs?)\b", re.IGNORECASE)
_LETTERS_OF_SIGNS = str.maketrans("@013$", "aoies")
"""Letters that are written as signs to get past a filter."""


def _is_under_age(text: str) -> bool:
    """Whether an age under eighteen is given."""
    return any(_is_age_of_a_child(match, text) for match in _AGE.finditer(text)) or any(
        _number(match) < ADULT for match in _AGED.finditer(text)
    )


def _is_age_of_a_child(match: "re.Match[str]", text: str) -> bool:
    """Whether this is an age at all ("3 weeks" may be since when), and under eighteen."""
    if not _YEARS.match(match["unit"]):
        return bool(match["old"]) or "old" in text.lower()
    return _number(match) < ADULT


def _number(match: "re.Match[str]") -> int:
    number = match["number"].lower()
    return _NUMBERS[number] if number in _NUMBERS else int(number)


def is_childs_private_parts(text: str, *, with_photo: bool, under_age: bool = False) -> bool:
    """Whether `text` names a child's private parts; with a photo, the parts beside them as well (a nappy area).

    `under_age`: the person is under eighteen, as a button said.
    """
    words = plain(text)
    under_age = under_age or _is_under_age(words)
    if not under_age:
        if not _CHILD.search(words):
            return False
        words = _OWN_BREASTS.sub("", words)  # a mother who is breastfeeding speaks of her child too
    spelled = words.translate(_LETTERS_OF_SIGNS)
    return bool(_PRIVATE.search(words) or _PRIVATE.search(spelled) or (with_photo and _NEAR.search(words)))
