"""Publishing, replacing, retiring and rebuilding, on a real database and a real Chroma server."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import chromadb
import pytest
from sqlalchemy import text

from knowledge.errors import (
    EmbedderUnavailable,
    GuidelineInvalid,
    GuidelineNotFound,
    IndexMissing,
    IndexUnavailable,
    LibraryUnavailable,
    PassageNotFound,
)
from knowledge.guideline_file import render_guideline
from knowledge.library import Library, load_starter, open_library
from knowledge.search import Search
from knowledge.settings import KnowledgeSettings
from knowledge.vectors import PROBE
from tests.knowledge.conftest import free_port
from tests.knowledge.samples import DOCUMENT, HashEmbedder, guideline


def found(search: Search, text: str) -> set[str]:
    return {passage.text for passage in search.search(text, k=50)}


def delete_collections(library: Library) -> None:
    with library.engine.connect() as connection:
        generations = list(connection.execute(text("SELECT generation FROM index_generation")).scalars())
    for generation in generations:
        library.index.drop(generation)


def test_what_is_published_is_listed_found_and_openable(library: Library, search: Search) -> None:
    version = library.publish(guideline(causes="Psoriasis comes from a busy immune system"), "Dr A")
    assert [(d.slug, d.version, d.author) for d in library.documents()] == [("psoriasis", "1", "Dr A")]
    assert version.retired is None
    passage = search.search("psoriasis busy immune system")[0]
    assert passage.text == "Psoriasis comes from a busy immune system."
    assert passage.section == "Causes"
    assert passage.source == "NHS, Psoriasis, 2020"
    assert passage.reviewed is None
    assert library.passage(passage.chunk_id).text == passage.text
    assert library.guideline("psoriasis") == guideline(causes="Psoriasis comes from a busy immune system")


def test_a_new_version_replaces_the_old_whose_passages_stay_openable(library: Library, search: Search) -> None:
    library.publish(guideline(treatment="Psoriasis needs leeches"), "Dr A")
    old = next(p for p in search.search("psoriasis leeches", k=50) if "leeches" in p.text)
    library.publish(guideline(version="2", treatment="Psoriasis needs creams"), "Dr B")
    assert "Psoriasis needs creams." in found(search, "psoriasis leeches creams")
    assert "Psoriasis needs leeches." not in found(search, "psoriasis leeches creams")
    assert library.passage(old.chunk_id).version == "1"
    newest, oldest = library.versions("psoriasis")
    assert (newest.version, newest.retired) == ("2", None)
    assert oldest.retired is not None
    assert oldest.retired_by == "Dr B"
    assert library.check() == []


def test_a_changed_text_under_the_same_version_replaces_too(library: Library, search: Search) -> None:
    library.publish(guideline(treatment="Psoriasis needs leeches"), "Dr A")
    library.publish(guideline(treatment="Psoriasis needs creams"), "Dr A")
    texts = found(search, "psoriasis leeches creams")
    assert "Psoriasis needs creams." in texts
    assert "Psoriasis needs leeches." not in texts
    assert "Psoriasis and causes." in texts
    assert library.check() == []


def test_publishing_the_live_text_again_changes_nothing(library: Library) -> None:
    first = library.publish(guideline(), "Dr A")
    assert library.publish(guideline(), "Dr B") == first
    assert len(library.versions("psoriasis")) == 1


def test_a_corrected_date_or_jurisdiction_of_the_same_text_is_a_new_version(library: Library) -> None:
    first = library.publish(DOCUMENT, "Dr A")
    for change in ({"review_by": date(2026, 12, 31)}, {"jurisdiction": "UK"}, {"title": "Care"}, {"source": "BAD"}):
        corrected = library.publish(DOCUMENT.model_copy(update=change), "Dr A")
        assert corrected.number > first.number, change
        assert {name: getattr(library.edition(DOCUMENT.key), name) for name in change} == change
        assert library.publish(DOCUMENT.model_copy(update=change), "Dr A") == corrected
        first = corrected


def test_an_unchanged_text_is_never_embedded_twice(library: Library, embedder: HashEmbedder) -> None:
    library.publish(guideline(), "Dr A")
    embedder.embedded.clear()
    library.publish(guideline(version="2", causes="Psoriasis has new causes"), "Dr A")
    assert embedder.embedded == ["Psoriasis. Causes. Psoriasis has new causes."]
    embedder.embedded.clear()
    library.rebuild()
    assert embedder.embedded == [PROBE]


def test_a_retired_guideline_is_never_found_even_if_the_index_still_holds_it(
    library: Library, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.publish(guideline("psoriasis"), "Dr A")
    library.publish(guideline("melanoma", synonyms=("dark mole",)), "Dr A")
    before = search.search("psoriasis causes")[0]
    monkeypatch.setattr(library.index, "remove", lambda *_: None)
    library.retire("psoriasis", "Dr B")
    assert any("retired" in problem for problem in library.check())
    assert {p.slug for p in search.search("psoriasis causes silvery plaques melanoma", k=50)} == {"melanoma"}
    assert search.search("psoriasis causes", slugs={"psoriasis"}) == []
    assert library.passage(before.chunk_id).text == before.text
    assert [d.slug for d in library.documents()] == ["melanoma"]
    with pytest.raises(GuidelineNotFound):
        library.guideline("psoriasis")
    library.rebuild()
    assert library.check() == []


def test_what_is_not_there_is_refused_by_name(library: Library) -> None:
    with pytest.raises(GuidelineNotFound, match="melanoma"):
        library.retire("melanoma", "Dr A")
    with pytest.raises(PassageNotFound, match="0123456789abcdef"):
        library.passage("0123456789abcdef")


def test_a_failing_embedder_leaves_the_live_version_alone(
    library: Library, search: Search, embedder: HashEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.publish(guideline(), "Dr A")

    def fail(texts: Sequence[str]) -> list[list[float]]:
        raise EmbedderUnavailable("down")

    with monkeypatch.context() as patched:
        patched.setattr(embedder, "embed", fail)
        with pytest.raises(EmbedderUnavailable):
            library.publish(guideline(version="2", causes="New"), "Dr A")
    assert [d.version for d in library.documents()] == ["1"]
    assert "Psoriasis and causes." in found(search, "psoriasis causes")


def test_a_failing_index_leaves_the_live_version_alone(
    library: Library, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.publish(guideline(), "Dr A")

    def fail(*_: object) -> None:
        raise IndexUnavailable("down")

    with monkeypatch.context() as patched:
        patched.setattr(library.index, "put", fail)
        with pytest.raises(IndexUnavailable):
            library.publish(guideline(version="2", causes="Psoriasis is new"), "Dr A")
        with pytest.raises(IndexUnavailable):
            library.rebuild()
    assert [d.version for d in library.documents()] == ["1"]
    assert "Psoriasis and causes." in found(search, "psoriasis causes")
    assert library.check() == []


def test_a_lost_index_is_told_and_rebuilt(library: Library, search: Search, tmp_path: Path) -> None:
    library.publish(guideline(), "Dr A")
    before = search.search("psoriasis causes")
    delete_collections(library)
    with pytest.raises(IndexMissing, match="rebuild"):
        search.search("psoriasis causes")
    assert library.check() != []
    assert load_starter(library, tmp_path) == 0
    assert search.search("psoriasis causes") == before
    assert library.check() == []


def test_another_process_sees_a_rebuild_at_once_and_its_search_goes_on(
    library: Library, search: Search, settings: KnowledgeSettings, embedder: HashEmbedder
) -> None:
    library.publish(guideline(), "Dr A")
    other = Search(open_library(settings, embedder), embedder)
    before = other.search("psoriasis causes")
    for _ in range(3):
        library.rebuild()
        assert other.search("psoriasis causes") == before


def test_a_search_that_rebuilds_overtook_begins_anew(
    library: Library, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.publish(guideline(treatment="Psoriasis needs creams"), "Dr A")
    nearest = library.index.nearest
    overtaken: list[bool] = []

    def late(*asked: Any) -> Any:
        if not overtaken:
            overtaken.append(True)
            for _ in range(3):  # its generation is the live one, then the one before, then gone
                library.rebuild()
        return nearest(*asked)

    monkeypatch.setattr(library.index, "nearest", late)
    assert "Psoriasis needs creams." in found(search, "psoriasis creams")
    assert overtaken


def test_rebuilds_leave_no_more_than_the_live_index_and_the_one_before(
    library: Library, settings: KnowledgeSettings, chroma_url: str
) -> None:
    host, port = chroma_url.removeprefix("http://").split(":")
    client = chromadb.HttpClient(host=host, port=int(port))
    others = {collection.name for collection in client.list_collections()}
    library.publish(guideline(), "Dr A")
    for _ in range(4):
        library.rebuild()
    assert len({collection.name for collection in client.list_collections()} - others) == 2 * 2


def test_an_index_of_another_model_is_refused_until_it_is_rebuilt(
    library: Library, settings: KnowledgeSettings, embedder: HashEmbedder
) -> None:
    library.publish(guideline(), "Dr A")
    changed = open_library(settings.model_copy(update={"embedding_model": "another"}), embedder)
    with pytest.raises(IndexMissing, match="another"):
        Search(changed, embedder).search("psoriasis")
    assert changed.rebuild() == 14
    assert Search(changed, embedder).search("psoriasis causes")


def test_a_model_of_another_length_is_told_apart_and_the_index_rebuilt_for_it(
    library: Library, settings: KnowledgeSettings
) -> None:
    """Another name, and then another model under the same name, as when the folder it lies in is replaced."""
    library.publish(guideline(), "Dr A")
    for name, dimensions in (("another", 128), ("another", 64)):
        embedder = HashEmbedder(dimensions)
        changed = open_library(settings.model_copy(update={"embedding_model": name}), embedder)
        with pytest.raises(IndexMissing, match="knowledge rebuild"):
            Search(changed, embedder).search("psoriasis")
        with pytest.raises(IndexMissing, match="knowledge rebuild"):
            changed.publish(guideline("melanoma", causes=f"Melanoma has {dimensions} causes"), "Dr A")
        assert changed.rebuild() == 14
        assert found(Search(changed, embedder), "psoriasis causes")
        assert changed.check() == []
    changed.publish(guideline("melanoma", causes="Melanoma has 128 causes"), "Dr A")
    assert found(Search(changed, embedder), "melanoma causes")


def test_chroma_being_down_is_told_with_the_remedy(tmp_path: Path, embedder: HashEmbedder) -> None:
    settings = KnowledgeSettings(data=tmp_path, chroma_url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(IndexUnavailable, match="chroma run"):
        open_library(settings, embedder).publish(guideline(), "Dr A")


def test_the_starter_texts_come_in_once_and_again_when_they_change(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "psoriasis.md"
    path.write_text(render_guideline(guideline()), encoding="utf-8")
    assert load_starter(library, tmp_path) == 1
    assert load_starter(library, tmp_path) == 0
    path.write_text(render_guideline(guideline(version="2")), encoding="utf-8")
    assert load_starter(library, tmp_path) == 1
    assert [d.version for d in library.documents()] == ["2"]


def test_the_starter_texts_never_undo_what_a_person_did(library: Library, tmp_path: Path) -> None:
    for slug in ("psoriasis", "melanoma"):
        (tmp_path / f"{slug}.md").write_text(render_guideline(guideline(slug)), encoding="utf-8")
    load_starter(library, tmp_path)
    library.publish(guideline("psoriasis", version="2"), "Dr A")
    library.retire("melanoma", "Dr A")
    assert load_starter(library, tmp_path) == 0
    assert [(d.slug, d.version) for d in library.documents()] == [("psoriasis", "2")]


def test_one_broken_starter_text_publishes_none(library: Library, tmp_path: Path) -> None:
    (tmp_path / "melanoma.md").write_text(render_guideline(guideline("melanoma")), encoding="utf-8")
    (tmp_path / "psoriasis.md").write_text("no guideline", encoding="utf-8")
    with pytest.raises(GuidelineInvalid, match=r"psoriasis\.md, line 1"):
        load_starter(library, tmp_path)
    assert library.documents() == []


def test_a_library_opens_again_with_all_it_held(
    library: Library, settings: KnowledgeSettings, embedder: HashEmbedder
) -> None:
    library.publish(guideline(), "Dr A")
    again = open_library(settings, embedder)
    assert again.documents() == library.documents()


def test_a_database_that_cannot_be_opened_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(LibraryUnavailable, match="cannot be opened"):
        open_library(KnowledgeSettings(data=tmp_path / "data"))
    (tmp_path / "knowledge.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(LibraryUnavailable, match="cannot be opened"):
        open_library(KnowledgeSettings(data=tmp_path))


def test_a_database_server_that_is_down_is_told_without_its_password(embedder: HashEmbedder) -> None:
    pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
    url = f"postgresql+psycopg://someone:secret@127.0.0.1:{free_port()}/library"
    with pytest.raises(LibraryUnavailable, match="cannot be opened") as refused:
        open_library(KnowledgeSettings(knowledge_url=url), embedder)
    assert "127.0.0.1" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_many_publish_and_rebuild_at_once_and_nothing_is_lost(
    settings: KnowledgeSettings, embedder: HashEmbedder
) -> None:
    slugs = ("psoriasis", "melanoma", "urticaria", "scabies")

    def work(slug: str) -> None:
        own = open_library(settings, embedder)
        own.publish(guideline(slug), "Dr A")
        own.rebuild()
        own.publish(guideline(slug, version="2"), "Dr B")
        own.close()

    with ThreadPoolExecutor(len(slugs)) as threads:
        list(threads.map(work, slugs))
    library = open_library(settings, embedder)
    assert [(d.slug, d.version) for d in library.documents()] == [(slug, "2") for slug in sorted(slugs)]
    assert library.check() == []
