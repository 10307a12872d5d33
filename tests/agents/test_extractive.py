"""The chat model that needs no language model, in LangChain's own agent loop.

Run: ``pytest tests/agents/test_extractive.py``
"""

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage

from agents.extractive import ExtractiveChatModel
from agents.grounding import NOT_COVERED
from agents.passages import Shelf
from agents.prompts import system_message
from agents.selection.selector import AnswerSelector
from agents.sentences import marked_sentences, sentences
from agents.subjects import Subject
from agents.tools import search_tool
from tests.agents.library import PASSAGES, WordSearch

RINGWORM = (Subject.of("tinea-corporis"),)


def quoting() -> ExtractiveChatModel:
    return ExtractiveChatModel(selector=AnswerSelector(WordSearch()))


def answer(question: str, subjects: tuple[Subject, ...] = RINGWORM) -> str:
    agent = create_agent(
        quoting(),
        [search_tool(WordSearch(), AnswerSelector(WordSearch()), Shelf())],
        system_prompt=system_message("", subjects),
    )
    state = agent.invoke({"messages": [HumanMessage(question)]})
    assert isinstance(state["messages"][1], AIMessage) and state["messages"][1].tool_calls
    return str(state["messages"][-1].text)


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("Is it contagious?", "Ringworm is contagious and spreads by touching an infected person, animal or object."),
        (
            "Can I use a steroid cream?",
            "Do not use steroid cream alone on ringworm, because steroid can make the fungus spread.",
        ),
        ("How long does it last?", "Ringworm often needs two to four weeks of treatment before the skin is clear."),
        (
            "How is it treated?",
            "Antifungal creams, such as clotrimazole or terbinafine, are the usual treatment for ringworm.",
        ),
        ("Can my daughter go to school?", "Children with ringworm can go to school once treatment has started."),
        ("should I wash my towels", "Wash towels and bedding often."),
        (
            "what is it?",
            "Ringworm is a common fungal infection of the skin that makes an itchy ring with a scaly edge.",
        ),
    ],
)
def test_the_sentence_that_answers_comes_first(question: str, first: str) -> None:
    assert marked_sentences(answer(question))[0].text == first


@pytest.mark.parametrize(
    "question", ["Is it contagious and how long does it last?", "How do I treat it?", "What should I do?"]
)
def test_every_sentence_is_word_for_word_and_marked(question: str) -> None:
    library = {sentence for passage in PASSAGES for sentence in sentences(passage.text)}
    said = marked_sentences(answer(question))
    assert 1 <= len(said) <= 6
    assert all(each.text in library and len(each.marks) == 1 for each in said)
    assert len({each.text for each in said}) == len(said)


@pytest.mark.parametrize(
    "question", ["What is the capital of France?", "Should I use coconut oil?", "Will shares rise?"]
)
def test_what_the_library_does_not_cover_it_says(question: str) -> None:
    assert answer(question) == NOT_COVERED


def test_two_questions_in_one_message_are_both_answered() -> None:
    said = answer("Is it contagious, and how long does it last?")
    assert "contagious" in said and "two to four weeks" in said


def test_of_two_conditions_the_first_is_answered_first() -> None:
    both = (Subject.of("melanoma"), Subject.of("melanocytic-naevus"))
    said = marked_sentences(answer("Can I use a steroid cream on it?", both))
    assert "steroid" in said[0].text.casefold() and "melanoma" in said[0].text


def test_it_streams_what_it_would_say() -> None:
    messages = [system_message("", RINGWORM), HumanMessage("Is it contagious?")]
    model = quoting().bind_tools([search_tool(WordSearch(), AnswerSelector(WordSearch()), Shelf())])
    whole: AIMessageChunk | None = None
    for chunk in model.stream(messages):
        assert isinstance(chunk, AIMessageChunk)
        whole = chunk if whole is None else whole + chunk
    said = model.invoke(messages)
    assert whole is not None and isinstance(said, AIMessage)
    assert [(call["name"], call["args"]) for call in whole.tool_calls] == [
        (call["name"], call["args"]) for call in said.tool_calls
    ]


def test_without_a_library_it_promises_nothing() -> None:
    assert quoting().invoke([HumanMessage("How is it treated?")]).text == NOT_COVERED
