"""The library copied into a file and brought back, whichever database it is in."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from knowledge.backup import bring_back, copy_library
from knowledge.errors import ChangeRefused
from knowledge.library import Library, open_library
from knowledge.search import Search
from knowledge.settings import KnowledgeSettings
from tests.knowledge.conftest import POSTGRES, empty_schema
from tests.knowledge.samples import HashEmbedder, guideline


@pytest.fixture(params=["sqlite", "postgres"])
def elsewhere(
    request: pytest.FixtureRequest, settings: KnowledgeSettings, tmp_path: Path
) -> Iterator[KnowledgeSettings]:
    """Where no library is yet."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'elsewhere' / 'knowledge.db'}"
        yield settings.model_copy(update={"knowledge_url": url})
    elif POSTGRES is None:
        pytest.skip("SKINGPT_TEST_POSTGRES names no Postgres database for tests")
    else:
        for url in empty_schema(POSTGRES):
            yield settings.model_copy(update={"knowledge_url": url})


def test_a_library_comes_back_with_its_versions_its_log_and_its_search(
    library: Library, settings: KnowledgeSettings, elsewhere: KnowledgeSettings, embedder: HashEmbedder, tmp_path: Path
) -> None:
    library.publish(guideline(treatment="Leeches"), "Dr A")
    library.publish(guideline(version="2", treatment="Psoriasis ointment"), "Dr B")
    library.publish(guideline("melanoma"), "Dr A")
    library.retire("melanoma", "Dr C")
    file = tmp_path / "copy.db"
    assert copy_library(settings, file)
    kept = tmp_path / "kept.db"
    shutil.copy(file, kept)

    bring_back(elsewhere, file)

    again = open_library(elsewhere, embedder)
    try:
        again.ensure_index()
        assert again.documents() == library.documents()
        assert again.versions("psoriasis") == library.versions("psoriasis")
        assert again.versions("melanoma") == library.versions("melanoma")
        assert again.deeds() == library.deeds()
        asked = "psoriasis ointment or melanoma"
        assert Search(again, embedder).search(asked, k=50) == Search(library, embedder).search(asked, k=50)
        number = again.publish(guideline("scabies"), "Dr A").number
        assert number > max(version.number for version in library.versions("melanoma")), "no number is used twice"
        with pytest.raises(ChangeRefused, match="already"):
            bring_back(elsewhere, kept)
    finally:
        again.close()


def test_before_there_is_a_library_there_is_nothing_to_copy(tmp_path: Path) -> None:
    assert not copy_library(KnowledgeSettings(data=tmp_path / "nothing"), tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()
