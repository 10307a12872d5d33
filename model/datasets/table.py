"""Tables of data sets: rows, and cells that may be missing, blank or unreadable."""

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from model.datasets.record import Fault, Reading, SkinRecord
from model.errors import DataSetError

Row = Mapping[str, str]

UNKNOWN = frozenset({"", "unk", "unknown", "na", "nan", "none", "null", "-"})


class BadRow(ValueError):
    """A row cannot become a record; the message says why."""


def read_table(table: Path, *columns: str) -> list[dict[str, str]]:
    """The rows of a CSV file, which must have `columns`; cells a short row lacks are "".

    Raises:
        DataSetError: there is no such file, it is not a table in UTF-8, or a column is missing.
    """
    if not table.is_file():
        raise DataSetError(f"{table} is missing: point --data at the folder that holds {table.name}")
    try:
        with table.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.DictReader(lines)
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
            if missing:
                raise DataSetError(f"{table} has no column {', '.join(missing)}: is it the published table?")
            return [{k: v or "" for k, v in row.items() if isinstance(k, str)} for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataSetError(f"{table} is not a comma-separated table in UTF-8: {error}") from error


def read_rows(table: Path, rows: Sequence[Row], record: Callable[[Row], SkinRecord]) -> Reading:
    """A record of each row whose picture is there; a fault for every other."""
    records, faults = [], []
    for number, row in enumerate(rows, start=2):
        where = f"{table.name}:{number}"
        try:
            made = record(row)
            there = made.path.is_file()
        except BadRow as error:
            faults.append(Fault(where, str(error)))
            continue
        except OSError as error:
            faults.append(Fault(where, f"the picture cannot be looked for ({error.strerror})"))
            continue
        if there:
            records.append(made)
        else:
            faults.append(Fault(where, f"the picture {made.path.name} is missing"))
    return Reading(tuple(records), tuple(faults))


def known(row: Row, column: str) -> str:
    """The cell, stripped; "" where the column or the value is missing."""
    cell = row.get(column, "").strip()
    return "" if cell.lower() in UNKNOWN else cell


def number(row: Row, column: str, low: int, high: int) -> int | None:
    """The cell as a whole number; None where it is blank, no number or outside `low`–`high`."""
    try:
        value = float(known(row, column) or "nan")
    except ValueError:
        return None
    return int(value) if low <= value <= high else None


def yes_no(row: Row, column: str) -> bool | None:
    """The cell as yes or no; None where it is neither."""
    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(
        known(row, column).lower()
    )
