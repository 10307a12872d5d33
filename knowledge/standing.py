"""What the library holds, in figures, for `./run doctor` and the metrics: the tables as they are, without any index."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import Connection, create_engine, func, inspect, make_url, select

from knowledge import catalogue, tables
from knowledge.settings import KnowledgeSettings


@dataclass(frozen=True, slots=True)
class LibraryStanding:
    """Live guidelines and passages; `newest` is the number of the latest publication, `overdue` by `review_by`."""

    guidelines: int
    passages: int
    unreviewed: int
    overdue: int
    newest: int


def is_new(settings: KnowledgeSettings) -> bool:
    """Whether the library is a file that nobody has made yet."""
    url = make_url(settings.database_url)
    return url.get_backend_name() == "sqlite" and not Path(url.database or "").exists()


@contextmanager
def as_it_is(settings: KnowledgeSettings) -> Iterator[Connection]:
    """The library with whatever tables it has: nothing is made or migrated. Raises SQLAlchemy's errors."""
    engine = create_engine(settings.database_url, hide_parameters=True)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def library_standing(settings: KnowledgeSettings, today: date | None = None) -> LibraryStanding | None:
    """How the library stands; None before its tables are there. Raises SQLAlchemy's errors."""
    if is_new(settings):
        return None
    with as_it_is(settings) as connection:
        if not inspect(connection).has_table(tables.publications.name):
            return None
        live = catalogue.live_versions(connection)
        _, passages = catalogue.live_counts(connection)
        newest = connection.execute(select(func.max(tables.publications.c.number))).scalar() or 0
    return LibraryStanding(
        guidelines=len(live),
        passages=passages,
        unreviewed=sum(1 for each in live if each.reviewed is None),
        overdue=sum(1 for each in live if each.review_by < (today or date.today())),
        newest=newest,
    )
