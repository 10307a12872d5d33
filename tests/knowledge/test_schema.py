"""Rolling upgrades of the library: who may use which tables, and who may change them."""

import pytest
from sqlalchemy import Connection, text
from typer.testing import CliRunner

from knowledge.commands import app
from knowledge.database import connected
from knowledge.errors import LibraryUnavailable
from knowledge.library import Library, open_library
from knowledge.schema import downgrade, migrating, revision, revisions, version_table
from knowledge.search import Search
from knowledge.settings import KnowledgeSettings
from tests.knowledge.samples import HashEmbedder, guideline


def pretend_newer(tables: Connection, oldest: str) -> None:
    """As a program of next year leaves the tables: a revision unknown here, and whom it still bears."""
    with tables.begin():
        tables.execute(text(f"UPDATE {version_table(tables.engine)} SET version_num = '9999'"))
        tables.execute(text("UPDATE library_support SET oldest = :oldest"), {"oldest": oldest})


def test_an_old_program_goes_on_with_tables_that_only_grew(
    library: Library, settings: KnowledgeSettings, embedder: HashEmbedder
) -> None:
    library.publish(guideline(), "Dr A")
    with migrating(library.engine) as tables:
        pretend_newer(tables, revisions()[0])
        with tables.begin():
            tables.execute(text("ALTER TABLE publication ADD COLUMN added_later VARCHAR(8)"))
            tables.execute(text("CREATE TABLE made_later (id INTEGER PRIMARY KEY)"))
    old = open_library(settings, embedder)
    old.publish(guideline("melanoma"), "Dr A")
    assert {passage.slug for passage in Search(old, embedder).search("psoriasis or melanoma", k=50)} == {
        "psoriasis",
        "melanoma",
    }


@pytest.mark.parametrize("oldest", ["9998", None])
def test_an_old_program_leaves_tables_alone_that_lost_something(
    library: Library, settings: KnowledgeSettings, embedder: HashEmbedder, oldest: str | None
) -> None:
    with migrating(library.engine) as tables:
        pretend_newer(tables, oldest or "")
        if oldest is None:  # made by a program from before this rule
            with tables.begin():
                tables.execute(text("DROP TABLE library_support"))
    with pytest.raises(LibraryUnavailable, match="newer version"):
        open_library(settings, embedder)


def test_where_upgrading_is_left_to_a_command_nobody_else_does_it(
    library: Library, settings: KnowledgeSettings, embedder: HashEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.publish(guideline(), "Dr A")
    with migrating(library.engine) as tables:
        downgrade(tables, "0002")
    library.engine.dispose()
    careful = settings.model_copy(update={"migrate": False})
    with pytest.raises(LibraryUnavailable, match=r"0002 and this program needs .*knowledge migrate"):
        open_library(careful, embedder)
    monkeypatch.setenv("SKINGPT_KNOWLEDGE_URL", settings.database_url)
    monkeypatch.setenv("SKINGPT_MIGRATE", "no")
    told = CliRunner().invoke(app, ["migrate"])
    assert told.exit_code == 0, told.output
    assert f"revision {revisions()[0]} (before: 0002)" in told.output
    assert [each.slug for each in open_library(careful, embedder).documents()] == ["psoriasis"]
    assert "(before" not in CliRunner().invoke(app, ["migrate"]).output


def test_an_empty_database_is_not_filled_where_that_is_left_to_the_command(
    settings: KnowledgeSettings, embedder: HashEmbedder
) -> None:
    careful = settings.model_copy(update={"migrate": False})
    with pytest.raises(LibraryUnavailable, match="revision none"):
        open_library(careful, embedder)
    engine = connected(careful)
    with migrating(engine) as tables:
        assert revision(tables) is None
    engine.dispose()


def test_downgrade_asks_first_and_refuses_what_it_does_not_know(
    library: Library, settings: KnowledgeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKINGPT_KNOWLEDGE_URL", settings.database_url)
    runner = CliRunner()
    assert runner.invoke(app, ["downgrade", "0002"], input="n\n").exit_code == 1
    for name in ("base", "-1", "4711"):
        assert runner.invoke(app, ["downgrade", "--yes", "--", name]).exit_code == 2
    with migrating(library.engine) as tables:
        assert revision(tables) == revisions()[0]
    assert runner.invoke(app, ["downgrade", "0002", "--yes"]).exit_code == 0
    with migrating(library.engine) as tables:
        assert revision(tables) == "0002"
