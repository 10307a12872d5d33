"""What a search returns and never returns, with an embedder that only knows shared words."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from knowledge import catalogue
from knowledge.database import reading
from knowledge.keyword_index import keyword_index
from knowledge.library import Library
from knowledge.search import Search
from knowledge.words import LONGEST_QUESTION, telling_words
from tests.knowledge.samples import guideline


@pytest.fixture
def three(library: Library) -> Library:
    library.publish(guideline("psoriasis", synonyms=("silvery plaques on elbows",)), "Dr A")
    library.publish(guideline("melanoma", synonyms=("cancerous mole", "new black spot")), "Dr A")
    library.publish(guideline("melanocytic-naevus", synonyms=("mole", "beauty spot"), jurisdiction="BR"), "Dr A")
    return library


@pytest.mark.usefixtures("three")
def test_an_everyday_description_in_the_synonyms_finds_its_guideline(search: Search) -> None:
    found = search.search("I have silvery plaques on both elbows")
    assert found[0].slug == "psoriasis"
    assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)


@pytest.mark.usefixtures("three")
def test_a_named_condition_with_an_intent_puts_the_section_first(search: Search) -> None:
    assert [(p.slug, p.section) for p in search.search("is psoriasis contagious?", k=1)] == [
        ("psoriasis", "Is it contagious")
    ]
    assert search.search("I am pregnant", slugs={"melanoma"})[0].section == "Children and pregnancy"
    assert search.search("when must I call an ambulance", slugs={"melanoma"})[0].section.endswith("Emergency")


@pytest.mark.usefixtures("three")
def test_filters_narrow_what_may_come_back(search: Search) -> None:
    asked = "psoriasis, melanoma or a mole"
    assert {p.slug for p in search.search(asked, k=50)} == {"psoriasis", "melanoma", "melanocytic-naevus"}
    assert {p.slug for p in search.search(asked, k=50, slugs={"melanoma", "psoriasis"})} == {"melanoma", "psoriasis"}
    assert {p.section for p in search.search(asked, k=50, sections={"Causes"})} == {"Causes"}
    assert len(search.search(asked, k=50, sections={"When to get help"})) == 3 * 5
    urgent = "When to get help / Emergency"
    assert {p.section for p in search.search(asked, k=50, sections={urgent})} == {urgent}
    assert {p.slug for p in search.search(asked, k=50, jurisdiction="BR")} == {"melanocytic-naevus"}
    assert search.search(asked, jurisdiction="BR", slugs={"melanoma"}) == []
    assert search.search(asked, slugs=set()) == []
    assert search.search(asked, slugs={"no-such-slug"}) == []


@pytest.mark.usefixtures("three")
def test_what_no_guideline_is_about_finds_nothing(search: Search) -> None:
    assert search.search("which tyres fit a tractor") == []


@pytest.mark.usefixtures("three")
def test_a_description_that_fits_several_is_not_filled_by_one(search: Search) -> None:
    found = search.search("new and black and silvery on elbows", k=5)
    assert len(found) == 5
    assert len({p.slug for p in found}) > 1


@pytest.mark.usefixtures("three")
def test_a_named_harmless_thing_does_not_hide_the_serious_one_described(library: Library, search: Search) -> None:
    library.publish(guideline("melanoma", version="2", synonyms=("mole that changed and bleeds",)), "Dr A")
    assert {p.slug for p in search.search("my mole changed and now it bleeds")} >= {"melanoma", "melanocytic-naevus"}


def test_american_and_british_spelling_find_the_same(library: Library, search: Search) -> None:
    library.publish(guideline("infantile-haemangioma", synonyms=("strawberry mark",)), "Dr A")
    assert search.search("infantile hemangioma")[0].slug == "infantile-haemangioma"
    assert search.search("INFANTILE HÆMANGIOMA treatment")[0].section == "Treatment"


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    "question", ["", "   ", "\n", "is it a", '"', "* OR NEAR(", "\x00", "\ud800", "'; DROP TABLE chunk"]
)
def test_odd_questions_are_answered_or_find_nothing(search: Search, question: str) -> None:
    assert len(search.search(question)) <= 5
    assert len(search.search(question, slugs={"psoriasis"}, k=0)) == 0
    assert search.search("is psoriasis contagious")


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(question=st.text() | st.text('"*()^:+-ANDORNEAR \x00'))
def test_no_text_is_read_as_a_query_language(library: Library, question: str) -> None:
    with reading(library.engine) as connection:
        asked = telling_words(question)
        assert keyword_index(connection).chunk_hits(connection, asked, 5, None) == []
        assert keyword_index(connection).name_hits(connection, asked, 5) == []


def test_a_long_message_is_searched_by_a_bounded_number_of_words() -> None:
    assert len(telling_words(" ".join(f"word{n}" for n in range(10_000)))) == LONGEST_QUESTION


def test_a_rare_word_outweighs_a_common_one_and_a_word_in_the_title_one_in_the_text(library: Library) -> None:
    library.publish(guideline("scabies", overview="Common words here. Rare: burrows"), "Dr A")
    library.publish(guideline("psoriasis", overview="Common words here, common, common"), "Dr A")
    library.publish(guideline("melanoma", overview="Common words here. See also scabies"), "Dr A")

    def first(*asked: str) -> str:
        with reading(library.engine) as connection:
            rows = keyword_index(connection).chunk_hits(connection, asked, 1, None)
            return catalogue.live_chunks_among(connection, [hit.row for hit in rows], (), library.due_from())[0].slug

    assert first("common", "burrow") == "scabies"
    assert first("scabies", "words") == "scabies"
    library.retire("scabies", "Dr A")
    assert first("scabies", "words") == "melanoma"


def test_word_search_keeps_to_the_slugs_it_is_given(library: Library) -> None:
    library.publish(guideline("scabies"), "Dr A")
    library.publish(guideline("psoriasis"), "Dr A")
    with reading(library.engine) as connection:
        rows = keyword_index(connection).chunk_hits(connection, ["treatment"], 50, ["psoriasis"])
        found = catalogue.live_chunks_among(connection, [hit.row for hit in rows], (), library.due_from())
        assert {row.slug for row in found} == {"psoriasis"}
