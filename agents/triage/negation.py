"""What a sentence denies: which of its tokens stand under a "no", a "not" or a "without", and under which one.

The scope of a negation runs over a list ("no fever, swelling or trouble breathing") and ends where a new clause begins
("no fever but ...", "no fever, my lips are swelling"). Denials that are complaints ("not healing", "no relief",
"doesn't fade") are not negations of what follows. After Chapman et al., NegEx, J Biomed Inform 34 (2001), in spirit.
"""

import re

from agents.triage.sentences import Sentence

_PRE = re.compile(
    r"(?<!\S)(?:(?:dont|doesnt|didnt) (?:think|believe|feel like) (?:that )?"
    r"(?:i |he |she |it |we |they |its |theres |there )?(?:am |is |has |have |are |be )?"
    r"|(?:cant|couldnt) (?:see|feel|find|notice) (?:any )"
    r"|not (?:like |really |actually |even |at all |feeling )*(?=suicid)"
    r"|(?:nobody|noone|no one|none of (?:them|us)) (?:(?:has|have|had|is) (?:got )?(?:a |any )?|(?=pregnan))"
    r"|(?:no longer|not|no|never|without|denies|denied|nor|neither|none|nothings?|free of|free from|lack of|"
    r"negative for|dont|doesnt|didnt|isnt|arent|wasnt|werent|hasnt|havent|hadnt|stopped|apart from) )"
)
_COMPLAINT = re.compile(
    r"(?:really |even |quite |properly |been |be |to |yet |fully |at all |completely |being |ever |very |exactly |had "
    r"|have |get |got |getting |feel |feeling |look |looking |seem |made |make |any |going to |seen |so |a )*"
    r"(?:sure|only|just|better|well|right|normal|good|happy|ok|okay|great|himself|herself|myself|know\S*|understand\S*|like|"
    r"remember|care|mind|fad\S*|disappear\S*|vanish\S*|blanch\S*|heal\S*|help\S*|work\S*|respond\S*|stop\S*|turn\S*|eat\S*|"
    r"drink\S*|drunk|feed\S*|fed|sleep\S*|slept|wak\S*|wet|wee\S*|pee\S*|urinat\S*|pass\S*(?! out)|improv\S*|settl\S*|"
    r"clear\S*|"
    r"stay\S*|able|enough|long|matter|worth|a lot|living|(?:go|going|goes|gone|went) (?:away|down|white|pale|clear)"
    r"|(?:this|that|it|anything|something|one|such) |seen|stand|cope|take it|bear|allowed|there|lost|thinking|"
    r"making sense|change colou?r|lighten|an emergency|tell|say|notice|touch\S*|knock\S*|scratch\S*|injur\S*)\b"
)
_NEVER_BEFORE = re.compile(r"with |(?:[^\s,]+ ){0,8}(?:before|like this|so bad|this bad|as bad) ")
_BREATHLESS = re.compile(r"(?:really |even |properly )*breath")
_BARE = frozenset("no without nor neither none nothing nothings free lack stopped apart".split())
_BARE_COMPLAINT = re.compile(
    r"(?:any |clear |known |obvious |real |medical |wet )*"
    r"(?:idea|doubt|matter|relief|sense|appetite|improv\S*|better|good|urine|wee|pee|wet|sleep|energy|response|reason|cause|"
    r"explanation|choice|way|one|gp|doctor|help|luck|use|injury|trauma|treatment|nappies|nappy|diapers?|point|hope|pulse|"
    r"feeling|sensation|thing)\b"
)
_POST = re.compile(
    r"(?<!\S)(?:(?:is|are|was|were|has|have|had|its|all|now|been|completely|since) )*"
    r"(?:(?:absent|resolved|ruled out|negative|denied|nil|gone (?:down|away)|went (?:down|away)|gone now) "
    r"|gone (?=, |and |but |$))"
    r"|(?<!\S)(?:is|are|was|were) (?:all |quite |perfectly |completely |back to )?normal "
    r"|(?<!\S), (?:no|none|nil) (?:, |$)"
)
_ENDS = frozenset(
    "but however although though whereas except because just only since now still then until i im ive he she we they "
    "hes shes theyre its it there theres today yesterday so suddenly also besides instead which who apart where".split()
)
_POSSESSIVES = frozenset("my his her the our your their a an this these".split())
_HOLDS = frozenset(
    "of in on around to at near with or nor and into from by over inside affect affects affecting "
    "touching have has had having no any not involve involving under behind anywhere nor neither without "
    "like got getting is isnt dont doesnt".split()
)
_SUBJECTS = _POSSESSIVES | _ENDS | {"and", "with"}
_DENIED_ALONE = frozenset("injury trauma treatment reason cause".split())
_SINGLE = frozenset(
    "fever swelling pain itching itch blisters bleeding redness discharge pus nausea vomiting wheeze temperature "
    "chills".split()
)
_WITH_HOLDS = re.compile(r"(?:trouble|problem|issue|difficult|discomfort|associated|along)\S*")
_MOST = 16


def _is_complaint(trigger: str, rest: str) -> bool:
    words = trigger.split()
    if words[0] in _BARE:
        return bool(_BARE_COMPLAINT.match(rest)) or words[0] == "stopped"
    if len(words) > 1 and words[-1] != "longer":
        return False
    return bool(_COMPLAINT.match(rest)) or bool(_BREATHLESS.match(rest))


def _list_goes_on(tokens: tuple[str, ...], comma: int) -> bool:
    """Whether what follows a comma is the next item of the denied list."""
    rest = tokens[comma + 1 :]
    if not rest or rest[0] in _SUBJECTS - {"and", "a", "an"}:
        return False
    item = rest[: rest.index(",")] if "," in rest else rest
    if not item:
        return _list_goes_on(tokens, comma + 1)
    if item[0] in ("or", "nor", "no", "and"):
        return item[0] != "and" or len(item) <= 2
    later = [token for token in rest[:10] if token in ("or", "nor") or token in _ENDS]
    return len(item) == 1 or (bool(later) and later[0] in ("or", "nor"))


def _ends(tokens: tuple[str, ...], at: int, first: int) -> bool:
    token, before = tokens[at], tokens[at - 1]
    if token == ",":
        return at == first or not _list_goes_on(tokens, at)
    if token == "and":
        rest = tokens[at + 1 : at + 3]
        return not (rest and rest[0] in _SINGLE and (len(rest) == 1 or rest[1] in (",", "or")))
    if token == "with":
        return at > first and not _WITH_HOLDS.match(before)
    if at == first:
        return False
    if token in _POSSESSIVES:
        return before not in _HOLDS and token in ("my", "his", "her", "our", "their")
    return token in _ENDS


def negators(sentence: Sentence) -> tuple[int | None, ...]:
    """For each token the index of the negation it stands under, or None. Never raises."""
    tokens, line = sentence.tokens, sentence.line
    under: list[int | None] = [None] * len(tokens)
    for match in _PRE.finditer(line):
        trigger, first = sentence.index_at(match.start()), sentence.index_at(match.end())
        if match.group() == "never " and _NEVER_BEFORE.match(line[match.end() :]):
            continue
        if _is_complaint(match.group(), line[match.end() :]):
            if first < len(tokens) and tokens[first] in _DENIED_ALONE:
                under[first] = trigger
            continue
        for at in range(first, min(first + _MOST, len(tokens))):
            if _ends(tokens, at, first):
                break
            under[at] = trigger
    for match in _POST.finditer(line):
        trigger = sentence.index_at(match.start())
        for at in range(trigger - 1, max(trigger - 5, -1), -1):
            if tokens[at] in (",", "and", "but"):
                break
            under[at] = trigger
    return tuple(under)
