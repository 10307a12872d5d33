"""A copy of the record in one SQLite file, and back: what a backup holds, whichever database the record is in.

The copy's values are as sealed as the record's.
"""

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import func, select

from cases.database import CaseDatabase
from cases.erasure import forget
from cases.errors import BackupBroken
from cases.tables import ForgottenRow, PatientRow
from cases.tables import Table as Tables
from database_copy import copy_sqlite, copy_table

_ROWS: Final = 50


def is_empty(db: CaseDatabase) -> bool:
    """Whether nobody's record is in the database, nor ever was."""
    with db.read() as session:
        rows = [session.scalar(select(func.count()).select_from(table)) for table in (PatientRow, ForgottenRow)]
    return not any(rows)


def copy_file(db: CaseDatabase, to: Path) -> None:
    """Copy a record that is a SQLite file, as it is at one moment, into the new file `to`; nobody has to wait."""
    to.touch(mode=0o600)
    copy_sqlite(str(db.engine.url.database), to)


def copy_rows(source: CaseDatabase, target: CaseDatabase) -> None:
    """Copy a record, as it is at one moment, into the empty `target`, whichever databases they are in.

    Raises DatabaseUnavailable.
    """
    with source.read() as reading, target.write() as writing:
        if source.engine.dialect.name == "postgresql":
            reading.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        for table in Tables.metadata.sorted_tables:
            copy_table(reading.connection(), writing.connection(), table, _ROWS)


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
