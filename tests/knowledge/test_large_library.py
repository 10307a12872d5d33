"""What keeps a search short when the library is large, shown on a small one whose limits are set low."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event, text

from knowledge import catalogue
from knowledge.database import reading
from knowledge.keyword_index import keyword_index
from knowledge.library import Library
from knowledge.search import Search
from knowledge.vector_index import Kind
from tests.knowledge.samples import HashEmbedder, guideline

SLUGS = ("psoriasis", "melanoma", "scabies", "urticaria")


@pytest.fixture
def four(library: Library) -> Library:
    for slug in SLUGS:
        library.publish(guideline(slug, synonyms=(f"{slug} spots",)), "Dr A")
    return library


@pytest.fixture
def statements(four: Library) -> Iterator[list[tuple[str, Any]]]:
    """Every statement the library sends to its database, with its parameters."""
    sent: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *_: object) -> None:
        sent.append((statement, parameters))

    event.listen(four.engine, "before_cursor_execute", note)
    yield sent
    event.remove(four.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("filters", [{}, {"slugs": {"psoriasis"}}, {"language": "en"}])
def test_no_search_reads_a_whole_table(
    four: Library, search: Search, statements: list[tuple[str, Any]], filters: dict[str, Any]
) -> None:
    if four.engine.dialect.name != "sqlite":
        pytest.skip("Postgres plans by statistics, and reads small tables whole")
    assert search.search("itchy psoriasis spots", **filters)
    asked = [each for each in statements if each[0].startswith("SELECT")]
    assert len(asked) > 5
    with four.engine.connect() as connection:
        steps = [
            step.detail
            for statement, parameters in asked
            for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    scans = [step for step in steps if step.startswith("SCAN") and "VIRTUAL TABLE INDEX" not in step]
    # A filter looks at the facts of every live text once, never at the texts; the newest generation is the first row.
    harmless = (
        "USING COVERING INDEX publication_facts",
        "SCAN (subquery",
        "SCAN CONSTANT ROW",
        "SCAN index_generation",
    )
    assert [step for step in scans if not any(part in step for part in harmless)] == []
    assert [step for step in steps if "publication" in step and "INTEGER PRIMARY KEY" in step] == []


def test_the_commonest_words_give_way_to_rarer_ones(four: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    four.publish(guideline("sunburn", causes="Quagga rays"), "Dr A")
    with reading(four.engine) as connection:
        index = keyword_index(connection)
        every = {hit.row for hit in index.chunk_hits(connection, ["causes", "quagga"], 50, None)}
        for module in ("fts5", "tsvectors"):
            monkeypatch.setattr(f"knowledge.{module}.MOST_ROWS", 2)
        rare = [hit.row for hit in index.chunk_hits(connection, ["causes", "quagga"], 50, None)]
        common = [hit.row for hit in index.chunk_hits(connection, ["causes"], 50, None)]
        (found,) = catalogue.live_chunks_among(connection, rare, (), four.due_from())
    assert found.text.startswith("Quagga rays")
    assert len(every) > 1 == len(rare)
    assert common, "the only word there is counts however common it is"


def test_a_filter_keeps_its_own_however_far_they_are(
    four: Library, embedder: HashEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nearest are psoriasis' entries; those of scabies lie behind all that is looked at first."""
    (vector,) = embedder.embed(["psoriasis"])
    with reading(four.engine) as connection:
        generation = catalogue.live_generation(connection, four.model)
        own = {row.chunk_id for row in catalogue.guideline_chunks(connection, ["scabies"], four.due_from())}
    for wide in (3, 20, 800):
        monkeypatch.setattr("knowledge.vector_index.WIDE", wide)
        near = four.index.nearest(generation, Kind.CHUNKS, vector, 40, ["scabies"])
        assert {each.entry_id for each in near} == own
        few = four.index.nearest(generation, Kind.CHUNKS, vector, 2, ["psoriasis", "scabies"])
        assert len(few) == 2
        assert [each.similarity for each in few] == sorted((each.similarity for each in few), reverse=True)


def test_a_wide_filter_still_lets_nothing_else_through(
    four: Library, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    four.publish(guideline("sunburn", jurisdiction="BR"), "Dr A")
    monkeypatch.setattr("knowledge.search.NARROW", 1)
    found = search.search("psoriasis, melanoma, scabies, urticaria or sunburn", k=100, jurisdiction="UK")
    assert {passage.slug for passage in found} == set(SLUGS)


def test_the_figures_of_the_library_are_counted_without_reading_it(four: Library) -> None:
    with reading(four.engine) as connection:
        texts, passages = catalogue.live_counts(connection)
        assert texts == len(catalogue.live_versions(connection)) == 4
        assert passages == len(catalogue.live_chunk_ids(connection)) == len(catalogue.live_chunks(connection))
        assert catalogue.live_name_ids(connection) == {row.name_id for row in catalogue.live_names(connection)}
    four.retire("psoriasis", "Dr A")
    with reading(four.engine) as connection:
        assert catalogue.live_counts(connection)[0] == 3
        whole = connection.execute(text("SELECT count(*) FROM chunk")).scalar_one()
        assert catalogue.live_counts(connection)[1] < whole
