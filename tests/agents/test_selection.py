"""Which sentences are chosen: by the learned weights, with vectors or by words alone.

Run: ``pytest tests/agents/test_selection.py`` (the slow ones start the embedding server)
"""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.passages import PASSAGES as PASSAGES_KEY
from agents.passages import Shelf
from agents.ranking import by_best_sentence, quotations
from agents.selection.pairs import Asked, Placed
from agents.selection.selector import AnswerSelector
from agents.selection.training import LABELLED, labelled, mark
from agents.sentences import sentences
from agents.tools import search_tool
from conditions import CONDITIONS
from knowledge.search import Search
from tests.agents.library import WordSearch, starter_passages
from tests.knowledge.conftest import chroma_url
from tests.knowledge.test_retrieval import starter

__all__ = ["chroma_url", "starter"]

SENTENCES = (
    Placed("Ringworm is caused by a fungus that lives on skin.", "Ringworm", "Causes", 0),
    Placed("Ringworm is contagious and spreads by touching an infected person.", "Ringworm", "Is it contagious", 0),
    Placed("Do not use steroid cream alone on ringworm.", "Ringworm", "Self-care", 1),
    Placed("Wash towels and bedding often.", "Ringworm", "Self-care", 2),
)


class Counting(WordSearch):
    """Gives every text a vector of its own, and remembers which texts it was asked for."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.embedded: list[str] = []

    def vectors(self, texts: Sequence[str]) -> list[list[float]]:  # type: ignore[override]
        self.embedded += texts
        rows = [np.random.default_rng(sum(map(ord, text))).normal(size=self.width) for text in texts]
        return [(row / np.linalg.norm(row)).tolist() for row in rows]


@pytest.mark.parametrize(
    ("question", "best"),
    [("is it contagious?", 1), ("what causes it?", 0), ("should I wash my towels?", 3), ("can I use steroid cream", 2)],
)
def test_by_words_alone_the_sentence_that_answers_scores_best(question: str, best: int) -> None:
    scores = AnswerSelector(WordSearch()).scores(Asked.of(question, ["Ringworm"]), SENTENCES)
    assert int(scores.argmax()) == best


def test_published_sentences_are_embedded_once_and_a_question_is_not_kept() -> None:
    search = Counting(384)
    selector = AnswerSelector(search)
    for _ in range(2):
        selector.scores(Asked.of("my own words, is it contagious?", ["Ringworm"]), SENTENCES)
    assert sorted(each for each in search.embedded if each.startswith(("Ringworm", "Do not", "Wash"))) == sorted(
        each.text for each in SENTENCES
    )
    assert search.embedded.count("my own words, is it contagious?") == 2


class Ranking(Counting):
    """Reranks: one sentence is far better than all others."""

    def __init__(self, best: str) -> None:
        super().__init__(384)
        self.best = best

    def reranked(self, question: str, sentences: Sequence[str]) -> list[float]:  # type: ignore[override]
        return [9.0 if self.best in each else -9.0 for each in sentences]


@pytest.mark.parametrize("best", [each.text for each in SENTENCES])
def test_what_the_reranker_finds_best_comes_first(best: str) -> None:
    scores = AnswerSelector(Ranking(best)).scores(Asked.of("is it contagious?", ["Ringworm"]), SENTENCES)
    assert SENTENCES[int(scores.argmax())].text == best


def test_sentences_that_are_not_reranked_stay_behind_those_that_are() -> None:
    many = [Placed(f"Sentence {at} about the fungus.", "Ringworm", "Causes", at) for at in range(40)]
    scores = AnswerSelector(Ranking("Sentence 3 ")).scores(Asked.of("is it contagious?", ["Ringworm"]), many)
    before = AnswerSelector(Counting(384)).scores(Asked.of("is it contagious?", ["Ringworm"]), many)
    first = set((-before).argsort()[:16].tolist())
    assert min(scores[at] for at in first) >= max(scores[at] for at in range(40) if at not in first)


def test_vectors_of_another_width_are_left_alone() -> None:
    asked = Asked.of("is it contagious?", ["Ringworm"])
    by_words = AnswerSelector(WordSearch()).scores(asked, SENTENCES)
    assert AnswerSelector(Counting(8)).scores(asked, SENTENCES).tolist() == by_words.tolist()


@given(st.text(max_size=300), st.lists(st.text(min_size=1, max_size=80), min_size=1, max_size=5))
def test_any_question_gets_a_finite_score_for_any_sentence(question: str, texts: list[str]) -> None:
    placed = [Placed(text, "", "Overview", at) for at, text in enumerate(texts)]
    for search in (WordSearch(), Counting(384)):
        scores = AnswerSelector(search).scores(Asked.of(question, ["Ringworm"]), placed)
        assert len(scores) == len(texts) and all(math.isfinite(score) for score in scores)


def test_nearly_all_labelled_sentences_are_still_in_the_guidelines() -> None:
    """Whoever rewords many sentences should label anew, and train."""
    there = {mark(each) for passage in starter_passages() for each in sentences(passage.text)}
    named = [each for _, slug, best, useful in labelled(LABELLED) if slug in CONDITIONS for each in (*best, *useful)]
    assert sum(each in there for each in named) >= 0.95 * len(named)


def test_of_a_guideline_the_passage_whose_sentence_answers_comes_first() -> None:
    search = WordSearch()
    for question, said in (
        ("is ringworm catching from my cat", "contagious"),
        ("how long does ringworm take to clear", "two to four weeks"),
    ):
        found = search.search(f"{question} ringworm", k=40, slugs={"tinea-corporis"})
        ranked = by_best_sentence(question, found, AnswerSelector(search), ["Ringworm"])
        assert said in ranked[0].text and sorted(each.chunk_id for each in ranked) == sorted(
            each.chunk_id for each in found
        )


def test_what_is_shown_of_a_guideline_holds_the_sections_asked_for() -> None:
    tool = search_tool(WordSearch(), AnswerSelector(WordSearch()), Shelf())
    call = {"query": "is ringworm catching", "conditions": ["tinea-corporis"], "sections": ["Treatment"]}
    message = tool.invoke({"name": tool.name, "args": call, "id": "1", "type": "tool_call"})
    shown = [each["section"] for each in message.artifact[PASSAGES_KEY]]
    assert shown[0] == "Treatment" and "Is it contagious" in shown


@pytest.mark.slow
@pytest.mark.parametrize(
    ("slug", "question", "said"),
    [
        ("drug-eruption", "doctor stopped the amoxicillin yesterday. When will the rash be gone?", "one to two weeks"),
        ("boil", "got a boil on my bum how long till it bursts", "about two weeks"),
        ("leprosy", "my uncle was treated for leprosy, can i get it from hugging him", "hugging"),
        ("lipoma", "what makes a lipoma grow, is it because im overweight", "thin people"),
        (
            "psoriasis",
            "trying for a baby and on methotrexate. do i need to come off it",
            "must not be used in pregnancy",
        ),
        ("onychomycosis", "the paint from the chemist did nothing. Are there tablets?", "tablet"),
        ("melanoma", "Can people with dark skin get melanoma, and where", "soles"),
    ],
)
def test_with_the_real_model_the_answer_is_among_the_first(
    starter: Search, slug: str, question: str, said: str
) -> None:
    passages = Shelf().put(starter.search(question, k=40, slugs={slug}))
    chosen = quotations(question, passages, AnswerSelector(starter), [CONDITIONS[slug].title], 4)
    assert said in " ".join(each.text for each in chosen)
