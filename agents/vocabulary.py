"""Words that mean the same to a patient and a guideline, the words that negate, and those that limit a statement."""

from agents.stems import stem

_RELATED = (
    "contagious infectious catch catching infect infection spread pass transmit caught",
    "steroid cortisone corticosteroid",
    "steroid hydrocortisone",
    "steroid betamethasone betnovate",
    "steroid clobetasol dermovate",
    "steroid clobetasone eumovate",
    "steroid mometasone",
    "treat treatment therapy medicine medication remedy drug heal",
    "cream ointment lotion gel topical",
    "antifungal clotrimazole canesten",
    "antifungal terbinafine lamisil",
    "antifungal miconazole",
    "antihistamine cetirizine",
    "antihistamine loratadine",
    "moisturiser emollient moisturise moisturising vaseline",
    "surgery operation surgical excision remove removal removed cut",
    "freeze freezing cryotherapy frozen",
    "doctor gp clinician physician dermatologist specialist",
    "pregnant pregnancy breastfeed breastfeeding midwife baby",
    "child children kid baby toddler son daughter infant",
    "itch itchy itching scratch scratching",
    "pain painful hurt hurts sore tender",
    "mole naevus moles",
    "cancer malignant melanoma carcinoma tumour",
    "sun sunlight sunscreen sunbed spf ultraviolet uv sunburn",
    "swim swimming pool",
    "school nursery work job office",
    "sport gym exercise wrestling football",
    "scar scarring mark marks",
    "wash washing shower bath soap",
    "food eat diet eating drink",
    "cause causes caused trigger reason why",
    "prevent prevention avoid stop",
    "cure cured heal clear disappear vanish fade",
    "family inherit inherited genetic gene hereditary genes relatives",
    "pet cat dog animal",
    "kiss sex hug touch kissing",
    "bleed bleeding blood",
    "die death fatal deadly dangerous serious",
    "black brown dark darker african",
    "biopsy microscope laboratory sample test",
    "come return recur back again",
)
RELATED: dict[str, frozenset[str]] = {}
for _group in _RELATED:
    _stems = frozenset(stem(word) for word in _group.split())
    for _each in _stems:
        RELATED[_each] = RELATED.get(_each, frozenset()) | _stems
"""For finding: what a question's word may also be called. Too wide to prove anything."""

_SAME = (
    "doctor gp clinician physician",
    "begin start",
    "child kid",
    "naevus mole",
    "bandage dressing",
    "moisturiser emollient",
    "contagious infectious",
    "quickly fast",
    "illness disease condition",
    "usual usually common commonly often",
)
SAME: dict[str, frozenset[str]] = {}
for _group in _SAME:
    _stems = frozenset(stem(word) for word in _group.split())
    for _each in _stems:
        SAME[_each] = SAME.get(_each, frozenset()) | _stems
"""For proving: words that may stand for each other in a statement. No medicine, time or degree is among them."""

PLAIN = frozenset(
    stem(word) for word in "person people someone patient skin area help affected mean kind type way form".split()
)
"""Words a statement may add to its source without saying anything new."""

NEGATIONS = frozenset(
    "no not never without none nobody nothing neither nor cannot can't cant don't dont doesn't doesnt "
    "isn't isnt aren't arent won't wont "
    "shouldn't shouldnt mustn't mustnt hasn't haven't wasn't weren't didn't couldn't wouldn't "
    "avoid stop unlikely rarely".split()
)
"""Lower-case tokens after which what follows is denied, forbidden or held off."""

CONDITIONS_OF_USE = frozenset("unless only except until if alone after before once already under".split())
HEDGES = frozenset(
    "may might can could sometimes often usually most some many generally mainly probably possible".split()
)
"""A source's limits that a statement must keep: leaving one out says more than the guideline does."""

NUMBER_WORDS = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "eleven": "11", "twelve": "12", "fifteen": "15", "twenty": "20", "thirty": "30",
    "forty": "40", "fifty": "50", "hundred": "100", "once": "1x", "twice": "2x", "thrice": "3x", "daily": "daily",
    "weekly": "weekly", "hourly": "hourly", "nightly": "nightly", "double": "double", "half": "half",
    "monthly": "monthly",
}  # fmt: skip
