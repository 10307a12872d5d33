"""Cutting a guideline into passages: nothing is lost, nothing is cut inside a sentence, ids stay."""

from hypothesis import given
from hypothesis import strategies as st

from knowledge.chunks import LONGEST, chunks
from knowledge.sentences import sentences
from tests.knowledge.samples import guideline


def test_each_section_is_a_passage_of_its_own_and_sources_are_none() -> None:
    labels = [chunk.section for chunk in chunks(guideline())]
    assert labels[0] == "Overview"
    assert "When to get help / Same day" in labels
    assert "Sources" not in labels
    assert len(labels) == len(set(labels)) == 14


_word = st.text(st.sampled_from("abcdefgh"), min_size=1, max_size=8)
_sentence = st.builds(
    lambda words, end: " ".join([words[0].capitalize(), *words[1:]]) + end,
    st.lists(_word, min_size=2, max_size=30),
    st.sampled_from(".!?"),
)


@given(st.lists(_sentence, min_size=1, max_size=25), st.sampled_from([" ", "\n", "\n\n", "\n- "]))
def test_every_sentence_stands_in_exactly_one_chunk(written: list[str], between: str) -> None:
    text = between.join(written).rstrip(".") + "."
    parts = [chunk.text for chunk in chunks(guideline(overview=text)) if chunk.section == "Overview"]
    found = [sentence.text for part in parts for sentence in sentences(part)]
    assert found == [sentence.text for sentence in sentences(text)]
    assert [word for part in parts for word in part.split()] == text.split()
    assert all(len(part.split()) <= LONGEST for part in parts)


@given(st.text())
def test_no_word_of_any_text_is_lost(text: str) -> None:
    assert [word for sentence in sentences(text) for word in sentence.text.split()] == text.split()


def test_sentences_end_where_a_reader_would_end_them() -> None:
    text = "Use a cream, e.g. Cetraben, twice a day. See Dr. Jones at 3.30 p.m. today!\n\nIs it better?\nThen stop."
    assert [sentence.text for sentence in sentences(text)] == [
        "Use a cream, e.g. Cetraben, twice a day.",
        "See Dr. Jones at 3.30 p.m. today!",
        "Is it better?",
        "Then stop.",
    ]


def test_a_sentence_longer_than_the_limit_stays_whole() -> None:
    long = " ".join(["word"] * (LONGEST + 40))
    parts = [chunk.text for chunk in chunks(guideline(overview=f"Short one. A{long}. Short two"))]
    assert parts[:3] == ["Short one.", f"A{long}.", "Short two."]


def test_ids_are_stable_and_differ_by_version_text_and_section() -> None:
    first = [chunk.chunk_id for chunk in chunks(guideline())]
    assert first == [chunk.chunk_id for chunk in chunks(guideline())]
    assert len(set(first)) == len(first)
    assert set(first).isdisjoint(chunk.chunk_id for chunk in chunks(guideline(version="2")))
    changed = [chunk.chunk_id for chunk in chunks(guideline(causes="Something else"))]
    assert [old == new for old, new in zip(first, changed, strict=True)].count(False) == 1


def test_the_same_sentence_in_two_sections_has_two_ids() -> None:
    twins = [
        c for c in chunks(guideline(causes="It is common", prevention="It is common")) if c.text == "It is common."
    ]
    assert len({chunk.chunk_id for chunk in twins}) == 2
