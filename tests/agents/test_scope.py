"""What the library does not cover, told by words alone and by the learned weights.

Run: ``pytest tests/agents/test_scope.py`` (the slow ones start the embedding server)
"""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.scope.covering import outside
from agents.scope.other_illnesses import names_other_medicine, names_other_skin
from agents.scope.words import SIGNS, says_little, signs
from knowledge.search import Search
from tests.agents.library import PASSAGES, WordSearch
from tests.knowledge.conftest import chroma_url
from tests.knowledge.test_retrieval import starter

__all__ = ["chroma_url", "starter"]


@pytest.mark.parametrize("text", ["I have chilblains", "are Chilblain creams any good", "my granuloma annulare"])
def test_other_skin_conditions_are_known_by_name(text: str) -> None:
    assert names_other_skin(text)


@pytest.mark.parametrize("text", ["I have eczema", "a ring on my arm", "does ringworm itch", ""])
def test_the_librarys_own_conditions_are_no_others(text: str) -> None:
    assert not names_other_skin(text) and not names_other_medicine(text)


@given(st.text(max_size=400))
def test_any_text_has_its_signs(text: str) -> None:
    told = signs(text)
    assert len(told) == SIGNS and all(0 <= each <= 1 for each in told)


@pytest.mark.parametrize("text", ["is it contagious?", "how long does it last", "should I see a doctor?", "thanks"])
def test_asking_on_is_never_taken_for_another_matter(text: str) -> None:
    assert says_little(text)
    assert not outside(text, PASSAGES, WordSearch())


def test_another_illness_by_name_is_outside_even_by_words_alone() -> None:
    assert outside("how do I treat chilblains on my toes", PASSAGES, WordSearch())


def test_what_a_houses_own_document_holds_is_not_outside() -> None:
    ours = PASSAGES[0].model_copy(
        update={"key": "parking", "text": "Parking at the skin clinic in Leeds is free for patients."}
    )

    class Learned(WordSearch):
        def vectors(self, texts: Sequence[str]) -> list[list[float]]:  # type: ignore[override]
            return [[1.0] + [0.0] * 383 for _ in texts]

    question = "is parking free for patients at the clinic in Leeds"
    assert not outside(question, [ours], Learned())
    assert outside("my hamster lost its fur and the vet in Leeds is closed", [ours], Learned())


@pytest.mark.slow
@pytest.mark.parametrize(
    "question",
    [
        "tiny hard white dots under both eyes like grains of sand, what are they",
        "which bus goes to the hospital from the station",
        "how much does laser hair removal cost in Leeds",
        "my hamster has lost fur on its back, what cream can I use",
        "my knee clicks on the stairs, do I need a scan",
    ],
)
def test_what_it_does_not_have_is_outside(starter: Search, question: str) -> None:
    assert outside(question, starter.search(question, k=8), starter)


@pytest.mark.slow
@pytest.mark.parametrize(
    "question",
    [
        "any way to prevent nits? third time this term",
        "how many days does a cold sore last start to finish, got a wedding on the 14th",
        "round red scaly ring on my arm, what is it and can my kids catch it",
        "my psoriasis is on my elbows, does sun help",
        "I forgot to say that I am diabetic, does that change anything for the rash",
        "does insurance or a sunbed help with vitiligo patches",
    ],
)
def test_what_it_has_is_not(starter: Search, question: str) -> None:
    assert not outside(question, starter.search(question, k=8), starter)
