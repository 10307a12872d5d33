"""Each migration up and down on tables that hold rows: what survives is the same as before, and older programs go on.

With SKINGPT_TEST_POSTGRES=postgresql+psycopg://USER@HOST/NAME the same tests run on that database; all that it holds is
lost.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory

import cases.schema
import cases.tables
import knowledge.schema
import knowledge.tables

POSTGRES = os.environ.get("SKINGPT_TEST_POSTGRES")
Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Room:
    """A room with tables of its own. `derived`: prefixes of tables that are made from the others, as an index is."""

    name: str
    folder: Path
    metadata: sa.MetaData
    version_table: str
    derived: tuple[str, ...] = ("alembic_version", "library_version", "sqlite_", "schema_support", "library_support")

    @property
    def steps(self) -> list[Script]:
        return list(ScriptDirectory(str(self.folder)).walk_revisions())[::-1]


OF_ONE_DATABASE = ("one_live", "publication_facts")
"""Indexes that the metadata does not name: they are made for one of the two databases, or by a condition."""
ROOMS = (
    Room("cases", cases.schema.MIGRATIONS, cases.tables.Table.metadata, "alembic_version"),
    Room(
        "knowledge",
        knowledge.schema.MIGRATIONS,
        knowledge.tables.metadata,
        "library_version" if POSTGRES else "alembic_version",
        ("alembic_version", "library_version", "sqlite_", "library_support", "chunk_word", "name_word"),
    ),
)
STEPS = [
    pytest.param(room, before.revision, after, id=f"{room.name}-{after.revision}")
    for room in ROOMS
    for before, after in zip(room.steps, room.steps[1:], strict=False)
]
"""Every step from one revision to the next; the first, from nothing, has no rows to keep."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = sa.create_engine(POSTGRES or f"sqlite:///{tmp_path / 'filled.db'}")
    if POSTGRES:
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
    else:
        sa.event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys = ON"))
    yield engine
    engine.dispose()


def migrate(engine: sa.Engine, room: Room, to: str, *, down: bool = False) -> None:
    with engine.connect() as connection:
        settings = Config()
        settings.set_main_option("script_location", str(room.folder))
        settings.attributes["connection"] = connection
        (command.downgrade if down else command.upgrade)(settings, to)
        if connection.in_transaction():
            connection.commit()


def reflected(engine: sa.Engine, room: Room) -> sa.MetaData:
    metadata = sa.MetaData()
    metadata.reflect(engine, only=lambda name, _: not name.startswith(room.derived))
    return metadata


def value_for(column: sa.Column[Any], number: int) -> Any:
    """Something of the column's type, another for each number."""
    kind = column.type
    if isinstance(kind, sa.LargeBinary):
        return bytes([number]) * 40
    if isinstance(kind, sa.DateTime):
        moment = datetime(2026, 3, number, 12, 30, 15, tzinfo=UTC)
        return moment if kind.timezone and POSTGRES else moment.replace(tzinfo=None)
    if isinstance(kind, sa.Date):
        return date(2026, 3, number)
    if isinstance(kind, sa.Boolean):
        return number % 2 == 0
    if isinstance(kind, sa.Float):
        return number + 0.5
    if isinstance(kind, sa.Integer):
        return number
    return f"{column.name}-{number}"[: getattr(kind, "length", None) or 200]


def fill(engine: sa.Engine, metadata: sa.MetaData, first: int = 1) -> None:
    """Two rows in every table, each referring to a row of the table it hangs on."""
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            for number in (first, first + 1):
                row = {column.name: value_for(column, number) for column in table.columns}
                for key in table.foreign_keys:
                    own = key.column.table is table
                    if own:  # the second of its table answers the first
                        row[key.parent.name] = None if number == first else value_for(key.column, first)
                    else:
                        row[key.parent.name] = value_for(key.column, number)
                connection.execute(table.insert().values(row))


def rows_of(engine: sa.Engine, metadata: sa.MetaData) -> Rows:
    with engine.connect() as connection:
        return {
            table.name: [
                dict(row._mapping) for row in connection.execute(sa.select(table).order_by(*table.primary_key.columns))
            ]
            for table in metadata.sorted_tables
        }


def shared(rows: Rows, columns: Mapping[str, set[str]]) -> Rows:
    """Of `rows` only those tables and columns."""
    return {
        table: [{name: value for name, value in row.items() if name in columns[table]} for row in found]
        for table, found in rows.items()
        if table in columns
    }


def columns_of(metadata: sa.MetaData) -> dict[str, set[str]]:
    return {table.name: {column.name for column in table.columns} for table in metadata.sorted_tables}


@pytest.mark.parametrize(("room", "before", "after"), STEPS)
def test_rows_survive_a_step_up_and_down(engine: sa.Engine, room: Room, before: str, after: Script) -> None:
    migrate(engine, room, before)
    old = reflected(engine, room)
    fill(engine, old)
    kept = rows_of(engine, old)
    assert all(len(rows) == 2 for rows in kept.values())

    migrate(engine, room, after.revision)
    new = reflected(engine, room)
    both = {name: columns & columns_of(new).get(name, set()) for name, columns in columns_of(old).items()}
    both = {name: columns for name, columns in both.items() if columns}
    assert shared(rows_of(engine, new), both) == shared(kept, both)

    fill(engine, new, first=11)  # rows of the new program, in every table
    migrate(engine, room, before, down=True)
    again = reflected(engine, room)
    assert columns_of(again) == columns_of(old)
    back = shared(rows_of(engine, again), both)
    assert all(row in back[table] for table, rows in shared(kept, both).items() for row in rows)

    migrate(engine, room, after.revision)
    assert columns_of(reflected(engine, room)) == columns_of(new)


@pytest.mark.parametrize(("room", "before", "after"), STEPS)
def test_the_program_before_can_still_write(engine: sa.Engine, room: Room, before: str, after: Script) -> None:
    """The rule of rolling upgrades: a step only adds, or says `contract = True`, and older programs then refuse."""
    if getattr(after.module, "contract", False):
        pytest.skip("marked as one that older programs cannot share")
    migrate(engine, room, before)
    old = reflected(engine, room)
    migrate(engine, room, after.revision)
    new = columns_of(reflected(engine, room))
    for table, columns in columns_of(old).items():
        assert columns <= new.get(table, set()), f"{table} lost something: set contract = True in {after.path}"
    fill(engine, old)
    assert all(len(rows) == 2 for rows in rows_of(engine, old).values())


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_the_newest_tables_are_what_the_program_expects(engine: sa.Engine, room: Room) -> None:
    migrate(engine, room, "head")
    expected = {name for name in room.metadata.tables if not name.startswith(("chunk_word", "name_word"))}

    def ours(_object: Any, name: str | None, kind: str, _reflected: bool, _to: Any) -> bool:
        return kind != "table" or name in expected

    with engine.connect() as connection:
        options = {"compare_type": True, "include_object": ours, "version_table": room.version_table}
        context = MigrationContext.configure(connection, opts=options)
        found = compare_metadata(context, room.metadata)
    differences = [each for each in found if not any(name in str(each) for name in OF_ONE_DATABASE)]
    assert differences == []


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_all_the_way_down_nothing_is_left(engine: sa.Engine, room: Room) -> None:
    migrate(engine, room, "head")
    fill(engine, reflected(engine, room))
    migrate(engine, room, "base", down=True)
    assert set(sa.inspect(engine).get_table_names()) <= {room.version_table, "sqlite_sequence"}
