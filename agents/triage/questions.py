"""What is only asked or supposed: "what are the signs of sepsis?", "can it turn into melanoma", "if it gets worse".

A question about how somebody is now ("why is my face swelling?") supposes nothing, so it is not one of these. When in
doubt a symptom counts as there: a false alarm costs less than an emergency missed.
"""

import re
from collections.abc import Iterator

from agents.triage.sentences import Sentence

_PERSONAL = frozenset(
    "i im ive my me mine myself he she his her him hes shes we our us it its this these that there theres".split()
)
_ASKERS = frozenset(
    "can could does do is are what whats how when which who will would should where may might any".split()
)
_ASKERS_UNMARKED = frozenset("can could does should would what whats how".split())
_NOT_GENERAL = re.compile(
    r"(?:can|could) (?:barely|hardly|only|see|feel) |what (?:to do|now) |how to stop |(?:.* )?(?:cant|couldnt|help) "
)
_SUBJECT = (
    r"(?:(?:it|this|that|these|they|i|he|she|we|you|a|an|the|my|his|her|our)(?: [^\s,]+){0,3}? "
    r"|(?!(?:hardly|barely|only|scarcely|just|still|now|even|no|not) )[^\s,]+ )"
)
_OUTCOME = (
    "cause|lead|turn|become|trigger|give|develop|mean|spread|get|make|go|kill|die|swell|grow|happen|catch|end|result|start|"
    "suffer|have|be"
)
_SOMEBODY = r"(?:my|his|her|our|your|this|these|that|the|it|i|he|she|we|they)"
_IN_GENERAL = re.compile(
    r"(?:is|are|does|do|can|will) (?:[^\s,]+ ){1,5}"
    r"(?:common|rare|dangerous|serious|contagious|infectious|catching|hereditary|normal|safe|curable|treatable|fatal|deadly"
    r"|harmful|painful|bad|hurt|itch|spread|scar|go away|last) $"
)
_OPENS = re.compile(
    r"(?<!\S)(?:"
    + "|".join(
        (
            rf"(?:can|could|will|would|does|may|might) {_SUBJECT}(?:[^\s,]+ )?(?:{_OUTCOME}) ",
            r"(?:what|which|whats) (?:[^\s,]+ ){0,3}(?:signs?|symptoms?|difference|causes?|risks?|chances?) ",
            r"(?:look|watch|watching|looking) (?:out )?for ",
            r"(?:risk|chance|danger|prevention|side effect|meaning|definition)s? of ",
            r"(?:prevent|avoid|preventing|avoiding|vaccine|vaccinated|vaccination|jab) (?:against |for )?",
            r"(?:afraid|scared|frightened|worr\S+|paranoid|anxious|nervous) (?:of|about) "
            r"(?:getting|catching|developing|having) ",
            r"how (?:do|can|would|could|should|to|will) (?:i |you |we |one |people )?"
            r"(?:tell|know|recogni\S+|spot|identify|prevent|avoid) ",
            rf"what (?:does|do|is|are) (?!{_SOMEBODY} )",
            r"what (?:if|happens) ",
            r"(?:what|how) about ",
            r"(?:heard|read|reading|learning|revising|studying|essay|homework|documentary|article|leaflet|video|"
            r"poster|post|story) (?:about|on|of|that|says|said) ",
            r"(?:tell me|explain|define|information|info|advice) (?:more )?(?:about |on )?",
            r"rules? out ",
            r"is it true (?:that )?",
        )
    )
    + ")"
)
_MAYBE = re.compile(
    r"(?<!\S)(?:could|might|may) (?:it |this |that |they )?(?:be|turn|become|lead|cause|develop|get|mean) "
)
_MAYBE_REACH = 4
_LEADING = re.compile(r"(?:the |early |some )?(?:signs|symptoms) of ")
_IF = re.compile(
    r"(?<!\bsure )(?<!\bknow )(?<!\bwonder )(?<!\bwondering )(?<!\bsee )(?<!\beven )(?<!\bas )(?<!\bunsure )"
    r"(?<!\S)(?:if|whenever|unless|in case) "
    r"(?!(?:i |you |we )?(?:\S+ )?(?:press|push|touch|roll|put|rub|squeeze|move|use|do|did|the glass|stretch|glass)"
    r"|(?:that|it) helps|its (?:related|relevant)|not )"
)
_IF_NOW = re.compile(
    r"(?:is|are|am|im|hes|shes|theyre|its|keeps|started) (?:\S+ )?\S+ing |(?:cant|wont) "
    r"|(?:has|have) (?:gone|turned|gotten|got|become) "
)
_CLOSES = re.compile(
    r"(?<!\S)(?:but|because|now|today|however|since) "
    r"|, (?:and |so |as )?(?:my|his|her|our|i|im|ive|he|she|hes|shes|it|its|there|theres|the|we|they|theyre) "
    r"|(?<!if )(?<!that )(?<!\S)(?:i|he|she|we|they) (?:has|have|am|cant|feels?|keeps|got) "
    r"|(?<!\S)(?:im|hes|shes|ive|theyre) "
    r"|(?<!\S)(?:my|his|her|our) (?:\S+ ){1,2}(?:is|are|has|have|keeps|cant|wont|started|feels|looks) "
)


def begins_as_question(sentence: Sentence) -> bool:
    """Whether it ends with a question mark or begins as a question does: a diagnosis by name is then in doubt."""
    return sentence.question or sentence.tokens[0] in _ASKERS


def _spans(sentence: Sentence) -> Iterator[tuple[int, int]]:
    """Characters of `Sentence.line` that are only asked or supposed."""
    line = sentence.line
    if leading := _LEADING.match(line):
        close = _CLOSES.search(line, leading.end())
        yield 0, close.start() if close else len(line)
    for match in _OPENS.finditer(line):
        close = _CLOSES.search(line, match.end())
        yield match.start(), close.start() if close else len(line)
    for match in _MAYBE.finditer(line):
        words = re.compile(rf"(?:[^\s,]+ ){{0,{_MAYBE_REACH}}}").match(line, match.end())
        yield match.start(), words.end() if words else match.end()
    for match in _IF.finditer(line):
        close = re.compile(rf", |{_CLOSES.pattern}").search(line, match.end())
        end = close.start() if close else len(line)
        if not _IF_NOW.search(line[match.end() : end]):
            yield match.start(), end


def asked(sentence: Sentence) -> list[bool]:
    """For each token, whether it is only asked or supposed."""
    tokens = sentence.tokens
    general = not (set(tokens) & _PERSONAL) and not _NOT_GENERAL.match(sentence.line)
    unmarked = tokens[0] in _ASKERS_UNMARKED or _IN_GENERAL.match(sentence.line)
    if general and (tokens[0] in _ASKERS if sentence.question else unmarked):
        return [True] * len(tokens)
    marked = [False] * len(tokens)
    if general and sentence.question:
        opens = [at for at in range(1, len(tokens)) if tokens[at - 1] == "," and tokens[at] in _ASKERS]
        first = min(opens, default=len(tokens))
        marked[first:] = [True] * (len(tokens) - first)
    for start, end in _spans(sentence):
        first, last = sentence.index_at(start), sentence.index_at(end)
        marked[first:last] = [True] * (last - first)
    return marked
