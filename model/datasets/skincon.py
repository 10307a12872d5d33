"""SKINCON: 48 clinical concepts annotated on Fitzpatrick17k and on DDI (Daneshjou et al., NeurIPS 2022).

The annotations name their pictures by the file names of the two sets, which everyone gets for themselves:
Fitzpatrick17k (Groh et al., CVPR Workshops 2021; CC BY-NC-SA 3.0) by MD5, in `images/`; DDI (Daneshjou et al., Science
Advances 8, 2022) in `ddi/` with its `ddi_metadata.csv`.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

from conditions import Domain
from model.concepts import CONCEPTS
from model.datasets.record import Fault, Reading, SkinRecord
from model.datasets.table import BadRow, Row, known, number, read_rows, read_table

FITZPATRICK17K = "annotations_fitzpatrick17k.csv"
DDI = "annotations_ddi.csv"
UNUSABLE = "Do not consider this image"

LABEL_SLUGS: Mapping[str, str] = {
    "acne": "acne-vulgaris",
    "acne vulgaris": "acne-vulgaris",
    "actinic keratosis": "actinic-keratosis",
    "allergic contact dermatitis": "contact-dermatitis",
    "basal cell carcinoma": "basal-cell-carcinoma",
    "basal cell carcinoma morpheiform": "basal-cell-carcinoma",
    "solid cystic basal cell carcinoma": "basal-cell-carcinoma",
    "basal-cell-carcinoma": "basal-cell-carcinoma",
    "basal-cell-carcinoma-nodular": "basal-cell-carcinoma",
    "basal-cell-carcinoma-superficial": "basal-cell-carcinoma",
    "squamous-cell-carcinoma": "squamous-cell-carcinoma",
    "squamous-cell-carcinoma-in-situ": "bowen-disease",
    "squamous-cell-carcinoma-keratoacanthoma": "squamous-cell-carcinoma",
    "melanoma-in-situ": "melanoma",
    "melanoma-acral-lentiginous": "melanoma",
    "nodular-melanoma-(nm)": "melanoma",
    "melanocytic-nevi": "melanocytic-naevus",
    "dysplastic-nevus": "melanocytic-naevus",
    "blue-nevus": "melanocytic-naevus",
    "seborrheic-keratosis": "seborrhoeic-keratosis",
    "seborrheic-keratosis-irritated": "seborrhoeic-keratosis",
    "actinic-keratosis": "actinic-keratosis",
    "epidermal-cyst": "epidermoid-cyst",
    "acrochordon": "skin-tag",
    "verruca-vulgaris": "warts",
    "molluscum-contagiosum": "molluscum-contagiosum",
    "dermatofibroma": "dermatofibroma",
    "dermatomyositis": "dermatomyositis",
    "drug eruption": "drug-eruption",
    "dyshidrotic eczema": "hand-eczema",
    "eczema": "atopic-dermatitis",
    "folliculitis": "folliculitis",
    "granuloma pyogenic": "pyogenic-granuloma",
    "pyogenic granuloma": "pyogenic-granuloma",
    "halo nevus": "melanocytic-naevus",
    "congenital nevus": "melanocytic-naevus",
    "nevocytic nevus": "melanocytic-naevus",
    "hidradenitis": "hidradenitis-suppurativa",
    "keratosis pilaris": "keratosis-pilaris",
    "lentigo maligna": "melanoma",
    "lichen planus": "lichen-planus",
    "lupus erythematosus": "cutaneous-lupus",
    "lupus subacute": "cutaneous-lupus",
    "lyme disease": "lyme-disease",
    "malignant melanoma": "melanoma",
    "melanoma": "melanoma",
    "superficial spreading melanoma ssm": "melanoma",
    "perioral dermatitis": "perioral-dermatitis",
    "pityriasis rosea": "pityriasis-rosea",
    "psoriasis": "psoriasis",
    "pustular psoriasis": "psoriasis",
    "rosacea": "rosacea",
    "scabies": "scabies",
    "scleroderma": "morphoea",
    "seborrheic dermatitis": "seborrhoeic-dermatitis",
    "seborrheic keratosis": "seborrhoeic-keratosis",
    "squamous cell carcinoma": "squamous-cell-carcinoma",
    "stevens johnson syndrome": "stevens-johnson-syndrome",
    "tick bite": "insect-bites",
    "urticaria": "urticaria",
    "vitiligo": "vitiligo",
}
"""The labels of Fitzpatrick17k (words) and DDI (hyphens) that the library has a page for; the others have no slug."""


def read_skincon(folder: Path) -> Reading:
    """Fitzpatrick17k's and, where they are there, DDI's annotated pictures; unlabelled kinds keep `slug=None`.

    Raises:
        DataSetError: neither table of annotations is there, or one has other columns.
    """
    records: list[SkinRecord] = []
    faults: list[Fault] = []
    labels = {row["md5hash"]: row for row in _optional(folder / "fitzpatrick17k.csv", "md5hash", "label")}
    diagnoses = {row["DDI_file"]: row for row in _optional(folder / "ddi_metadata.csv", "DDI_file")}
    for name, record in (
        (FITZPATRICK17K, lambda row: _fitzpatrick(folder, row, labels)),
        (DDI, lambda row: _ddi(folder, row, diagnoses)),
    ):
        if name == FITZPATRICK17K or (folder / name).is_file():
            reading = read_rows(folder / name, read_table(folder / name, "ImageID"), record)
            records += reading.records
            faults += reading.faults
    return Reading(tuple(records), tuple(faults))


def concept_shares(folder: Path) -> dict[str, dict[str, float]]:
    """P(concept | condition) over the annotated pictures of Fitzpatrick17k, one added to either side.

    Weak labels: they say how often a concept comes with a condition, never that this picture shows it.

    Raises:
        DataSetError: a table is missing or has other columns.
    """
    table = read_table(folder / "fitzpatrick17k.csv", "md5hash", "label")
    labels = {row["md5hash"]: LABEL_SLUGS.get(row["label"], "") for row in table}
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    pictures: Counter[str] = Counter()
    for row in read_table(folder / FITZPATRICK17K, "ImageID"):
        slug = labels.get(Path(row["ImageID"]).stem, "")
        if slug and row.get(UNUSABLE) != "1":
            pictures[slug] += 1
            counts[slug].update(_concepts(row))
    return {
        slug: {concept: round((counts[slug][concept] + 1) / (pictures[slug] + 2), 4) for concept in CONCEPTS}
        for slug in sorted(pictures)
    }


def _optional(table: Path, *columns: str) -> list[dict[str, str]]:
    return read_table(table, *columns) if table.is_file() else []


def _concepts(row: Row) -> tuple[str, ...]:
    return tuple(concept for concept in CONCEPTS if row.get(concept, "").strip() in ("1", "1.0"))


def _fitzpatrick(folder: Path, row: Row, labels: Mapping[str, Row]) -> SkinRecord:
    image = known(row, "ImageID")
    if row.get(UNUSABLE) == "1":
        raise BadRow(f"{image} is marked as not to be considered")
    label = labels.get(Path(image).stem)
    if label is None:
        raise BadRow(f"{image} has no label in fitzpatrick17k.csv")
    return SkinRecord(
        path=folder / "images" / image,
        slug=LABEL_SLUGS.get(label["label"]) or None,
        domain=Domain.PHONE,
        group=Path(image).stem,
        split=_split_by_name(Path(image).stem),
        concepts=_concepts(row),
        notes=label["label"],
        skin_type=number(label, "fitzpatrick_scale", 1, 6),
    )


def _ddi(folder: Path, row: Row, diagnoses: Mapping[str, Row]) -> SkinRecord:
    image = known(row, "ImageID")
    if row.get(UNUSABLE) == "1":
        raise BadRow(f"{image} is marked as not to be considered")
    told = diagnoses.get(image, {})
    return SkinRecord(
        path=folder / "ddi" / image,
        slug=LABEL_SLUGS.get(known(told, "disease")) or None,
        domain=Domain.PHONE,
        group=image,
        split=_split_by_name(image),
        concepts=_concepts(row),
        notes=known(told, "disease"),
        skin_type={"12": 2, "34": 4, "56": 6}.get(known(told, "skin_tone")),
    )


def _split_by_name(name: str) -> str:
    """Neither set has a split of its own: a tenth each for `val` and `test`, by a hash that never changes."""
    return {0: "test", 1: "val"}.get(int(hashlib.sha256(name.encode()).hexdigest(), 16) % 10, "train")
