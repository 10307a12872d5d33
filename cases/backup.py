"""A copy of the record in one SQLite file, and back: what a backup holds, whichever database the record is in.

The copy's values are as sealed as the record's.
"""

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Table, delete, func, insert, select

from cases.database import CaseDatabase
from cases.erasure import forget
from cases.errors import BackupBroken
from cases.tables import ForgottenRow, PatientRow
from cases.tables import Table as Tables

_ROWS: Final = 50


def is_empty(db: CaseDatabase) -> bool:
    """Whether nobody's record is in the database, nor ever was."""
    with db.read() as session:
        rows = [session.scalar(select(func.count()).select_from(table)) for table in (PatientRow, ForgottenRow)]
    return not any(rows)


def copy_file(db: CaseDatabase, to: Path) -> None:
    """Copy a record that is a SQLite file, as it is at one moment, into the new file `to`; nobody has to wait."""
    to.touch(mode=0o600)
    with closing(sqlite3.connect(str(db.engine.url.database))) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)


def copy_rows(source: CaseDatabase, target: CaseDatabase) -> None:
    """Copy a record, as it is at one moment, into the empty `target`, whichever databases they are in.

    Raises DatabaseUnavailable.
    """
    with source.read() as reading, target.write() as writing:
        if source.engine.dialect.name == "postgresql":
            reading.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        for table in Tables.metadata.sorted_tables:
            writing.execute(delete(table))
            _copy_table(reading.connection(), writing.connection(), table)
            if target.engine.dialect.name == "postgresql":
                _go_on_counting(writing.connection(), table)


def _copy_table(source: Connection, target: Connection, table: Table) -> None:
    rows = source.execution_options(yield_per=_ROWS).execute(select(table).order_by(*table.primary_key))
    for batch in rows.mappings().partitions(_ROWS):
        target.execute(insert(table), [dict(row) for row in batch])


def _go_on_counting(target: Connection, table: Table) -> None:
    """Postgres counts on from the highest number, so that none is used twice."""
    column = table.autoincrement_column
    if column is not None:
        highest = target.execute(select(func.max(column))).scalar_one()
        if highest is not None:
            sequence = func.pg_get_serial_sequence(table.name, column.name)
            target.execute(select(func.setval(sequence, highest)))


def revision_of(copy: Path) -> str:
    """Which migration the copy's tables have. Raises BackupBroken where it is no sound record."""
    try:
        with closing(sqlite3.connect(copy)) as database:
            (found,) = database.execute("PRAGMA integrity_check").fetchone()
            if found == "ok":
                (revision,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
                return str(revision)
    except (sqlite3.DatabaseError, TypeError):
        pass
    raise BackupBroken("The database in this backup is not sound: use another copy.")


def forgotten(db: CaseDatabase) -> dict[int, datetime]:
    """The numbers of patients who were erased, and when."""
    with db.read() as session:
        return {row.patient_id: row.erased for row in session.scalars(select(ForgottenRow))}


def forget_again(db: CaseDatabase, gone: dict[int, datetime]) -> int:
    """Erase the patients who were erased after this record was copied; how many. Raises ErasureUnfinished.

    A number that was given again, to a patient who came after that erasure, is somebody else's.
    """
    with db.read() as session:
        there = session.execute(select(PatientRow.id, PatientRow.created).where(PatientRow.id.in_(gone))).all()
    back = [patient_id for patient_id, created in there if created <= gone[patient_id]]
    for patient_id in back:
        forget(db, patient_id)
    return len(back)
