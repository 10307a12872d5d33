"""PAD-UFES-20: smartphone photos of six kinds of lesion (Pacheco et al., Data in Brief 32, 2020; CC BY 4.0)."""

import csv
from pathlib import Path

from conditions import Domain
from model.datasets.record import LesionRecord, PatientFacts
from model.errors import DataSetError

KIND_SLUGS = {
    "NEV": "melanocytic-naevus",
    "MEL": "melanoma",
    "BCC": "basal-cell-carcinoma",
    "ACK": "actinic-keratosis",
    "SCC": "squamous-cell-carcinoma",
    "SEK": "seborrhoeic-keratosis",
}


def read_pad_ufes_20(folder: Path) -> list[LesionRecord]:
    """Every row of `folder/metadata.csv`, photos and cut-outs, in the file's order.

    Raises:
        DataSetError: the table is missing or names a diagnosis this adapter does not know.
    """
    return [_record(folder, row) for row in read_table(folder)]


def read_table(folder: Path) -> list[dict[str, str]]:
    """The rows of `folder/metadata.csv`.

    Raises:
        DataSetError: there is no such file.
    """
    table = folder / "metadata.csv"
    if not table.is_file():
        raise DataSetError(f"{table} is missing: point --data at the folder that holds metadata.csv")
    with table.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def _record(folder: Path, row: dict[str, str]) -> LesionRecord:
    if row["diagnostic"] not in KIND_SLUGS:
        raise DataSetError(f"{folder}: unknown diagnosis {row['diagnostic']!r} at {row['img_id']}")
    facts = PatientFacts(
        age=int(float(row["age"])) if row["age"] else None,
        region=row["region"].lower() or None,
        itch=_yes_no(row["itch"]),
        grew=_yes_no(row["grew"]),
        hurt=_yes_no(row["hurt"]),
        changed=_yes_no(row["changed"]),
        bleed=_yes_no(row["bleed"]),
        elevation=_yes_no(row["elevation"]),
    )
    return LesionRecord(
        path=folder / row["file"],
        choice=KIND_SLUGS[row["diagnostic"]],
        domain=Domain.PHONE,
        group=row["patient_id"],
        split=row["split"],
        facts=facts,
        cutout=row["kind"] != "photo",
    )


def _yes_no(cell: str) -> bool | None:
    return {"true": True, "false": False}.get(cell.strip().lower())
