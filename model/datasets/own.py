"""Any folder of pictures with a `metadata.csv`: how to bring a data set of one's own.

Columns: `file` (or `image`), below the folder · `slug` (a condition of the library) or `class` (one of the paper's)
· and, where known, `split` · `group` (patient or lesion) · `domain` (phone, dermoscopy) · `concepts` (SKINCON's,
separated by `;`) · `notes` · `fitzpatrick` · the patient facts `age`, `region`, `itch`, `grew`, `hurt`, `changed`,
`bleed`, `elevation`.
"""

from pathlib import Path

from conditions import CLASSES, CONDITIONS, SIGNS, Domain
from model.concepts import CONCEPTS
from model.datasets.record import PatientFacts, Reading, SkinRecord
from model.datasets.table import BadRow, Row, known, number, read_rows, read_table, yes_no


def read_own(folder: Path) -> Reading:
    """Every row of `folder/metadata.csv`.

    Raises:
        DataSetError: the table is missing.
    """
    table = folder / "metadata.csv"
    return read_rows(table, read_table(table), lambda row: _record(folder, row))


def _record(folder: Path, row: Row) -> SkinRecord:
    file = known(row, "file") or known(row, "image")
    if not file:
        raise BadRow("no file is named")
    path = (folder / file).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise BadRow(f"{file!r} lies outside the folder")
    slug, disease_class = known(row, "slug") or None, known(row, "class") or None
    if slug is not None and slug not in CONDITIONS:
        raise BadRow(f"unknown slug {slug!r}: see conditions.CONDITIONS")
    if disease_class is not None and disease_class not in CLASSES:
        raise BadRow(f"unknown class {disease_class!r}: one of {', '.join(CLASSES)}")
    if slug is None and disease_class is None:
        raise BadRow("neither slug nor class is given")
    domain = known(row, "domain").lower() or Domain.PHONE
    if domain not in tuple(Domain):
        raise BadRow(f"unknown domain {domain!r}: phone or dermoscopy")
    concepts = tuple(word.strip() for word in row.get("concepts", "").split(";") if word.strip())
    strange = [concept for concept in concepts if concept not in CONCEPTS]
    if strange:
        raise BadRow(f"unknown concept {strange[0]!r}: SKINCON's spelling is needed")
    return SkinRecord(
        path=path,
        slug=slug,
        domain=Domain(domain),
        group=known(row, "group") or file,
        split=row.get("split", "").strip(),
        facts=PatientFacts(
            age=number(row, "age", 0, 120),
            region=known(row, "region").lower() or None,
            **{sign: yes_no(row, sign) for sign in SIGNS},
        ),
        disease_class=disease_class,
        concepts=concepts,
        notes=known(row, "notes"),
        skin_type=number(row, "fitzpatrick", 1, 6),
    )
