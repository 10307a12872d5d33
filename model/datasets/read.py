"""Which adapter reads a folder: decided by what lies in it."""

from collections.abc import Callable
from pathlib import Path

from model.datasets.dermnet import is_dermnet, read_dermnet
from model.datasets.ham10000 import read_ham10000
from model.datasets.own import read_own
from model.datasets.pad_ufes_20 import read_pad_ufes_20
from model.datasets.record import Reading
from model.datasets.skincon import FITZPATRICK17K, read_skincon
from model.datasets.table import read_table
from model.errors import DataSetError


def adapter(folder: Path) -> tuple[str, Callable[[Path], Reading]]:
    """The name of the form `folder` has, and what reads it.

    Raises:
        DataSetError: the folder is missing, empty or of no known form.
    """
    if not folder.is_dir():
        raise DataSetError(f"{folder} is no folder: --data wants the folder that holds metadata.csv or the pictures")
    if (folder / FITZPATRICK17K).is_file():
        return "SKINCON", read_skincon
    table = folder / "metadata.csv"
    if not table.is_file() and is_dermnet(folder):
        return "Dermnet", read_dermnet
    rows = read_table(table)
    if not rows:
        raise DataSetError(f"{table} has no rows")
    columns = set(rows[0])
    if "dx" in columns:
        return "HAM10000", read_ham10000
    if "diagnostic" in columns:
        return "PAD-UFES-20", read_pad_ufes_20
    if columns & {"slug", "class"} and columns & {"file", "image"}:
        return "own table", read_own
    raise DataSetError(
        f"{table} is of no known form: it has neither a column dx (HAM10000), nor diagnostic (PAD-UFES-20), "
        "nor file with slug or class (model/datasets/own.py)"
    )


def read_data(folder: Path) -> Reading:
    """The records of `folder`, whatever form it has, and what could not be used.

    Raises:
        DataSetError: the folder is of no known form.
    """
    return adapter(folder)[1](folder)
