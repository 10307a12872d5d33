"""Copies of a room's database, from whichever server to whichever: what a backup or a rehearsal is made of."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Table, delete, func, insert, select


def copy_sqlite(source: str | Path, target: Path) -> None:
    """Copy a SQLite database, as it is at one moment, into the file `target`; nobody has to wait."""
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as written:
        read.backup(written)


def copy_table(source: Connection, target: Connection, table: Table, at_once: int) -> None:
    """Make the rows of a table those of `source`, `at_once` of them in memory."""
    target.execute(delete(table))
    rows = source.execution_options(yield_per=at_once).execute(select(table).order_by(*table.primary_key))
    for batch in rows.mappings().partitions(at_once):
        target.execute(insert(table), [dict(row) for row in batch])
    if target.dialect.name == "postgresql":
        _go_on_counting(target, table)


def _go_on_counting(target: Connection, table: Table) -> None:
    """Postgres counts on from the highest number, so that none is used twice."""
    column = table.autoincrement_column
    if column is not None:
        highest = target.execute(select(func.max(column))).scalar_one()
        if highest is not None:
            target.execute(select(func.setval(func.pg_get_serial_sequence(table.name, column.name), highest)))
