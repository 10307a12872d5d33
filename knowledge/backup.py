"""A copy of the library in one SQLite file, and back: what a backup holds, whichever database the library is in.

Word search is made anew from what is live; the vector index is not in it and is rebuilt from here.
"""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, func, make_url, select

from database_copy import copy_sqlite, copy_table
from knowledge import catalogue, tables
from knowledge.database import open_database, reading, writing
from knowledge.errors import ChangeRefused
from knowledge.keyword_index import comparable, keyword_index
from knowledge.settings import KnowledgeSettings

_ROWS: Final = 200


def copy_library(settings: KnowledgeSettings, to: Path) -> bool:
    """Copy the library, as it is at one moment, into the new file `to`; False: there is none yet.

    Raises LibraryUnavailable.
    """
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        if not url.database or not Path(url.database).exists():
            return False
        copy_sqlite(url.database, to)
        return True
    source_engine, copy = open_database(settings), _open_file(to)
    try:
        _copy_rows(source_engine, copy)
    finally:
        source_engine.dispose()
        copy.dispose()
    return True


def bring_back(settings: KnowledgeSettings, file: Path) -> None:
    """Put the copy `file` where the settings say that the library is; the copy may be moved there.

    Raises ChangeRefused where a library is there already, or LibraryUnavailable.
    """
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        place = Path(url.database or "knowledge.db")
        if place.exists():
            raise ChangeRefused(f"{place} is there already: restore where there is no library")
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.replace(place)
        return
    copy, target = _open_file(file), open_database(settings)
    try:
        with reading(target) as connection:
            if connection.execute(select(func.count()).select_from(tables.publications)).scalar_one():
                raise ChangeRefused("the database that SKINGPT_KNOWLEDGE_URL names holds a library already")
        _copy_rows(copy, target)
    finally:
        copy.dispose()
        target.dispose()


def _open_file(file: Path) -> Engine:
    return open_database(KnowledgeSettings(data=file.parent, knowledge_url=f"sqlite:///{file}", migrate=True))


def _copy_rows(source: Engine, target: Engine) -> None:
    with reading(source) as rows, writing(target) as copy:
        for table in tables.metadata.sorted_tables:
            copy_table(rows, copy, table, _ROWS)
        _make_findable(copy)


def _make_findable(copy: Connection) -> None:
    index = keyword_index(copy)
    chunks = [
        (row.row, comparable(row.title), comparable(row.section), comparable(row.text))
        for row in catalogue.live_chunks(copy)
    ]
    index.add_chunks(copy, chunks)
    index.add_names(copy, [(row.row, comparable(row.phrase)) for row in catalogue.live_names(copy)])
