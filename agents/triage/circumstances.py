"""Takes out what is told beside an illness in words that would alarm: a phone that died, a door that fell shut.

Unlike a figure of speech, which plays down, these say nothing of how somebody is: the rest is read as if they were not
there.
"""

import re

_BESIDE = re.compile(
    r"\b(?:phone|laptop|camera)(?:'?s)? (?:battery )?(?:(?:has|is|was|just|nearly|almost) )*(?:died|dead|dying)\b"
    r"|\b(?:i|we)(?:'?ve)? (?:(?:just|have|already) )*(?:threw|thrown|chucked|binned)"
    r" (?:the|my|this|that|all (?:the|my)) (?:\w+ ){0,3}?"
    r"(?:creams?|acid|serum|toner|gel|lotion|wash|soap|peel|retinol|tubes?|shampoo|ointment) (?:away|in the bin)\b"
    r"|\block(?:ed|ing) (?:(?:myself|ourselves) )?in (?:the|my|our) (?:bathroom|toilet|loo|bedroom)\b[^.!?;]{0,40}?"
    r"\b(?:peace|quiet|break|rest|hiding|minutes?)\b[^.!?;]{0,12}? from (?:\w+ ){0,2}"
    r"(?:kids|children|twins|toddlers?|boys|girls|little ones|grandchildren|grandkids)\b(?!['’]? (?:dad|father|mum))",
    re.IGNORECASE,
)
_DROOL_RASH = re.compile(r"\b(?:drool|drooling|dribbl(?:e|es|ing|y)|teething) rash", re.IGNORECASE)
_CRAWLS = re.compile(
    r"\b(?P<child>baby|toddler|little one|bub|\w+[- ](?:months?|mths?)[- ]old)(?:['’]?s)?"
    r"(?: (?:has|is|was|been|keeps|just))* (?:crawl|roll|shuffl)(?:s|es|ing|ed|e)? (?:(?:about|around|over) )?"
    r"(?:on|across|over|along) (?:the|our|a|his|her) (?:\w+ )?(?:carpet|rug|floor|mat|tiles|lino)\b"
    r"(?: and(?= (?:has|is|had|got|now)\b))?",
    re.IGNORECASE,
)
_KICKS = re.compile(
    r"\b(?P<who>baby|bump|bub|little one)(?:['’]?s| is| keeps)? (?:still )?"
    r"(?:kick|mov|wriggl)(?:ing|s|es) (?:(?:about|around) )?"
    r"(?:loads|lots|a lot|plenty|well|fine|happily|away|normally|like (?:mad|crazy)|as (?:usual|normal|always))"
    r"(?=\s*(?:[,.;!?]|and\b|$))",
    re.IGNORECASE,
)
_KICKS_LESS = re.compile(
    r"\b(?:no|not|none|nothing|never|stopped|less|fewer|hardly|barely|until|till|yesterday|usually|before|quiet\w*|slow\w*)\b"
    r"|\b\w+n['’]t\b|\b(?:isnt|hasnt|havent|wasnt|doesnt|dont|didnt|cant|wont)\b",
    re.IGNORECASE,
)
_LOCKED_OUT = re.compile(
    r"(?:\b(?:i|we)(?:['’]?m|['’]?ve| am| was| were| got| have| been)* |^|(?<=[.!?] ))"
    r"locked (?:(?:myself|ourselves) )?out\b"
    r"(?: of (?:the|my|our) (?:house|flat|car|home|room|hostel|office))?(?! by\b)",
    re.IGNORECASE,
)
_BY_SOMEBODY_OR_IN_THE_COLD = re.compile(
    r"\b(?:he|she|they|husband|wife|partner|boyfriend|girlfriend|ex|dad|stepdad|father|mum|mother|landlord|son|brother|"
    r"cold|freez\w+|snow\w*|frost\w*|night)\b",
    re.IGNORECASE,
)
_PAINTED = re.compile(
    r"\b(?:(?:the|those|these|black|purple|red|dark|blue|little) )*(?:spots?|dots?|marks?|blotch\w*)\b[^.!?;,]{0,60}?"
    r" (?:was|were|is|are) (?:(?:only|just) )?(?:felt[- ]?(?:tips?|pens?)|biro|marker|ink|paint|\w+ juice|beetroot|jam|"
    r"chocolate)(?: pens?)?\b",
    re.IGNORECASE,
)
_WASHED_OFF = re.compile(
    r"\b(?:wash|wip|scrub)\w* (?:\w+ )?off\b|\b(?:panic over|false alarm|no panic)\b", re.IGNORECASE
)
_THE_REST = re.compile(
    r"\b(?:but|others?|rest|still|some|except|not all|won['’]?t|doesn['’]?t|new|now)\b", re.IGNORECASE
)
_TIGHT_SKIN = re.compile(
    r"\b(?P<skin>sun-?burn(?:t|ed)|(?:sunburn|skin) (?:on|of|over|across) (?:my|his|her|the)) chest"
    r"(?= (?:(?:is|feels|feel|went|gone|so|very|really|a|bit|quite|all|now|still|just|too) )*tight\b)",
    re.IGNORECASE,
)
_INSIDE = re.compile(
    r"\bbreath\w*\b(?! (?:is |are |perfectly |absolutely )?(?:fine|ok|okay|normal\w*|well|good))"
    r"|\b(?:wheez\w*|gasp\w*|air|cough\w*|pain\w*|hurt\w*|ach(?:e|es|ing|y)|arms?|jaw|heart|puls\w*|palpitat\w*|"
    r"dizz\w*|faint\w*|sick|vomit\w*|nausea\w*|sweat\w*|heav\w*|pressure|squeez\w*|crush\w*|swell\w*|swollen|hives|"
    r"throat|tongue|lips?|stairs|walk\w*|run\w*|suddenly|asthma|inhaler|fever\w*|temperature|shiver\w*|confus\w*|"
    r"headache|unwell|ill)\b",
    re.IGNORECASE,
)


def without_circumstances(text: str) -> str:
    """The text without them. Never raises.

    A sunburnt chest is tight by its skin where nothing is told of breath, heart or strength; somebody else who locks a
    door, or the cold behind it, stays; so do spots of which some did not wash off, and a baby who kicks less.
    """
    if not _INSIDE.search(text):
        text = _TIGHT_SKIN.sub(r"\g<skin> shoulders", text)
    if not _BY_SOMEBODY_OR_IN_THE_COLD.search(text):
        text = _LOCKED_OUT.sub(" ", text)
    if not _KICKS_LESS.search(text):
        text = _KICKS.sub(r"\g<who>", text)
    if _WASHED_OFF.search(text) and not _THE_REST.search(text):
        text = _PAINTED.sub(" ", text)
    return _BESIDE.sub(" ", _CRAWLS.sub(r"\g<child>", _DROOL_RASH.sub("rash", text)))
