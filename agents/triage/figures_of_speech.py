"""Takes out words that would alarm if they were meant: "confused by the labels", "cannot breathe for laughing"."""

import re

_MERRY = r"(?:laugh\w*|giggl\w*|excit\w*|joy|embarr?ass?ment|shame|boredom|nerves)"
_SO = r"(?:so |very |really |bit |a bit |quite |just |now |totally |still )*"
_STRANGER_TO = (
    r"(?!(?: the| what| her| his| my)? ?(?:where|who|day|date|time|year|place|everything|people|name|home|us\b|me\b))"
)
_IN_CLAUSE = r"(?!\b(?:and|then|but|woke|now|since)\b)[^.,;!?]"
"""One more character of a clause: what comes after "and woke" happened."""
_FIGURES = re.compile(
    rf"\b(?:can'?t|cannot|couldn'?t|could not|hardly) breathe? (?:for|from|with) {_MERRY}"
    rf"|\bbreathless (?:with|from) {_MERRY}"
    r"|\bbreathless when i (?:saw|see|heard|read)\b"
    rf"|(?<!want to )\b(?:pass(?:ed|ing)? out|faint(?:ed|ing)?|collaps(?:e|ed|ing)|dy(?:e|ing)|died?)"
    rf" (?:from|of|with) {_MERRY}"
    rf"|\b(?:i am|i'?m|im|i) {_SO}confused? (?:by|about|between){_STRANGER_TO}"
    r"|\bcollapse of (?:my|the|a) nail\w*"
    r"|\bskin (?:went|is|was|has gone|gone|goes|got) (?:all |so |very |a bit )?(?:floppy|limp)\b"
    r"|\b(?:floppy|limp) skin\b"
    r"|\bi stop breathing (?:in|during) (?:my sleep|the night)\b"
    r"|\b(?:going|went|go|turned|turning) gr[ea]y at \d+|\bprematurely? gr[ea]y\w*"
    r"|\bgr[ea]y[- ]haired\b"
    r"|\bhair (?:(?:has|is|was|all) )?(?:gone|going|went|turn\w+) gr[ea]y"
    r"|\b(?:coil|hearing aids?|bra|shoe|boot|carpet|kitchen|tight|loose|ill|well|badly) fitting\b"
    r"|\bthe fitting\b(?! (?:stop|start|last|went|goes|won'?t|wouldn'?t|has|hasn'?t|is|isn'?t|does|keeps|again))"
    r"|\bgeographic(?:al)? tongue\b|\btongue (?:\w+ )?looks like a map\b|\bmap[- ]like\b[^.!?;]{0,30}\btongue\b"
    r"|\blike i(?:'d|'ve| had| have)? (?:just )?(?:drank|drunk|burnt|burned|scalded)\b"
    rf"(?:{_IN_CLAUSE})*"
    r"|\beyelid (?:\w+ ){0,2}twitch\w*|\btwitch\w* (?:eyelid|eye)\b"
    r"|\bhairs? (?:on|above|over) [^.!?;]{0,25}\blip\b"
    r"|\bhoarse after (?:\w+ )?(?:choir|sing\w*|shout\w*|cheer\w*|concert|karaoke|match|gig|teaching)\b"
    r"|\bclear pin-?pricks?\b"
    r"|\bsocial suicide\b"
    r"|\bso (?:bad|itchy|in love|tired|loud|annoying)(?: that)? i can'?t (?:even )?think(?: straight| clearly)?\b"
    r"|\brather die than (?:(?!\bnot\b|n't)[^.!?;]){3,60}\b(?:joking|kidding|jk)\b"
    r"|\b(?:bumps|lumps|spots|bites) in (?:lines|rows) of \w+\b"
    r"|(?<=\bsore )(?:little |small |red )*(?:spots|bumps|pimples) (?:round|around) (?:my|his|her|the) mouth\b"
    r"|\b(?:hairs?|whiskers?) (?:\w+ )?growing (?:out|from|in)\b"
    r"|\bstretch[- ]?marks?\b[^.!?;]{0,30}\b(?:purple|violet|purply)\b(?: colou?r(?:ed)?)?"
    r"|\b(?:purple|violet) stretch[- ]?marks?\b"
    r"|\b(?:feet|foot|toes|skin|pores|scalp|hair|nails?)"
    r"(?: (?:is|are|feels?|was|were|just|like|it'?s|they'?re))* suffocat\w+"
    rf"|\b(?:i|she|he) (?:dream(?:ed|t)|had a (?:dream|nightmare)) (?:that )?(?:{_IN_CLAUSE})*"
    r"|\b(?:protein|milk|whey|diet|meal)[- ]shakes?\b"
    r"|\b(?:i|she|he|son|daughter|mum) (?:have|has|had|with|got) hereditary angi?o-?edema\b"
    r"(?=[^.!?;]{0,12}(?:\bwhich\b|\bwhat\b|\bcan\b|\bis\b|\?))"
    r"|\bwas (?:terrified|scared|worried|frightened|afraid) (?:of|about) (?:meningitis|sepsis|cancer) but\b"
    r"|\bthought i (?:was getting|had|was having|was dying of) [^.!?;]{3,40}?"
    r"(?: haha| lol| after (?:watching|reading))\b"
    r"|\bmeans? (?:sepsis|meningitis|cancer|anaphylaxis|blood poisoning)\b"
    r"|\b(?:mum|mam|dad|wife|husband|boss|gran|girlfriend|boyfriend|sister|teacher)"
    r"(?:'?ll| will| would|'d| is going to) kill me (?:if|when|for|because|over|about)\b"
    r"(?![^.!?;]{0,40}\b(?:leav\w+|left|told|tell|telling|report\w*|polic\w+|divorc\w+|finds? out|found out|"
    r"speak|spoke|escape|run away|ran away|hospital|scared|afraid))"
    r"|\bclimb(?:ing)? (?:up )?(?:the |a |some )?(?:stairs?|steps|ladder|hill)\b"
    r"|\bburn(?:ed|t) (?:my|his|her|their|the) (?:tongue|mouth) on "
    r"(?:a |some |hot |my |his |her )*(?:pizza|tea|coffee|soup|toast|chips?|food|pie|toastie|cheese)\b"
    r"|\bblack (?=(?:jeans|trousers|shirt|top|dress|leggings|tights|socks|t-?shirt|jumper|coat|shoes)\b)"
    r"|\b(?:commonly |often |easily )?confused? (?:it|this|that|them|these) (?:with|for)\b"
    r"|\bburning up (?=(?:into|in|to) my (?:chest|throat|gullet))"
    r"|\b(?:mud|cabin|spring|football) fever\b"
    r"|(?<=\bhad )scarlet fever\b|(?<=\bafter )scarlet fever\b",
    re.IGNORECASE,
)
_STRAWBERRY = re.compile(r"\bstrawberry[- ](?:birth ?)?(?:mark|n[ae]{1,2}vus)(?=s?\b)", re.IGNORECASE)
_IN_ONE_PLACE = re.compile(
    r"\ball over (?=(?:my|his|her|the|their|your) (?:scalp|head|hands?|feet|foot|nose|chin|forehead|toes?|nails?)\b)",
    re.IGNORECASE,
)
_OF_ITS_COLOUR = re.compile(
    r"(?P<of>(?:^|[.!?,;] *|\b(?:his|her|my|the) )(?:eczema|psoriasis)(?: on (?:my|his|her|the) \w+(?: \w+)?)?)"
    r" looks? (?:more )?(?:grey|gray|purple|purplish)\b",
    re.IGNORECASE,
)
_NOT_RED = re.compile(
    r"\blooks? (?:more )?(?:gr[ea]y|purple|violet|brown)(?:ish)?"
    r"(?:(?:-| or | and )(?:gr[ea]y|purple|violet|brown)(?:ish)?)?"
    r" (?=(?:rather than|instead of|not|more than) (?:red|pink)\b)",
    re.IGNORECASE,
)
_SOLE = re.compile(r"\b(?:verrucas?|verrucca|warts?|sole|heel|ball of (?:my|his|her) foot|toe)\b", re.IGNORECASE)
_BLACK_SPECKS = re.compile(r"\bblack (?=(?:dots?|specks?|pinpricks?|pepper)\b)", re.IGNORECASE)
_NEAR_A_NEWBORN = re.compile(
    r"\b(?P<near>(?:(?:can|may|could|should) (?:i|we|he|she)|(?:ok|okay|safe|fine|allowed) to) "
    r"(?:kiss|hold|cuddle|visit|hug|meet)) "
    r"(?:(?:my|the|our|her|his|their|a) )?(?:newborn|new born|\d+[- ]weeks?[- ]old)\b",
    re.IGNORECASE,
)
_COMPARES = re.compile(r"\b(?:same (?:as|thing)|differen\w+|which (?:one|of)|versus|vs)\b", re.IGNORECASE)
_SAUSAGES = re.compile(
    r"\b(?P<digits>(?:fingers?|toes?)\b[^.!?;]{0,30}?)\blike (?:\w+ )?(?:sausages?|frankfurters?)\b", re.IGNORECASE
)
_SNORES = re.compile(r"\bsnor(?:e|es|ed|ing)\b", re.IGNORECASE)
_PAUSES = re.compile(r"\bi (?:don'?t )?stop(?:ped)? breathing\b", re.IGNORECASE)
_OVAL = re.compile(r"\bgr[ea]y(?:ish)?(?=,? oval\b)|(?<=\boval )gr[ea]y(?:ish)?\b", re.IGNORECASE)
_PUZZLED = re.compile(rf"\b(?:i am|i'?m|im) {_SO}confused\b", re.IGNORECASE)


def without_figures_of_speech(text: str) -> str:
    """The text without them. Never raises.

    Who asks what the difference between two things is, and says "I'm confused", is puzzled. A strawberry mark has
    nothing to do with what somebody ate, all over the scalp is not all over, and who asks whether they may kiss a
    newborn is not one, and eczema may look grey on a child who does not. Who snores may be told that they stop
    breathing, the blisters of hand, foot and mouth disease are grey ovals, the black dots in a verruca are no dying
    skin, and fingers like sausages are swollen, as in psoriatic arthritis; lips like sausages stay what they are.
    """
    if _SOLE.search(text):
        text = _BLACK_SPECKS.sub("", text)
    if _SNORES.search(text):
        text = _PAUSES.sub(" ", text)
    plain = _IN_ONE_PLACE.sub("on ", _STRAWBERRY.sub("haemangioma", text))
    plain = _OVAL.sub(" ", _OF_ITS_COLOUR.sub(r"\g<of>", _NOT_RED.sub(" ", plain)))
    plain = _SAUSAGES.sub(r"\g<digits>swollen", plain)
    plain = _FIGURES.sub(" ", _NEAR_A_NEWBORN.sub(r"\g<near> a", plain))
    return _PUZZLED.sub(" ", plain) if _COMPARES.search(plain) else plain
