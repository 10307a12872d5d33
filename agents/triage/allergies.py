"""What patients are allergic to, as they write it, and how they take it back."""

import re
from collections.abc import Collection, Iterator

_DETERMINERS = r"(?:(?:the|my|a|an|some|this|that|these|those|new|certain|all|any|both) )*"
_NAME = r"[a-z][\w-]+"
_NEXT = r"(?:\s*(?:[,;/&+]|\n *[-•*])\s*(?:(?:and|or|nor) +)?| +(?:and|or|nor|plus|as well as) +)(?:also +)?(?:to +)?"
_HEADS = r":?\s+(?:[-•*] *)?"
_ALLERGIC = re.compile(
    rf"\ballergic to (?:anything|nothing) but {_DETERMINERS}(?P<but>(?={_NAME}))"
    rf"|\ballerg(?:y|ies|ic to (?:anything|nothing)) (?:except|apart from|other than|besides)(?: for| to)? "
    rf"{_DETERMINERS}(?P<except>(?={_NAME}))"
    rf"|\b(?:allerg(?:ic|y|ies) to|(?:had|gets?) (?:(?:an?|bad|severe|serious) )*allergic reactions? to){_HEADS}"
    rf"{_DETERMINERS}(?P<what>(?={_NAME}))"
    r"|\b(?:have|has|had|got|with|my|his|her|and) (?:(?:a|an|the|bad|severe|serious|known|confirmed) )*"
    rf"(?P<of>(?!(?:no|any)\b){_NAME}(?:{_NEXT}{_NAME})*) allerg(?:y|ies)\b(?! to\b)"
    r"|\b(?P<named>\w*cillin|sul(?:f|ph)\w*|aspirin|latex|nickel|(?:pea)?nuts?)[ -]allergic\b"
    rf"|\ballergies ?:{_HEADS}(?P<listed>(?={_NAME}))",
    re.IGNORECASE,
)
_NO_ALLERGEN = frozenset(
    "it its them this that these those something anything nothing everything one what which you me him her us "
    "skin drug food contact seasonal bad severe serious known confirmed a an the my no any some none nil nkda "
    "cream ointment gel lotion tablet tablets pill pills medicine medicines treatment".split()
)
"""What names no allergen."""
_ANOTHER_MATTER = frozenset(
    "i im ive am is are was were have has had having got get take takes use used tried need now also then but except "
    "not never no in on at for with from of by as so since because when if who which what can could should did didnt "
    "does doesnt do he she we they your our please thanks thank help helps helped advice works worked pregnant "
    "breastfeeding asthma asthmatic diabetes diabetic eczema psoriasis acne hayfever fever rash rashes spot spots "
    "mole moles lump lumps bump bumps hives sore sores itch itchy red dry scaly flaky swollen painful blister "
    "blisters patch patches doctor gp nurse pharmacist male female man woman boy girl child old year years month "
    "months week weeks day days".split()
)
"""What goes on to another matter ("allergic to latex and have a rash")."""
_DID = frozenset("did didnt does doesnt helps helped works worked".split())
"""After a name that begins another sentence: "allergic to latex and zinc helped"."""
_OF_KIND = frozenset("gloves glue plasters tape dye oil tree nuts butter products antibiotics tablets cream".split())
"""What a name goes on with: "latex gloves", "tea tree oil"."""
_PART = re.compile(
    rf"(?P<name>{_NAME})(?P<more>(?: +(?!(?:and|or|nor|plus)\b|as well\b)[\w'’-]+)*)(?P<next>{_NEXT})?", re.IGNORECASE
)
_MADE_OF = re.compile(r"-(?:based|containing|type|like)$")
_MOST_LISTED = 20
_ASKED = re.compile(
    r"\b(?:am i|are (?:you|we|they)|is (?:it|he|she|this|that)|d(?:o|id) i|d(?:oes|id) (?:he|she)|"
    r"(?:whether|(?:know|find out|tell|tell me|test|see|wonder|sure|check) if) (?:i['’]?m|i|he|she|he['’]?s|she['’]?s)|"
    r"(?:could|can|might|may|would) (?:i|it|he|she|this|my \w+))"
    r"(?: (?:be|have|an?|any|also|just|really|am|is|i|i['’]?m|that|because|now|maybe|possibly))* +$",
    re.IGNORECASE,
)
"""What is only asked or supposed: "am I allergic to it?"."""
_DENIES = re.compile(
    r"\b(?:not|no longer|never|no|(?:is|are|was|do|does|did|has|have|had)n['’]?t|outgr(?:ew|own)|gr(?:ew|own) out of)"
    r"(?: (?:have|had|got|known|really|actually|currently|any|an?|at all|been|sure|think|believe|said|that|i|i['’]?m|am"
    r"|he['’]?s|she['’]?s))* +$",
    re.IGNORECASE,
)
_SURELY = r"(?:(?:really|actually|in fact|now|definitely|certainly|currently|even|so) )*"
_NOT_ALLERGIC = re.compile(
    rf"\bi(?:['’]?m| am) {_SURELY}(?:not|no longer) {_SURELY}allergic to {_DETERMINERS}(?P<now>(?={_NAME}))"
    rf"|\bi (?:was not|wasn['’]?t|was never|never was|have never been|am no longer) {_SURELY}allergic to {_DETERMINERS}"
    rf"(?P<ever>(?={_NAME}))"
    r"|\bi (?:do not|don['’]?t|no longer) have (?:(?:an?|the|my|this|that) )?(?P<had>[a-z][\w-]+) allergy\b"
    r"|\bi(?:['’]?ve| have)? (?:outgr(?:ew|own)|gr(?:ew|own) out of|lost) my (?P<lost>[a-z][\w-]+) allergy\b",
    re.IGNORECASE,
)
"""Only what whoever writes says firmly of one thing. Who has "no allergies" takes none back: so says who forgot one."""
_IT = frozenset("it this that them these those more anymore".split())
SUPPOSED = re.compile(r"\b(?:if|whether|unless|until|when|in case|say|suppose|think)(?: that)? +$", re.IGNORECASE)
"""Before what is only supposed: "what if I am not pregnant?"."""
_UNSURE = re.compile(r"\b(?:are you|is it|does (?:it|that|this)|do you)\b[^.!?\n]*$", re.IGNORECASE)
_TAGGED = re.compile(r"[^.!?\n]*,? (?:am i|right|correct)\W*\?", re.IGNORECASE)
"""Before and after what is only asked: "are you sure I am not allergic to it?", "I'm not allergic to it, am I?"."""
_ANSWERS = re.compile(r"\W*(?:(?:no|sorry|actually|oh|but|well|hi|hello|correction|wait|so|and)\b\W*)*", re.IGNORECASE)
"""All before an "it" that can only be what was read back to the patient."""
_LONGEST = 40


def placed_allergens(text: str) -> Iterator[tuple[str, int]]:
    """What somebody is said to be allergic to, in lower case, and where in the text the list of it begins."""
    for match in _ALLERGIC.finditer(text):
        before = text[: match.start()]
        if (
            match["but"] is not None
            or match["except"] is not None
            or not (_DENIES.search(before) or _ASKED.search(before))
        ):
            place = match.start(match.lastgroup or 0)
            yield from ((each, place) for each in _listed(text, match) if each not in _NO_ALLERGEN)


def allergens_taken_back(text: str, known: Collection[str]) -> frozenset[str]:
    """Those of the `known` allergens that whoever writes says not to be allergic to.

    "It" is what the text names of them before, or else, where it says nothing before, the only one that is known.
    """
    found: set[str] = set()
    for match in _NOT_ALLERGIC.finditer(text):
        before = text[: match.start()]
        if SUPPOSED.search(before) or _UNSURE.search(before) or _TAGGED.match(text, match.end()):
            continue
        named = {_singular(each) for each in _listed(text, match)}
        found |= {each for each in known if _singular(each) in named}
        if named & _IT:
            spoken_of = {each for each in known if re.search(rf"\b{re.escape(_singular(each))}", before, re.IGNORECASE)}
            only = set(known) if len(known) == 1 and _ANSWERS.fullmatch(before) else set()
            found |= spoken_of or only
    return frozenset(found)


def _listed(text: str, match: re.Match[str]) -> Iterator[str]:
    """The names in the list that the match's last group holds or begins, until another matter begins.

    Of a name with several words the first. After a comma only a bare name counts: there much else may follow.
    """
    at, end = match.span(match.lastgroup or 0)
    holds, after_comma = end > at, False
    for _ in range(_MOST_LISTED):
        part = _PART.match(text, at, end if holds else len(text))
        if part is None:
            return
        name, *more = re.sub(r"['’]", "", part["name"] + part["more"]).casefold().split()
        another = name in _ANOTHER_MATTER or not _DID.isdisjoint(more[:1])
        unlike = after_comma and (name.endswith("ing") or not _OF_KIND.issuperset(more))
        if not holds and (another or unlike):
            return
        if not another:  # "eczema and penicillin allergy"
            yield _MADE_OF.sub("", name)[:_LONGEST]
        if part["next"] is None or not _ANOTHER_MATTER.isdisjoint(more):
            return
        at, after_comma = part.end(), re.search(r"\b(?:and|or|nor|plus|as)\b", part["next"], re.IGNORECASE) is None


def _singular(name: str) -> str:
    return name.removesuffix("s")
