"""HAM10000: dermoscopy of seven kinds of lesion (Tschandl et al., Scientific Data 5:180161, 2018; CC BY-NC)."""

from pathlib import Path

from conditions import Domain
from model.datasets.pad_ufes_20 import read_table
from model.datasets.record import LesionRecord, PatientFacts
from model.errors import DataSetError

KIND_SLUGS = {
    "nv": "melanocytic-naevus",
    "mel": "melanoma",
    "bcc": "basal-cell-carcinoma",
    "akiec": "actinic-keratosis",
    "bkl": "seborrhoeic-keratosis",
    "df": "dermatofibroma",
    "vasc": "cherry-angioma",
}


def read_ham10000(folder: Path) -> list[LesionRecord]:
    """Every row of `folder/metadata.csv`, in the file's order.

    Raises:
        DataSetError: the table is missing or names a kind this adapter does not know.
    """
    return [_record(folder, row) for row in read_table(folder)]


def _record(folder: Path, row: dict[str, str]) -> LesionRecord:
    if row["dx"] not in KIND_SLUGS:
        raise DataSetError(f"{folder}: unknown kind {row['dx']!r} at {row['image_id']}")
    region = row["localization"].strip().lower()
    facts = PatientFacts(
        age=int(float(row["age"])) if row["age"] else None,
        region=None if region in ("", "unknown") else region,
    )
    return LesionRecord(
        path=folder / "images" / f"{row['image_id']}.jpg",
        choice=KIND_SLUGS[row["dx"]],
        domain=Domain.DERMOSCOPY,
        group=row["lesion_id"],
        split=row["split"],
        facts=facts,
    )
