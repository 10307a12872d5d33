"""Dermnet's folders, 23 of them (`train/` and `test/` with one folder a class), as the paper's classes.

Source of the classes: Zhou et al. 2024, Table 2. The folders mix conditions, so a picture has a class and no slug.
"""

from collections.abc import Mapping
from pathlib import Path

from conditions import Domain
from model.datasets.record import Fault, Reading, SkinRecord
from model.errors import DataSetError

FOLDER_CLASSES: Mapping[str, str] = {
    "Acne and Rosacea Photos": "acne-rosacea",
    "Actinic Keratosis Basal Cell Carcinoma and other Malignant Lesions": "malignant-lesions",
    "Atopic Dermatitis Photos": "dermatitis",
    "Bullous Disease Photos": "bullous",
    "Cellulitis Impetigo and other Bacterial Infections": "bacterial",
    "Eczema Photos": "dermatitis",
    "Exanthems and Drug Eruptions": "dermatitis",
    "Hair Loss Photos Alopecia and other Hair Diseases": "others",
    "Herpes HPV and other STDs Photos": "herpes",
    "Light Diseases and Disorders of Pigmentation": "light",
    "Lupus and other Connective Tissue diseases": "connective-tissue",
    "Melanoma Skin Cancer Nevi and Moles": "melanoma-naevi",
    "Nail Fungus and other Nail Disease": "fungal",
    "Poison Ivy Photos and other Contact Dermatitis": "dermatitis",
    "Psoriasis pictures Lichen Planus and related diseases": "psoriasis-lichen-planus",
    "Scabies Lyme Disease and other Infestations and Bites": "infestations-bites",
    "Seborrheic Keratoses and other Benign Tumors": "benign-tumours",
    "Systemic Disease": "others",
    "Tinea Ringworm Candidiasis and other Fungal Infections": "fungal",
    "Urticaria Hives": "urticaria",
    "Vascular Tumors": "vascular",
    "Vasculitis Photos": "others",
    "Warts Molluscum and other Viral Infections": "others",
}

_BY_NAME = {name.lower(): disease_class for name, disease_class in FOLDER_CLASSES.items()}
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})


def is_dermnet(folder: Path) -> bool:
    """Whether `folder` has Dermnet's folders, below `train/` and `test/` or directly."""
    return any(inner.name.lower() in _BY_NAME for _, inner in _class_folders(folder))


def read_dermnet(folder: Path) -> Reading:
    """Every picture; the folders' own split, or `train` where there is none. A group is a picture's name without its
    number, since Dermnet numbers the pictures of one patient on.

    Raises:
        DataSetError: no folder has a name of Dermnet's.
    """
    records, faults = [], []
    for split, inner in _class_folders(folder):
        disease_class = _BY_NAME.get(inner.name.lower())
        if disease_class is None:
            faults.append(Fault(str(inner.relative_to(folder)), "not one of Dermnet's 23 folders"))
            continue
        for path in sorted(inner.iterdir()):
            if path.suffix.lower() not in _SUFFIXES:
                faults.append(Fault(str(path.relative_to(folder)), "not a picture"))
                continue
            records.append(
                SkinRecord(
                    path, None, Domain.PHONE, path.stem.rstrip("0123456789-_ "), split, disease_class=disease_class
                )
            )
    if not records:
        raise DataSetError(f"{folder} holds none of Dermnet's folders (such as {next(iter(FOLDER_CLASSES))!r})")
    return Reading(tuple(records), tuple(faults))


def _class_folders(folder: Path) -> list[tuple[str, Path]]:
    found = []
    for inner in sorted(path for path in folder.iterdir() if path.is_dir()):
        if inner.name in ("train", "val", "test"):
            found += [(inner.name, deepest) for deepest in sorted(inner.iterdir()) if deepest.is_dir()]
        else:
            found.append(("train", inner))
    return found
