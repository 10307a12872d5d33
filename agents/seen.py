"""What the vision model wrote, before a patient reads it: only what describes, no illness, no medicine, no advice.

A small model that describes a photo can also recite a diagnosis or a cure; those are decided elsewhere, with
citations.
"""

import re

from agents.possibilities import PhotoKind
from agents.sentences import sentences
from agents.stems import content_stems
from agents.subjects import named_in
from cases.record import Findings
from conditions import CONDITIONS

_MOST_SENTENCES = 3
_MOST_CHARACTERS = 400
_NOT_DESCRIPTION = re.compile(
    r"\b(?:benign|harmless|malignan\w*|cancer\w*|carcinoma\w*|melanom\w*|tumou?rs?|na?evus|na?evi|"
    r"keratos[ie]s|angioma\w*|fibroma\w*|mole|"
    r"eczema|psoriasis|ringworm|infection|"
    r"disease|diagnos\w*|condition|suggest\w*|consistent with|indicat\w*|likely|probab\w*|may be|could be|might be|"
    r"treat\w*|recommend\w*|apply|cream|ointment|steroid\w*|antibiotic\w*|medic\w*|tablet\w*|surgery|"
    r"excis\w*|biops\w*|mg|"
    r"doctor|dermatologist|hospital|worr\w*|concern\w*|safe|danger\w*|normal|healthy|reassur\w*|caus\w*|due to|risk|"
    r"unchanged|chang\w*|same|stable|identical|before|earlier|previous\w*|grown|grew|compared|as it was|"
    r"you should|you must|please|need to|no need|ignore|instruction\w*|visit|http\w*|www|www\.\S+)\b|://|"
    r"@|[<>{}\[\]#*|]",
    re.IGNORECASE,
)
_DESCRIBES = re.compile(
    r"\b(?:colou?r\w*|brown\w*|black\w*|red\w*|pink\w*|white\w*|blue\w*|grey|gray|tan|skin-colou?red|"
    r"purple|yellow\w*|dark\w*|pale|light\w*|"
    r"edges?|borders?|outline|margins?|shape\w*|round\w*|oval|irregular\w*|uneven\w*|asymmetr\w*|"
    r"symmetr\w*|surface|smooth|rough|scal\w+|"
    r"crust\w*|shiny|pearly|raised|flat|patch\w*|spots?|plaques?|papules?|nodules?|bumps?|lesions?|dots?|"
    r"lines?|vessels?|ulcer\w*|texture|"
    r"pigment\w*|network)\b",
    re.IGNORECASE,
)
_TELLS_TO = re.compile(
    r"^\W*(?:use|take|put|apply|rub|try|buy|call|drink|eat|avoid|keep|stop|start|wash|do|don't|never|wait|"
    r"see|go|get|ask|send|tell|say)\b|"
    r"\b(?:you|your|i|we|hydrocortisone|\w+(?:sone|solone|cillin|mycin|azole|nafine|mab|nib|profen))\b",
    re.IGNORECASE,
)
_OTHER_FIGURE = re.compile(r"\d(?![\d.,]*\s*(?:mm|cm|millimet\w+|centimet\w+)\b)", re.IGNORECASE)
_TITLE_STEMS = frozenset(
    each for condition in CONDITIONS.values() for each in content_stems(condition.title)
) - frozenset(
    content_stems(
        "skin spot small vascular tag head hand nail fungal other cold insect sun damage areas scalp light "
        "sore red foot keratosis"
    )
)


def description(text: str) -> str:
    """The sentences of the model's `text` that only describe what can be seen; empty when none does."""
    kept: list[str] = []
    for sentence in sentences(text):
        if _only_describes(sentence) and sentence not in kept:
            kept.append(sentence)
    shown = " ".join(kept[:_MOST_SENTENCES])
    return shown if len(shown) <= _MOST_CHARACTERS else ""


def _only_describes(sentence: str) -> bool:
    if not _DESCRIBES.search(sentence) or _TELLS_TO.search(sentence) or _OTHER_FIGURE.search(sentence):
        return False
    if _NOT_DESCRIPTION.search(sentence) or named_in(sentence) or "?" in sentence:
        return False
    return bool(re.search(r"[^\W\d_]{3}", sentence)) and not _TITLE_STEMS & set(content_stems(sentence))


def seen(findings: Findings | None, kind: PhotoKind, has_photo: bool, rests_on: str = "words") -> str:
    """What the photo showed, or kindly why it showed nothing and what would help.

    `rests_on`: what the answer goes by where the photo tells nothing, the patient's words or answers.
    """
    if kind is PhotoKind.RASH:
        return (
            "You told me this is a rash. I cannot judge a rash from a photo, so what follows rests only "
            f"on your {rests_on}, not on the picture."
        )
    if findings is None:
        return "" if not has_photo else f"I could not look at the photo, so what follows rests on your {rests_on}."
    if kind is PhotoKind.SPOT:
        shown = description(findings.description)
        return f"In the photo: {shown}" if shown else ""
    return _UNCLEAR[kind]


_UNCLEAR = {
    PhotoKind.NOT_SKIN: (
        "I do not think this photo shows skin, so I cannot say anything about it. If you meant to show a "
        "spot, please send a "
        "sharp photo in daylight, from about a hand's length away, with the spot in the middle."
    ),
    PhotoKind.HEALTHY_SKIN: (
        "I could not find a spot in this photo. That does not mean that all is well: a photo can miss "
        "things. If something "
        "worries you, show it to a doctor, or send a closer photo with the spot in the middle."
    ),
    PhotoKind.CANNOT_TELL: (
        "I cannot tell what this is from the photo. That is no reason to worry more, and no reason to "
        "leave it: a doctor or "
        "pharmacist who sees the skin itself can tell more. A sharper photo in daylight may help me too."
    ),
}
