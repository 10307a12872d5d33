"""PAD-UFES-20: smartphone photos of six kinds of lesion (Pacheco et al., Data in Brief 32, 2020; CC BY 4.0)."""

from collections.abc import Mapping
from pathlib import Path

from conditions import SIGNS, Domain
from model.datasets.record import PatientFacts, Reading, SkinRecord
from model.datasets.table import BadRow, Row, known, number, read_rows, read_table, yes_no

KIND_SLUGS = {
    "NEV": "melanocytic-naevus",
    "MEL": "melanoma",
    "BCC": "basal-cell-carcinoma",
    "ACK": "actinic-keratosis",
    "SCC": "squamous-cell-carcinoma",
    "SEK": "seborrhoeic-keratosis",
}


def read_pad_ufes_20(folder: Path) -> Reading:
    """Every row of `folder/metadata.csv`, photos and cut-outs, in the file's order; skin types from `strata.csv`.

    Raises:
        DataSetError: the table is missing.
    """
    table = folder / "metadata.csv"
    types = _skin_types(folder / "strata.csv")
    return read_rows(table, read_table(table), lambda row: _record(folder, row, types))


def _skin_types(strata: Path) -> Mapping[str, int | None]:
    rows = read_table(strata) if strata.is_file() else []
    return {row.get("img_id", ""): number(row, "fitzpatrick", 1, 6) for row in rows}


def _record(folder: Path, row: Row, types: Mapping[str, int | None]) -> SkinRecord:
    image, kind = known(row, "img_id"), known(row, "diagnostic").upper()
    if kind not in KIND_SLUGS:
        raise BadRow(f"unknown diagnosis {row.get('diagnostic', '')!r} at {image or 'a row without img_id'}")
    file = known(row, "file") or image
    if not file:
        raise BadRow("neither file nor img_id names a picture")
    return SkinRecord(
        path=folder / file,
        slug=KIND_SLUGS[kind],
        domain=Domain.PHONE,
        group=known(row, "patient_id") or image,
        split=row.get("split", "").strip(),
        facts=PatientFacts(
            age=number(row, "age", 0, 120),
            region=known(row, "region").lower() or None,
            **{sign: yes_no(row, sign) for sign in SIGNS},
        ),
        skin_type=types.get(image) or number(row, "fitzpatrick", 1, 6),
        cutout=known(row, "kind").lower() not in ("", "photo"),
    )
