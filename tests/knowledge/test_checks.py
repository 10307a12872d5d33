"""What `doctor` finds in a library that is well, incomplete, made by another model, overdue, or not there."""

from collections.abc import Iterator
from datetime import date

import pytest
from fastapi.testclient import TestClient

from checkup import Finding, State
from knowledge import checks
from knowledge.embedder import embedding_server
from knowledge.library import Library
from knowledge.settings import KnowledgeSettings
from knowledge.standing import library_standing
from knowledge.vector_index import Kind
from tests.knowledge.samples import HashEmbedder, guideline


class Shifted(HashEmbedder):
    """As another model would: the same words point elsewhere."""

    def embed(self, texts: list[str]) -> list[list[float]]:
        return [vector[7:] + vector[:7] for vector in super().embed(texts)]


class Encoder:
    """What the embedding server needs of a model."""

    def __init__(self, embedder: HashEmbedder) -> None:
        self.encode = embedder.embed

    def too_long(self, text: str) -> bool:
        return False


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[HashEmbedder]]:
    """The embedding server in place of the network; the last one in the list answers."""
    serving = [HashEmbedder()]

    def client(url: str) -> object:
        from knowledge.embedding import RemoteEmbedder

        remote = RemoteEmbedder(url)
        remote._client = TestClient(embedding_server(Encoder(serving[-1])))  # type: ignore[arg-type, assignment]
        return remote

    monkeypatch.setattr(checks, "RemoteEmbedder", client)
    yield serving


def only(found: object) -> Finding:
    assert isinstance(found, list) and len(found) == 1, found
    return found[0]


def test_a_library_that_is_well(library: Library, settings: KnowledgeSettings, served: list[HashEmbedder]) -> None:
    library.publish(guideline(), "tests")
    found = only(checks.check_library(settings))
    assert (found.state, found.facts["guidelines"]) == (State.WELL, 1)
    assert only(checks.check_embedder(settings)).facts["dimension"] == 256
    index = only(checks.check_index(settings))
    assert index.state is State.WELL, index
    assert index.facts["passages"] == found.facts["passages"]


def test_an_index_that_lost_something_or_was_made_by_another_model(
    library: Library, settings: KnowledgeSettings, served: list[HashEmbedder]
) -> None:
    library.publish(guideline(), "tests")
    served.append(Shifted())
    found = only(checks.check_index(settings))
    assert found.state is State.BROKEN and "rebuild" in found.remedy and "vectors" in found.says
    served.pop()
    other = settings.model_copy(update={"embedding_model": "/another/model"})
    found = only(checks.check_index(other))
    assert found.state is State.BROKEN and "rebuild" in found.remedy
    generation = str(only(checks.check_index(settings)).facts["generation"])
    library.index.remove(generation, Kind.CHUNKS, sorted(library.index.entry_ids(generation, Kind.CHUNKS))[:2])
    found = only(checks.check_index(settings))
    assert found.state is State.BROKEN and "2 live chunks are missing" in found.says


def test_overdue_reviews_are_named(library: Library, settings: KnowledgeSettings) -> None:
    library.publish(guideline(), "tests")
    assert only(checks.check_guidelines(settings, date(2027, 11, 30))).state is State.WELL
    found = only(checks.check_guidelines(settings, date(2027, 12, 1)))
    assert found.state is State.WARNING and "psoriasis" in found.says
    now = library_standing(settings, date(2027, 12, 1))
    assert now is not None and (now.guidelines, now.overdue, now.unreviewed) == (1, 1, 1)
    assert now.newest == library.documents()[0].number


def test_conditions_that_have_no_text_for_the_patients_are_named(library: Library, settings: KnowledgeSettings) -> None:
    library.publish(guideline("psoriasis", jurisdiction="UK"), "tests")
    library.publish(guideline("acne-vulgaris", jurisdiction="BR"), "tests")
    library.publish(guideline("sepsis", jurisdiction="BR"), "tests")

    def of_patients(**said: str) -> Finding:
        _, about = checks.check_guidelines(settings.model_copy(update=said), date(2027, 11, 30))
        return about

    found = of_patients(library_jurisdiction="UK", library_language="en")
    assert found.state is State.WARNING
    assert "Of 2 conditions" in found.says and "for UK or international, in en: sepsis, acne-vulgaris." in found.says
    nobody = of_patients(library_jurisdiction="NZ")
    assert nobody.state is State.BROKEN and "no question of a patient" in nobody.says
    assert "BR in en, UK in en" in nobody.remedy and "SKINGPT_LIBRARY_JURISDICTION" in nobody.remedy
    assert of_patients(library_language="en").state is State.WELL


def test_an_empty_and_a_missing_library(library: Library, settings: KnowledgeSettings) -> None:
    found = only(checks.check_library(settings))
    assert found.state is State.BROKEN and "load" in found.remedy
    nowhere = settings.model_copy(update={"knowledge_url": f"sqlite:///{settings.data / 'none' / 'none.db'}"})
    assert only(checks.check_library(nowhere)).state is State.BROKEN
    assert library_standing(nowhere) is None
    assert not (settings.data / "none").exists(), "looking makes nothing"


def test_servers_that_are_down_are_told_with_the_remedy(library: Library, settings: KnowledgeSettings) -> None:
    library.publish(guideline(), "tests")
    down = settings.model_copy(update={"chroma_url": "http://127.0.0.1:9", "embedder_url": "http://127.0.0.1:9"})
    for found in (only(checks.check_index(down)), only(checks.check_embedder(down))):
        assert found.state is State.BROKEN and "127.0.0.1:9" in found.says and found.remedy
