"""What a question asks for, and in which sections of a guideline the answer stands."""

import re
from dataclasses import dataclass
from enum import StrEnum

_WITHIN_A_QUESTION = "".join(
    rf"(?<!\b{word})" for word in "what whit wot how why which when where who long many much soon often".split()
)
_BEGINS_A_QUESTION = (
    r"(?:what(?:['’]?s)?|how|why|which|should (?:i|we)|do (?:i|we|they)|does (?:it|the)|"
    r"can (?:i|we|it|they|my|he|she)|is (?:it|this|that)|are they|will (?:it|they|i)|would (?:it|that))\b"
)
_WITH_MARK = re.compile(r"[^.!?\n]+\?")
_CLAUSES = re.compile(
    rf"(?<=[,.;:!?–—-])\s+|(?<=\w){_WITHIN_A_QUESTION}\s+(?={_BEGINS_A_QUESTION})",
    re.IGNORECASE,
)
"""Where a clause ends: at its mark, or, in a text without marks, where a question begins."""
_MARKS = re.compile(r"(?<=[,.;:!?])\s+")
_ASKS = re.compile(
    r"\?$|^(?:(?:and|or|but|so|also|please) )*(?:is|are|am|was|do|does|did|can|could|may|might|will|would|should|must|"
    r"has|have|how|what(?:['’]?s)?|when|where|which|who|why)\b",
    re.IGNORECASE,
)
_SURELY_ASKS = re.compile(
    r"\?$|^(?:(?:and|or|but|so|also|please) )*(?:how|what(?:['’]?s)?|wot|whit|when|where|which|who|why|can|could|"
    r"should|will|would|does|do (?:i|we|you|they)|is (?:it|this|that|there)|are (?:they|these|there))\b",
    re.IGNORECASE,
)
"""As `_ASKS`, without what may as well tell: "have a red patch", "is red"."""


class Intent(StrEnum):
    """One thing a patient may ask; a question may hold several."""

    CONTAGION = "contagion"
    DURATION = "duration"
    TREATMENT = "treatment"
    SELF_CARE = "self-care"
    HELP = "help"
    CAUSE = "cause"
    LOOK = "look"
    DARK_SKIN = "dark-skin"
    FAMILY = "family"
    PREVENTION = "prevention"
    SERIOUSNESS = "seriousness"
    WHAT_IS_IT = "what-is-it"


@dataclass(frozen=True, slots=True)
class _Sign:
    pattern: re.Pattern[str]
    sections: tuple[str, ...]


def _sign(pattern: str, *sections: str) -> _Sign:
    return _Sign(re.compile(pattern, re.IGNORECASE), sections)


_SIGNS = {
    Intent.CONTAGION: _sign(
        r"\b(?:swim\w*|get (?:it|them|this) (?:too|from|off)|will (?:she|he|they|we) get|isolate|pass (?:them|"
        r"these)|passing|(?:whole|all (?:the|my|of the)) (?:family|class)|rest of us|jump(?:s)? (?:from|to)|"
        r"(?:nursery|school|work) off|off (?:school|nursery|work)|"
        r"can (?:\w+ ){1,2}give (?:it|this)|(?:away from|keep \w+ (?:away )?from) (?:others|people)|contagious|"
        r"infectious|catch(?:ing)?|caught|pass (?:it|this|that)|pass(?:es|ed|ing)? on|give it to|"
        r"spread (?:it )?to (?:my|other|any|the|people|some)|(?:go|back|off) (?:to|from)? ?(?:work|school|"
        r"nursery)|kiss|share|stay home)\b",
        "Is it contagious",
    ),
    Intent.DURATION: _sign(
        r"\b(?:how long|how many (?:days|weeks|months|years)|when will|go away|last(?:s|ing)? (?:for|"
        r"long)|does it last|disappear|"
        r"come back|comes back|return|recur|permanent|forever|for life|cured?|heal|clear up|grow out)\b",
        "Overview",
        "Treatment",
    ),
    Intent.TREATMENT: _sign(
        r"\b(?:(?:would|do|will|can|does|what) (?:a |the |my )?(?:doctors?|hospitals?|gp|they) (?:do|give|use|"
        r"offer|prescribe)|"
        r"shampoos?|gels?|paint|options|next step|what(?:['’]?s| is| comes| would be)? next|what now|"
        r"what else (?:is there|can|could|works)|(?:what|which) (?:can help|helps|(?:actually )?works)|"
        r"stronger|burn (?:it|them)|taken? (?:it )?off|light treatment|drip|"
        r"be done|treat\w*|cures?|cream|ointment|lotion|med[ei][cs]\w+|tablets?|pills?|antibiotics?|"
        r"steroids?|\w*cortisone|drugs?|"
        r"surgery|operation|biopsy|laser|freez\w*|cryotherapy|injections?|remov\w*|cut(?:ting)? (?:it )?(?:off|"
        r"out)|prescri\w*|doctor do|"
        r"antifungals?|antihistamines?|g[eo]t rid)\b",
        "Treatment",
        "Self-care",
    ),
    Intent.SELF_CARE: _sign(
        r"\b(?:what (?:shud|shld|shoud) i do|calm\w*|settle it|(?:put|use) on|what (?:can|do|should) i (?:use|"
        r"put)|what to (?:use|put|do)|"
        r"clean|bathe|ok(?:ay)? to|"
        r"what (?:should|can|do|must) i do|do about it|at home|myself|self.?care|look after|care for|"
        r"soothe|relief|relieve|ease|"
        r"itch\w*|scratch\w*|pain\w*|hurt\w*|wash\w*|shower\w*|bath\w*|soap|moisturi[sz]\w*|swim\w*|sport|"
        r"gym|exercise|make.?up|"
        r"shav\w*|plaster|cover|squeeze|pick|pop|help with|put on it|home remed\w*|natural)\b",
        "Self-care",
        "Treatment",
    ),
    Intent.HELP: _sign(
        r"\b(?:see (?:some|any) ?(?:body|one)|who (?:should|do) i see|bother (?:the |my |a )?(?:gp|doctor)|"
        r"how (?:fast|quick\w*)|"
        r"(?:doctor|gp|someone) (?:look|see)|looked at|bad enough|turning (?:nasty|bad|dangerous)|when must|"
        r"see (?:a|the|my) (?:doctor|gp|dermatologist|specialist)|go to (?:a|the) (?:doctor|hospital|"
        r"gp|emergency)|urgent\w*|"
        r"needs? (?:(?:to )?(?:see |be seen |seen |seeing )?(?:by )?(?:a |the |my )?(?:doctor|gp|nurse|"
        r"hospital)|seen|seeing)|"
        r"how soon|when (?:should|do|must) i|get help|seek|worr\w+|appointment|referral|warning signs?|"
        r"watch (?:out )?for|call (?:a|the|my))\b",
        "When to get help",
    ),
    Intent.CAUSE: _sign(
        r"\b(?:(?:baby|child|kids?|children) (?:get|inherit|have) it|why\b(?! (?:do|does) (?:they|"
        r"the doctor)\b)|what(?:['’]?s)? (?:sets?|setting|brings?|bringing|"
        r"made|makes?|making|started)|"
        r"whats making|to blame|due to|because of|"
        r"(?:can|could|did|do) (?:it|the|this|that|my) (?:\w+ ){1,2}(?:do|cause) (?:this|it|that)|what brings|"
        r"why (?:do|did|have|has|is)|caus\w+|where (?:does|did) (?:it|this) come|how did (?:i|he|"
        r"she) get|triggers?|come from|"
        r"hereditary|genetic|inherit\w*|run in|runs in|stress|diet|food|my fault)\b",
        "Causes",
    ),
    Intent.LOOK: _sign(
        r"\b(?:look(?:s)? like|look(?:ing)? (?:out )?for|symptoms?|signs? of|"
        r"how (?:do|can|would) i (?:know|tell|recogni[sz]e)|difference between|colou?r|shape)\b",
        "What it looks like",
    ),
    Intent.DARK_SKIN: _sign(
        r"\b(?:(?:dark(?:er)?|black|brown|asian|african|indian) (?:skin|people)|my skin is (?:dark|black|"
        r"brown)|skin tone)\b",
        "On darker skin",
    ),
    Intent.FAMILY: _sign(
        r"\b(?:pregnan\w*|breast.?feed\w*|expecting|unborn|child(?:ren)?|kids?|bab(?:y|ies)|toddler|son|"
        r"daughter|newborn|infant)\b",
        "Children and pregnancy",
    ),
    Intent.PREVENTION: _sign(
        r"\b(?:stops? (?:me|us|them|the kids|it) (?:getting|coming|happening)|keep (?:\w+ ){1,3}off|how (?:to|"
        r"do i|can i) stop|"
        r"without (?:this|it|that) (?:happening|coming)|lower (?:my|the|his|her) risk|vaccine|prevent\w*|"
        r"avoid\w*|sunscreen|sun ?cream|sun|spf|sunbeds?|"
        r"protect\w*|stop it (?:coming|"
        r"from)|again in future|holiday|beach)\b",
        "Prevention",
    ),
    Intent.SERIOUSNESS: _sign(
        r"\b(?:serious|dangerous|cancer\w*|malignant|benign|harmless|deadly|fatal|die|kills?|harm\w*|"
        r"bad is it|bad to|turn into|turn (?:bad|nasty)|life.?threatening)\b",
        "Overview",
        "When to get help",
    ),
    Intent.WHAT_IS_IT: _sign(
        r"\b(?:(?:wh[ai]t|wot|wtf) (?:is|are|exactly is) (?!next\b)\w+|what['’]?s (?:this|it|that|these|going on|wrong|"
        r"happening)|"
        r"what (?:could|might|may|can|does) (?:it|this|that|these|they|the \w+)|(?:what|which) (?:illness|"
        r"condition|disease|"
        r"infection|problem)|(?:is|are|be) (?:\w+ )?(?:called|normal)|am i right|what (?:do|have) i (?:have|got)|"
        r"tell me (?:more )?about|explain|"
        r"more information|what does \w+ mean)\b",
        "Overview",
    ),
}
_CARE = frozenset({Intent.TREATMENT, Intent.SELF_CARE, Intent.HELP, Intent.SERIOUSNESS})
_EXPECTING = re.compile(
    r"\b(?:pregnan\w*|breast.?feed\w*|expecting|unborn|for (?:a |my )?(?:child|bab)\w*)\b", re.IGNORECASE
)
_TIME = re.compile(
    r"\b(?:days?|weeks?|months?|years?|long|time|heals?|fades?|clears?|comes? back|lasts?|goes away|"
    r"go away|come and go|comes and goes|life)\b"
)


def intents(question: str) -> tuple[Intent, ...]:
    """What the question asks, in the order of the signs; the weak "what is it" only where nothing else is asked."""
    found = [intent for intent, sign in _SIGNS.items() if sign.pattern.search(question)]
    strong = [intent for intent in found if intent is not Intent.WHAT_IS_IT]
    if len(strong) > 1 and Intent.FAMILY in strong and not _EXPECTING.search(question):
        strong.remove(Intent.FAMILY)  # a child who is spoken of is not yet what is asked about
    if Intent.DURATION in strong and not re.search(r"treat|cream|medic|tablet", question, re.IGNORECASE):
        strong = [intent for intent in strong if intent is not Intent.TREATMENT]
    return tuple(strong or found)


def is_about_care(question: str) -> bool:
    """Whether a wrong first guess would make the answer dangerous: what to use, what to do, how serious."""
    return not _CARE.isdisjoint(intents(question))


def sections(intent: Intent) -> tuple[str, ...]:
    """The headings under which the answer stands, best first."""
    return _SIGNS[intent].sections


def speaks_of_time(sentence: str) -> bool:
    """Whether a sentence says how long, or whether it comes back."""
    return bool(_TIME.search(sentence.casefold()))


def asks(text: str) -> bool:
    """Whether something in `text` is a question, with or without its mark."""
    return any(_ASKS.search(clause) for clause in _MARKS.split(text.strip()))


def asking_clauses(question: str) -> str:
    """The clauses that ask: "ring shaped itchy rash, is it contagious?" asks of contagion, not of rings or itch.

    Where sentences with a question mark ask something that is known, the others do not ask.
    """
    marked = " ".join(_WITH_MARK.findall(question))
    clauses = _CLAUSES.split(marked if intents(marked) else question)
    known = [clause for clause in clauses if intents(clause)]
    asking = [clause for clause in clauses if _SURELY_ASKS.search(clause)]
    return " ".join(asking or [clause for clause in known if _ASKS.search(clause)] or known) or question
