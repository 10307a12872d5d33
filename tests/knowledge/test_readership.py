"""Whom a text may answer: where the patients are and what they read decides, in every search, by whatever slug.

Run: ``pytest tests/knowledge/test_readership.py``
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from knowledge.database import open_database
from knowledge.database_index import DatabaseIndex
from knowledge.editions import Edition, edition_of
from knowledge.guideline_sections import HELP
from knowledge.library import Library, open_library
from knowledge.readership import Readership
from knowledge.record import Document
from knowledge.search import Search
from knowledge.settings import KnowledgeSettings
from knowledge.submission import Details
from knowledge.submissions import Submissions
from knowledge.vectors import VectorCache
from tests.knowledge.samples import DOCUMENT, HashEmbedder, guideline

ASKED = "psoriasis, melanoma or scabies treatment"
ALL = {"psoriasis", "melanoma", "scabies"}

places = st.sampled_from(["UK", "uk", "BR", "Ruritania", "international", "International "])
tags = st.sampled_from(["en", "en-GB", "en-US", "EN", "eng", "pt", "pt-BR", "de", "zh-Hant", "zh-Hant-TW"])
For = Callable[..., Search]


@pytest.fixture
def for_patients(library: Library, embedder: HashEmbedder) -> Iterator[For]:
    """The search as a process opens it whose settings say who its patients are."""
    opened: list[Library] = []

    def search(jurisdiction: str | None = None, language: str | None = None) -> Search:
        said = {"library_jurisdiction": jurisdiction, "library_language": language}
        opened.append(open_library(library.settings.model_copy(update=said), embedder))
        return Search(opened[-1], embedder)

    yield search
    for each in opened:
        each.close()


def document(key: str, text: str, **said: object) -> Document:
    return DOCUMENT.model_copy(update={"key": key, "text": text, **said})


def found(search: Search, asked: str = ASKED, **narrowed: object) -> set[str]:
    return {passage.key for passage in search.search(asked, k=100, **narrowed)}  # type: ignore[arg-type]


@given(place=places, tag=tags, where=st.none() | places, what=st.none() | tags)
def test_nobody_is_told_what_is_for_others(place: str, tag: str, where: str | None, what: str | None) -> None:
    told = Readership(where, what).may_be_told(place, tag)
    of_place = where is None or place.strip().casefold() in (where.strip().casefold(), "international")
    of_tag = what is None or tag.casefold().split("-")[: what.count("-") + 1] == what.casefold().split("-")
    assert told == (of_place and of_tag)


@given(place=places, tag=tags)
def test_where_nobody_said_who_the_patients_are_all_texts_are_for_them(place: str, tag: str) -> None:
    assert Readership().may_be_told(place, tag)
    assert not Readership().is_narrow and Readership().words == ""


@pytest.fixture
def three(library: Library) -> Library:
    library.publish(guideline("psoriasis", jurisdiction="UK"), "Dr A")
    library.publish(guideline("melanoma", jurisdiction="international"), "Dr A")
    library.publish(guideline("scabies", jurisdiction="BR"), "Dr A")
    german = document("psoriasis.rat", "# Treatment\n\nPsoriasis treatment in German.", language="de")
    library.publish(german, "Dr A")
    return library


@pytest.mark.usefixtures("three")
def test_patients_are_answered_from_what_holds_where_they_are_or_internationally(for_patients: For) -> None:
    assert found(for_patients()) == {"psoriasis", "psoriasis.rat", "melanoma", "scabies"}
    in_uk = for_patients("uk", "en")
    assert found(in_uk) == {"psoriasis", "melanoma"}
    assert found(in_uk, slugs={"scabies"}) == set(), "not by its slug either"
    assert found(in_uk, slugs={"psoriasis", "scabies"}) == {"psoriasis"}
    assert found(in_uk, jurisdiction="BR") == {"melanoma"}, "who asks for another place is told no more"
    assert in_uk.search("is scabies contagious?", slugs=["scabies"], sections={"Is it contagious"}) == []
    assert found(for_patients("international"), slugs=ALL) == {"melanoma", "psoriasis.rat"}
    assert found(for_patients(language="de")) == {"psoriasis.rat"}
    assert found(for_patients(language="en-GB")) == set()


def test_readers_of_a_language_read_all_its_kinds(library: Library, for_patients: For) -> None:
    library.publish(guideline("scabies").model_copy(update={"language": "en-GB"}), "Dr A")
    assert found(for_patients(language="en")) == {"scabies"}
    assert found(for_patients(language="en-GB")) == {"scabies"}
    assert found(for_patients(language="en-US")) == set()


@pytest.mark.usefixtures("three")
def test_asking_for_a_place_finds_what_is_international_too(search: Search) -> None:
    assert found(search, jurisdiction="BR", slugs=ALL) == {"scabies", "melanoma", "psoriasis.rat"}
    assert found(search, jurisdiction="UK", language="en") == {"psoriasis", "melanoma"}


def test_a_large_text_for_others_leaves_room_for_a_small_one_for_the_patients(
    library: Library, for_patients: For
) -> None:
    book = "\n\n".join(f"# Part {n}\n\nPsoriasis ointment at night, part {n}." for n in range(60))
    library.publish(document("psoriasis.book", book, jurisdiction="BR"), "Dr A")
    library.publish(document("psoriasis.leaflet", "# Clinic\n\nPsoriasis leaflet.", jurisdiction="UK"), "Dr A")
    assert found(for_patients("UK"), "psoriasis ointment at night", slugs={"psoriasis"}) == {"psoriasis.leaflet"}


def test_what_describes_the_patients_illness_is_found_behind_hundreds_of_passages_for_others(
    library: Library, for_patients: For
) -> None:
    elbows = "Thick scaly elbows crack and bleed in winter, which is psoriasis and needs much care at home"
    library.publish(guideline("psoriasis", jurisdiction="UK", overview=elbows), "Dr A")
    book = "\n\n".join(f"# Part {n}\n\nThick scaly elbows crack, part {n}." for n in range(450))
    library.publish(document("psoriasis.book", book, jurisdiction="US"), "Dr A")
    assert found(for_patients("UK"), "my thick scaly elbows crack") == {"psoriasis"}


@pytest.fixture
def both(library: Library) -> Library:
    """An international guideline, and a British leaflet on the same condition that says less."""
    library.publish(guideline("psoriasis", jurisdiction="international", treatment="Tar treats psoriasis"), "Dr A")
    library.publish(leaflet(), "Dr A")
    return library


def leaflet(**said: object) -> Document:
    flags, ward = "# Red flags\n\nRing the ward about psoriasis.", "# Ward\n\nWard 7."
    help = "# When to get help\n\n## Emergency\n\nRing the ward at once if psoriasis bleeds."
    text = f"# Treatment\n\nOintment treats psoriasis.\n\n{flags}\n\n{ward}\n\n{help}"
    return document("psoriasis.leaflet", text, **{"jurisdiction": "UK", **said})


def treatments(search: Search) -> set[str]:
    """What patients are told of treatment, the same however it is looked up."""
    asked, condition = "psoriasis treatment", {"psoriasis"}
    searches = (
        search.search(asked, k=50),
        search.search(asked, k=50, slugs=condition),
        search.search(asked, k=50, slugs=condition, sections={"Treatment"}),
    )
    told = [{p.text for p in each} & {"Tar treats psoriasis.", "Ointment treats psoriasis."} for each in searches]
    assert told[0] == told[1] == told[2]
    return told[0]


@pytest.mark.usefixtures("both")
def test_where_two_texts_have_the_same_section_the_one_for_the_patients_own_place_is_used(for_patients: For) -> None:
    assert treatments(for_patients()) == {"Tar treats psoriasis.", "Ointment treats psoriasis."}
    assert treatments(for_patients("BR")) == {"Tar treats psoriasis."}
    british = for_patients("UK")
    assert treatments(british) == {"Ointment treats psoriasis."}
    sections = {p.section for p in british.search("psoriasis ward help", k=50, slugs={"psoriasis"})}
    urgencies = {f"When to get help / {level}" for level in ("Emergency", "Same day", "This week", "Routine")}
    assert sections >= {"Overview", "Causes", "Ward", "Red flags", *urgencies}, "no sign of danger is lost for it"


@pytest.mark.usefixtures("both")
def test_a_sign_of_danger_never_gives_way(for_patients: For) -> None:
    signs = for_patients("UK").search("psoriasis emergency", k=50, slugs={"psoriasis"}, sections={HELP})
    told = {passage.text for passage in signs}
    assert told >= {"Ring the ward at once if psoriasis bleeds.", "Psoriasis and when to get help Emergency."}


def test_a_text_of_the_place_that_nobody_finds_any_more_hides_nothing(both: Library, for_patients: For) -> None:
    expired = datetime.now(UTC).date() - timedelta(days=200)
    both.publish(leaflet(review_by=expired), "Dr A")
    assert treatments(for_patients("UK")) == {"Tar treats psoriasis."}


def test_a_text_of_the_place_in_another_language_hides_nothing(both: Library, for_patients: For) -> None:
    both.publish(leaflet(language="cy"), "Dr A")
    assert len(treatments(for_patients("UK"))) == 2
    assert treatments(for_patients("UK", "en")) == {"Tar treats psoriasis."}


def test_who_the_patients_are_is_set_by_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not KnowledgeSettings().readers.is_narrow
    monkeypatch.setenv("SKINGPT_LIBRARY_JURISDICTION", "UK")
    monkeypatch.setenv("SKINGPT_LIBRARY_LANGUAGE", "en")
    assert KnowledgeSettings().readers == Readership("UK", "en")
    assert KnowledgeSettings().readers.words == "for UK or international, in en"
    monkeypatch.setenv("SKINGPT_LIBRARY_LANGUAGE", "English, please")
    with pytest.raises(ValidationError, match="library_language"):
        KnowledgeSettings()


# ---------------------------------------------------------------- before it is published


class Shelf:
    """A library without servers, whose patients are British where it is said, and what it warns of before it takes
    a text.
    """

    def __init__(self, settings: KnowledgeSettings) -> None:
        engine, embedder = open_database(settings), HashEmbedder()
        index = DatabaseIndex(engine, VectorCache(engine, embedder, settings.embedding_model))
        self.library = Library(engine, index, embedder, settings)
        self.library.rebuild()

    def publish(self, *editions: Edition) -> None:
        self.library.publish_all(editions, "Dr A")

    def warned(self, content: str, file_name: str, **said: str) -> str:
        submissions = Submissions(self.library)
        number = submissions.receive(content.encode(), file_name, "Dr A", Details(slug="psoriasis", **said))
        read = submissions.read(number)
        assert read.report is not None, read.progress
        return "\n".join(read.report.warnings)


@pytest.fixture
def shelf(settings: KnowledgeSettings) -> Iterator[Shelf]:
    shelf = Shelf(settings)
    shelf.publish(edition_of(guideline("psoriasis")))
    yield shelf
    shelf.library.close()


@pytest.fixture
def british(settings: KnowledgeSettings) -> Iterator[Shelf]:
    shelf = Shelf(settings.model_copy(update={"library_jurisdiction": "UK", "library_language": "en"}))
    shelf.publish(edition_of(guideline("psoriasis")))
    yield shelf
    shelf.library.close()


TEXT = "# Treatment\n\nOintment treats psoriasis."


def test_a_text_that_would_take_the_place_of_one_in_another_language_is_warned_of(shelf: Shelf) -> None:
    shelf.publish(edition_of(document("psoriasis.care", TEXT)))
    warned = shelf.warned(f"{TEXT} Neu.", "care.md", language="de")
    assert "The live version is in en, this one in de: it would take that one's place." in warned
    assert "take that one's place" not in shelf.warned(f"{TEXT} New.", "care.md", language="en")


def test_a_text_beside_one_for_others_is_warned_of(shelf: Shelf) -> None:
    assert "Beside it psoriasis is live for UK, in en; this one is for BR, in pt-BR." in shelf.warned(
        TEXT, "cuidado.md", jurisdiction="BR", language="pt-BR"
    )
    assert "Beside it" not in shelf.warned(TEXT, "protocol.md", jurisdiction="UK")


def test_a_text_from_which_no_patient_would_be_answered_is_warned_of(british: Shelf) -> None:
    nobody = "Patients here are answered from texts for UK or international, in en: nobody would be answered from this"
    assert nobody in british.warned(TEXT, "cuidado.md", jurisdiction="BR")
    assert nobody in british.warned(TEXT, "rat.md", jurisdiction="UK", language="de")
    assert "atients here" not in british.warned(TEXT, "protocol.md", jurisdiction="UK")


def test_what_gives_way_to_what_is_told(british: Shelf) -> None:
    gives_way = (
        "Where psoriasis (for UK) has the same section, patients here are answered from that, not from this one;"
    )
    assert gives_way in british.warned(TEXT, "abroad.md")
    british.publish(edition_of(document("psoriasis.abroad", TEXT)))
    alone = (
        "Where this one has the same section as psoriasis.abroad (international), patients here would be answered from"
    )
    assert alone in british.warned(TEXT, "ours.md", jurisdiction="UK")
