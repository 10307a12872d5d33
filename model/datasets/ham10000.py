"""HAM10000: dermoscopy of seven kinds of lesion (Tschandl et al., Scientific Data 5:180161, 2018; CC BY-NC)."""

from pathlib import Path

from conditions import Domain
from model.datasets.record import PatientFacts, Reading, SkinRecord
from model.datasets.table import BadRow, Row, known, number, read_rows, read_table

KIND_SLUGS = {
    "nv": "melanocytic-naevus",
    "mel": "melanoma",
    "bcc": "basal-cell-carcinoma",
    "akiec": "actinic-keratosis",
    "bkl": "seborrhoeic-keratosis",
    "df": "dermatofibroma",
    "vasc": "cherry-angioma",
}


def read_ham10000(folder: Path) -> Reading:
    """Every row of `folder/metadata.csv`, in the file's order.

    Raises:
        DataSetError: the table is missing.
    """
    table = folder / "metadata.csv"
    return read_rows(table, read_table(table), lambda row: _record(folder, row))


def _record(folder: Path, row: Row) -> SkinRecord:
    image, kind = known(row, "image_id"), known(row, "dx").lower()
    if kind not in KIND_SLUGS:
        raise BadRow(f"unknown kind {row.get('dx', '')!r} at {image or 'a row without image_id'}")
    return SkinRecord(
        path=folder / "images" / f"{image}.jpg",
        slug=KIND_SLUGS[kind],
        domain=Domain.DERMOSCOPY,
        group=known(row, "lesion_id") or image,
        split=row.get("split", "").strip(),
        facts=PatientFacts(
            age=number(row, "age", 0, 120),
            region=known(row, "localization").lower() or None,
        ),
        skin_type=number(row, "fitzpatrick", 1, 6),
    )
