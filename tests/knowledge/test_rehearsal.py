"""A publication rehearsed: both copies answer, each with its own text, and the library stays as it was."""

from datetime import UTC, datetime, timedelta

import pytest

from knowledge.editions import edition_of
from knowledge.library import Library, open_library
from knowledge.rehearsal import Change, rehearsed
from knowledge.search import Search
from knowledge.settings import KnowledgeSettings
from tests.knowledge.samples import HashEmbedder, guideline


def treatments(search: Search) -> set[str]:
    found = search.search("what treatment takes", k=50, sections={"Treatment"})
    return {passage.text for passage in found}


def test_before_and_after_differ_in_the_edition_alone(
    library: Library, search: Search, embedder: HashEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKINGPT_LIBRARY_SECOND_APPROVER", "true")  # Nobody need approve a rehearsal.
    library.publish(guideline(treatment="Psoriasis treatment takes leeches"), "Dr A")
    library.publish(guideline("scabies", treatment="Scabies treatment takes cream"), "Dr A")
    library.publish(guideline("rosacea", treatment="Rosacea treatment takes gel"), "Dr A")
    library.retire("rosacea", "Dr A")
    versions, deeds = library.versions("psoriasis"), library.deeds()
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    edition = edition_of(guideline(version="2", treatment="Psoriasis treatment takes ointment"), tomorrow)
    leeches, ointment, cream = (
        "Psoriasis treatment takes leeches.",
        "Psoriasis treatment takes ointment.",
        "Scabies treatment takes cream.",
    )
    with rehearsed(library, Change.publishing(edition), embedder) as rehearsal:
        assert treatments(rehearsal.before) == treatments(search) == {leeches, cream}
        assert treatments(rehearsal.after) == {ointment, cream}
        embedder.embedded.clear()
    with rehearsed(library, Change.publishing(edition), embedder) as rehearsal:
        assert embedder.embedded == [], "what was rehearsed before is not embedded again"
    assert treatments(search) == {leeches, cream}
    assert library.versions("psoriasis") == versions
    assert library.deeds() == deeds
    assert library.check() == []


def test_a_new_guideline_is_rehearsed_in_an_empty_library(library: Library, embedder: HashEmbedder) -> None:
    with rehearsed(library, Change.publishing(edition_of(guideline())), embedder) as rehearsal:
        assert rehearsal.before.search("psoriasis treatment") == []
        assert rehearsal.after.search("psoriasis treatment") != []
    assert library.documents() == []


def test_a_change_is_rehearsed_for_the_patients_alone(settings: KnowledgeSettings, embedder: HashEmbedder) -> None:
    library = open_library(settings.model_copy(update={"library_jurisdiction": "UK"}), embedder)
    library.publish(guideline(treatment="Psoriasis treatment takes leeches"), "Dr A")
    abroad = edition_of(guideline("scabies", jurisdiction="BR", treatment="Scabies treatment takes cream"))
    with rehearsed(library, Change.publishing(abroad), embedder) as rehearsal:
        assert treatments(rehearsal.before) == treatments(rehearsal.after) == {"Psoriasis treatment takes leeches."}
    library.close()


def test_a_retirement_is_rehearsed(library: Library, search: Search, embedder: HashEmbedder) -> None:
    library.publish(guideline(treatment="Psoriasis treatment takes ointment"), "Dr A")
    with rehearsed(library, Change("psoriasis", None), embedder) as rehearsal:
        assert treatments(rehearsal.before) == {"Psoriasis treatment takes ointment."}
        assert treatments(rehearsal.after) == set()
    assert treatments(search) == {"Psoriasis treatment takes ointment."}
    assert library.versions("psoriasis")[0].retired is None
