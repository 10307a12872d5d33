"""Sentences and citation marks, read as models and guidelines write them.

Run: ``pytest tests/agents/test_sentences.py``
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.sentences import marked_sentences, sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Keep it dry. Wash it.", ("Keep it dry.", "Wash it.")),
        ("Use cream, e.g. a moisturiser, daily. Rest.", ("Use cream, e.g. a moisturiser, daily.", "Rest.")),
        ("Put on 2.5 cm of cream. Wait.", ("Put on 2.5 cm of cream.", "Wait.")),
        ("See Dr. Jones today. Go now!", ("See Dr. Jones today.", "Go now!")),
        ("- Keep it dry\n- Wash it\n3. Rest", ("Keep it dry", "Wash it", "Rest")),
        ("A line that\ngoes on. And ends.", ("A line that goes on.", "And ends.")),
        ("It is done.\nNext line here.", ("It is done.", "Next line here.")),
        ("Look at www.nhs.uk for more. Fine.", ("Look at www.nhs.uk for more.", "Fine.")),
        ("", ()),
        (" \n\n ", ()),
    ],
)
def test_text_is_cut_where_sentences_end(text: str, expected: tuple[str, ...]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Keep it dry. [1] Wash it [2].", [("Keep it dry.", (1,)), ("Wash it.", (2,))]),
        ("Keep it dry [1, 3]. Rest.", [("Keep it dry.", (1, 3)), ("Rest.", ())]),
        ("Keep it dry.[1][2][1] Rest. [4]", [("Keep it dry.", (1, 2)), ("Rest.", (4,))]),
        ("• Keep it dry [1]\n• Rest [2]", [("Keep it dry", (1,)), ("Rest", (2,))]),
        ("[1]", []),
    ],
)
def test_marks_belong_to_the_sentence_before_them(text: str, expected: list[tuple[str, tuple[int, ...]]]) -> None:
    assert [(each.text, each.marks) for each in marked_sentences(text)] == expected


WORDS = st.text(alphabet="abcdefghij", min_size=1, max_size=8)
SENTENCES = st.lists(WORDS, min_size=1, max_size=8).map(lambda words: " ".join(words).capitalize() + ".")


@given(
    st.lists(SENTENCES.filter(lambda each: len(each) > 6), min_size=1, max_size=6),
    st.sampled_from([" ", "\n", "\n\n", "\n- "]),
)
def test_joined_sentences_come_apart_again(written: list[str], between: str) -> None:
    assert sentences(between.join(written)) == tuple(written)


@given(st.text(max_size=300))
def test_no_text_breaks_it_and_no_letter_is_lost(text: str) -> None:
    cut = sentences(text)
    assert all(each.strip() == each and each for each in cut)
    letters = [char for char in text if char.isalpha()]
    assert [char for char in "".join(cut) if char.isalpha()] == letters


@given(st.lists(st.tuples(SENTENCES.filter(lambda each: len(each) > 6), st.integers(1, 99)), min_size=1, max_size=5))
def test_marks_are_read_back_as_written(written: list[tuple[str, int]]) -> None:
    text = " ".join(f"{sentence} [{n}]" for sentence, n in written)
    assert [(each.text, each.marks) for each in marked_sentences(text)] == [(s, (n,)) for s, n in written]
