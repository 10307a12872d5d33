"""SKINCON's 48 clinical concepts and how they are put into words (step 1).

A concept is said of a picture only where it was measured in it or annotated on it. How often a concept comes with a
condition (`model.datasets.skincon.concept_shares`) is a weak label: it may teach, marked as "often", and is never
something that was seen.

Sources: Daneshjou et al., SkinCon, NeurIPS 2022 (the concepts); Zhou et al. 2024, Methods (step 1's sentences).
"""

from collections.abc import Mapping, Sequence
from random import Random

CONCEPTS: tuple[str, ...] = (
    "Vesicle",
    "Papule",
    "Macule",
    "Plaque",
    "Abscess",
    "Pustule",
    "Bulla",
    "Patch",
    "Nodule",
    "Ulcer",
    "Crust",
    "Erosion",
    "Excoriation",
    "Atrophy",
    "Exudate",
    "Purpura/Petechiae",
    "Fissure",
    "Induration",
    "Xerosis",
    "Telangiectasia",
    "Scale",
    "Scar",
    "Friable",
    "Sclerosis",
    "Pedunculated",
    "Exophytic/Fungating",
    "Warty/Papillomatous",
    "Dome-shaped",
    "Flat topped",
    "Brown(Hyperpigmentation)",
    "Translucent",
    "White(Hypopigmentation)",
    "Purple",
    "Yellow",
    "Black",
    "Erythema",
    "Comedo",
    "Lichenification",
    "Blue",
    "Umbilicated",
    "Poikiloderma",
    "Salmon",
    "Wheal",
    "Acuminate",
    "Burrow",
    "Gray",
    "Pigmented",
    "Cyst",
)

CONCEPT_QUESTION = "Could you describe the medical concepts of skin disease in this image for me?"
"""Step 1's question, as the authors ask it."""

COLOUR_CONCEPTS: Mapping[str, tuple[str, ...]] = {
    "black": ("Black",),
    "blue-grey": ("Blue", "Gray"),
    "white": ("White(Hypopigmentation)",),
    "reddish brown": ("Brown(Hyperpigmentation)", "Erythema"),
    "red": ("Erythema",),
    "pink": ("Salmon",),
    "dark brown": ("Brown(Hyperpigmentation)", "Pigmented"),
    "yellow": ("Yellow",),
    "brown": ("Brown(Hyperpigmentation)", "Pigmented"),
    "light brown": ("Brown(Hyperpigmentation)",),
}
"""The concepts that a measured colour is (`model.measure`)."""

OFTEN = 0.4
"""A concept comes with a condition "often" from this share of its annotated pictures on."""

_FORMS = (
    "The skin lesion in this image shows {concepts}.",
    "In this image the following can be seen: {concepts}.",
    "This image shows a lesion with these clinical concepts: {concepts}.",
)
_OFTEN_FORMS = (
    "Lesions like this often show {concepts}, which this image alone does not prove.",
    "Often, not necessarily here, such lesions have {concepts}.",
)


def measured_concepts(colours: Sequence[str]) -> tuple[str, ...]:
    """The concepts that measured colours are. Shape and surface are no concepts of SKINCON's by themselves: what is
    raised may be a papule, a plaque or a nodule.
    """
    found = [concept for colour in colours for concept in COLOUR_CONCEPTS[colour]]
    return tuple(concept for concept in CONCEPTS if concept in found)


def concept_sentence(concepts: Sequence[str], rng: Random) -> str:
    """Step 1's answer for concepts that were measured in or annotated on the picture."""
    if not concepts:
        return "No clinical concept can be made out in this image."
    return rng.choice(_FORMS).format(concepts=_listed(concepts))


def often_sentence(shares: Mapping[str, float], rng: Random) -> str:
    """What often comes with a condition, said as such; "" where nothing does."""
    often = [concept for concept in CONCEPTS if shares.get(concept, 0.0) >= OFTEN]
    return rng.choice(_OFTEN_FORMS).format(concepts=_listed(often)) if often else ""


def _listed(concepts: Sequence[str]) -> str:
    words = [concept.replace("(", " (").lower() for concept in concepts]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
