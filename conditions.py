"""The vocabulary every room shares: condition slugs, the paper's fifteen classes, triage levels, the four questions.

Nothing is imported here and nothing is decided here: a name means the same thing in the model's choices, the guideline
library, the patient's record and the advice because it is spelled once, in this file.

Source: Zhou et al., Nature Communications 15:5649 (2024), Table 2 (classes) and Methods (questions).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class TriageLevel(StrEnum):
    """How soon a person must be seen, most urgent first."""

    EMERGENCY = "emergency"
    SAME_DAY = "same-day"
    THIS_WEEK = "this-week"
    ROUTINE = "routine"
    SELF_CARE = "self-care"

    @property
    def urgency(self) -> int:
        """4 for an emergency down to 0 for self-care."""
        return len(TriageLevel) - 1 - list(TriageLevel).index(self)


def most_urgent(levels: Iterable[TriageLevel]) -> TriageLevel:
    """The highest of `levels`; self-care when there is none."""
    return max(levels, key=lambda level: level.urgency, default=TriageLevel.SELF_CARE)


class Domain(StrEnum):
    """How the picture was taken. The model says which of the two it takes it for."""

    PHONE = "phone"
    DERMOSCOPY = "dermoscopy"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of the library. `slug` names it everywhere; `title` is what a patient reads."""

    slug: str
    title: str
    disease_class: str


_TITLES_BY_CLASS: dict[str, dict[str, str]] = {
    "acne-rosacea": {
        "acne-vulgaris": "acne",
        "rosacea": "rosacea",
        "perioral-dermatitis": "perioral dermatitis",
        "hidradenitis-suppurativa": "hidradenitis suppurativa",
    },
    "malignant-lesions": {
        "actinic-keratosis": "actinic keratosis (sun-damage spot)",
        "basal-cell-carcinoma": "basal cell carcinoma",
        "squamous-cell-carcinoma": "squamous cell carcinoma",
        "bowen-disease": "Bowen disease",
    },
    "dermatitis": {
        "atopic-dermatitis": "eczema (atopic dermatitis)",
        "contact-dermatitis": "contact dermatitis",
        "seborrhoeic-dermatitis": "seborrhoeic dermatitis",
        "hand-eczema": "hand eczema",
        "nappy-rash": "nappy rash",
        "drug-eruption": "drug rash",
        "stevens-johnson-syndrome": "Stevens-Johnson syndrome",
    },
    "bullous": {
        "bullous-pemphigoid": "bullous pemphigoid",
        "pemphigus-vulgaris": "pemphigus vulgaris",
    },
    "bacterial": {
        "impetigo": "impetigo",
        "cellulitis": "cellulitis",
        "folliculitis": "folliculitis",
        "boil": "boil",
    },
    "light": {
        "vitiligo": "vitiligo",
        "melasma": "melasma",
        "sunburn": "sunburn",
        "polymorphic-light-eruption": "polymorphic light eruption",
    },
    "connective-tissue": {
        "cutaneous-lupus": "cutaneous lupus",
        "dermatomyositis": "dermatomyositis",
        "morphoea": "morphoea",
    },
    "benign-tumours": {
        "seborrhoeic-keratosis": "seborrhoeic keratosis",
        "dermatofibroma": "dermatofibroma",
        "lipoma": "lipoma",
        "epidermoid-cyst": "epidermoid cyst",
        "skin-tag": "skin tag",
    },
    "melanoma-naevi": {
        "melanoma": "melanoma",
        "melanocytic-naevus": "mole (melanocytic naevus)",
    },
    "fungal": {
        "tinea-corporis": "ringworm (tinea corporis)",
        "tinea-pedis": "athlete's foot",
        "tinea-capitis": "scalp ringworm",
        "pityriasis-versicolor": "pityriasis versicolor",
        "onychomycosis": "fungal nail infection",
        "candidiasis": "skin thrush",
    },
    "psoriasis-lichen-planus": {
        "psoriasis": "psoriasis",
        "lichen-planus": "lichen planus",
        "pityriasis-rosea": "pityriasis rosea",
    },
    "infestations-bites": {
        "scabies": "scabies",
        "head-lice": "head lice",
        "insect-bites": "insect bites",
        "lyme-disease": "Lyme disease",
    },
    "urticaria": {
        "urticaria": "hives (urticaria)",
        "angioedema": "angioedema",
    },
    "vascular": {
        "infantile-haemangioma": "infantile haemangioma",
        "cherry-angioma": "cherry angioma or other small vascular spot",
        "pyogenic-granuloma": "pyogenic granuloma",
    },
    "herpes": {
        "herpes-simplex": "cold sores (herpes simplex)",
        "herpes-zoster": "shingles",
        "chickenpox": "chickenpox",
        "eczema-herpeticum": "eczema herpeticum",
    },
    "others": {
        "warts": "warts",
        "molluscum-contagiosum": "molluscum contagiosum",
        "alopecia-areata": "alopecia areata",
        "keratosis-pilaris": "keratosis pilaris",
        "hyperhidrosis": "hyperhidrosis",
        "vasculitis": "vasculitis of the skin",
        "measles": "measles",
        "scarlet-fever": "scarlet fever",
        "syphilis": "syphilis",
        "mpox": "mpox",
        "leishmaniasis": "leishmaniasis of the skin",
        "leprosy": "leprosy",
    },
    "emergencies": {
        "anaphylaxis": "anaphylaxis",
        "meningococcal-disease": "meningococcal disease",
        "necrotising-fasciitis": "necrotising fasciitis",
        "sepsis": "sepsis",
        "staphylococcal-scalded-skin-syndrome": "staphylococcal scalded skin syndrome",
        "erythroderma": "erythroderma",
        "orbital-cellulitis": "orbital cellulitis",
        "dress": "drug reaction with eosinophilia (DRESS)",
    },
}

CONDITIONS: dict[str, Condition] = {
    slug: Condition(slug, title, disease_class)
    for disease_class, titles in _TITLES_BY_CLASS.items()
    for slug, title in titles.items()
}

CLASSES: tuple[str, ...] = tuple(_TITLES_BY_CLASS)
"""The paper's fifteen classes plus the emergencies, which the paper does not have."""

KINDS: dict[Domain, tuple[str, ...]] = {
    Domain.PHONE: (
        "melanocytic-naevus",
        "melanoma",
        "basal-cell-carcinoma",
        "actinic-keratosis",
        "squamous-cell-carcinoma",
        "seborrhoeic-keratosis",
    ),
    Domain.DERMOSCOPY: (
        "melanocytic-naevus",
        "melanoma",
        "basal-cell-carcinoma",
        "actinic-keratosis",
        "seborrhoeic-keratosis",
        "dermatofibroma",
        "cherry-angioma",
    ),
}
"""The lesion kinds the training pictures of each domain hold."""

NOT_SKIN, HEALTHY_SKIN, CANNOT_TELL = "not-skin", "healthy-skin", "cannot-tell"

CHOICES: tuple[str, ...] = (
    "melanocytic-naevus",
    "melanoma",
    "basal-cell-carcinoma",
    "actinic-keratosis",
    "squamous-cell-carcinoma",
    "seborrhoeic-keratosis",
    "dermatofibroma",
    "cherry-angioma",
    NOT_SKIN,
    HEALTHY_SKIN,
    CANNOT_TELL,
)
"""What the model may answer to the choice question, one token each."""

EMERGENCIES: frozenset[str] = frozenset(
    {*_TITLES_BY_CLASS["emergencies"], "stevens-johnson-syndrome", "eczema-herpeticum", "angioedema"}
)
"""Illnesses of which no one may be told to wait, or to ask a pharmacist, whatever else was said."""
MALIGNANT: frozenset[str] = frozenset({"melanoma", "basal-cell-carcinoma", "squamous-cell-carcinoma", "bowen-disease"})

QUESTIONS: tuple[str, str, str, str] = (
    "Could you describe the skin disease in this image for me?",
    "Please provide a paragraph listing additional features you observed in the image.",
    "Based on the previous information, please provide a detailed explanation of the cause of this skin disease.",
    "What treatment and medication should be recommended for this case?",
)
"""The four questions the paper asks of every case (Methods)."""

CHOICE_QUESTION = "How was this picture taken, and which one is it?"
"""Asked before the four: answered by a domain token, then a choice token, whose probabilities are the findings."""

SIGNS: dict[str, tuple[str, str]] = {
    "itch": ("itches", "does not itch"),
    "grew": ("has grown", "has not grown"),
    "hurt": ("hurts", "does not hurt"),
    "changed": ("has changed", "has not changed"),
    "bleed": ("bleeds", "does not bleed"),
    "elevation": ("raised", "flat"),
}
"""What a patient may say of a lesion (PAD-UFES-20's anamnesis), in words for yes and for no."""


def facts_in_words(age: int | None, region: str | None, signs: Mapping[str, bool | None]) -> str:
    """What is known of the patient as the prompt has it, "Patient: age 58, face, itches. ", or "" for nothing.

    The model is trained on exactly this form, so whoever asks the model must use it.
    """
    told = [f"age {age}"] if age is not None else []
    told += [region.lower()] if region else []
    told += [SIGNS[sign][0 if signs[sign] else 1] for sign in SIGNS if signs.get(sign) is not None]
    return f"Patient: {', '.join(told)}. " if told else ""


def prompt(image: str, question: str, facts: str = "") -> str:
    """The paper's prompt form around one picture; `image` is whatever stands for the picture at that border."""
    return f"###Human: <Img>{image}</Img> {facts}{question} ###Assistant:"
