"""LangChain's agent over the library: one question in, the grounded sentences of its answer out.

With a thread it remembers the conversation. What stays in its memory is what was sent, not what the model first
wrote.
"""

import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, ModelCallLimitMiddleware, ModelRequest, ModelResponse
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    AnyMessage,
    BaseMessage,
    HumanMessage,
    RemoveMessage,
    ToolMessage,
)
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langsmith.run_helpers import tracing_context
from openai import OpenAIError

from agents.errors import ChatModelUnavailable, MemoryUnreadable
from agents.extractive import ExtractiveChatModel
from agents.grounding import NOT_COVERED, Grounded, ground
from agents.memory import prune_case
from agents.passages import NumberedPassage, Shelf, passages_in, since_question
from agents.prompts import system_message
from agents.search import GuidelineSearch
from agents.selection.selector import AnswerSelector
from agents.subjects import Subject
from agents.tools import CASE_TOOL, COMPARISON, OBSERVATION, case_tool, compare_tool, photo_tool, search_tool
from agents.vision import VisionModel
from cases.record import Role, Turn
from logs import told

_log = logging.getLogger(__name__)

_MODEL_CALLS = 4
_STEPS = 24
_RECENT_QUESTIONS = 4
"""Questions, the newest last, that a model is shown: a 13-billion-parameter Llama reads 4,096 tokens."""
_READ_ANEW = "Read it anew: it may have changed."
"""What stays in the memory of the facts of the case."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier photo that may be compared with the newest, to be fetched, and the day it was sent."""

    photo: Callable[[], bytes]
    taken: date


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, of which conditions, with which facts of the case; `photo` and `earlier` where there are any.

    `described`: those of the subjects that the question does not name, but whose guideline its words fit best.
    """

    text: str
    subjects: tuple[Subject, ...]
    facts: str
    photo: Callable[[], bytes] | None = None
    earlier: Earlier | None = None
    described: tuple[Subject, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The supported sentences, the passages by number, and what the vision model said if it was asked (unchecked).

    `comparison`: of an earlier photo and the newest, with the day of the earlier one.
    """

    sentences: tuple[Grounded, ...]
    passages: Mapping[int, NumberedPassage]
    observation: str | None
    comparison: Mapping[str, str] | None = None


class _Recent(AgentMiddleware[Any, Any]):
    """Shows the model the last few questions only; the memory keeps all."""

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """Calls the model with the newest messages."""
        asked = [at for at, message in enumerate(request.messages) if isinstance(message, HumanMessage)]
        first = asked[-_RECENT_QUESTIONS] if len(asked) > _RECENT_QUESTIONS else 0
        return handler(request.override(messages=request.messages[first:]))


class GuidelineAgent:
    """Asks the chat model with the library at hand; where its answer has no support, the library is quoted instead.

    Without a chat model it is always quoted.
    """

    def __init__(
        self,
        search: GuidelineSearch,
        chat_model: BaseChatModel | None,
        memory: BaseCheckpointSaver[str] | None,
        vision: VisionModel,
    ) -> None:
        self._search = search
        self._selector = AnswerSelector(search)
        self._quoting = ExtractiveChatModel(selector=self._selector)
        self._chat_model = chat_model
        self._memory = memory
        self._vision = vision

    def ask(self, question: Question, most: int) -> Answer:
        """The answer to one question without memory, in at most `most` sentences. Raises ChatModelUnavailable."""
        messages: list[BaseMessage] = [HumanMessage(question.text)]
        state = self._run(self._model(most), question, Shelf(), messages, None)
        return self._checked(question, state, most)

    def converse(self, question: Question, thread: str, turns: Sequence[Turn], most: int) -> Answer:
        """The answer to the last of `turns`, with the memory of `thread`, which is first brought up to `turns`.

        Asking the same turn twice does no harm. The caller holds the lease of the case: two at once would lose a
        turn.
        Raises ChatModelUnavailable, MemoryUnreadable.
        """
        config: RunnableConfig = {"configurable": {"thread_id": thread}, "recursion_limit": _STEPS}
        try:
            remembered = self._remembered(config)
            shelf = Shelf(passages_in(remembered))
            state = self._run(self._model(most), question, shelf, _new_messages(remembered, question, turns), config)
            answer = self._checked(question, state, most)
            self._remember(config, state, answer, turns[-1])
            self._prune(thread)
        except sqlite3.Error as error:
            raise MemoryUnreadable(f"The agent's memory failed: {type(error).__name__}. Try again later.") from error
        return answer

    def _model(self, most: int) -> BaseChatModel:
        return self._chat_model or self._quoting.model_copy(update={"most_sentences": most})

    def _graph(
        self, model: BaseChatModel, question: Question, shelf: Shelf, memory: BaseCheckpointSaver[str] | None
    ) -> Any:
        tools = [search_tool(self._search, self._selector, shelf), case_tool(question.facts)]
        if question.photo is not None:
            tools.append(photo_tool(self._vision, question.photo))
        if question.photo is not None and question.earlier is not None:
            earlier = question.earlier
            tools.append(compare_tool(self._vision, question.photo, earlier.photo, earlier.taken))
        return create_agent(
            model,
            tools,
            system_prompt=system_message(question.facts, question.subjects, question.described),
            middleware=[ModelCallLimitMiddleware(run_limit=_MODEL_CALLS, exit_behavior="end"), _Recent()],
            checkpointer=memory,
        )

    def _run(
        self,
        model: BaseChatModel,
        question: Question,
        shelf: Shelf,
        messages: Sequence[BaseMessage],
        config: RunnableConfig | None,
    ) -> list[AnyMessage]:
        """The messages after the run. Tracing is off whatever the environment says: no word may leave the machine."""
        graph = self._graph(model, question, shelf, self._memory if config else None)
        options: dict[str, Any] = {"durability": "sync"} if config and self._memory else {}
        try:
            with tracing_context(enabled=False):
                state = graph.invoke({"messages": list(messages)}, config or {"recursion_limit": _STEPS}, **options)
        except OpenAIError as error:
            raise ChatModelUnavailable(
                f"The language model at SKINGPT_LLM_URL did not answer ({type(error).__name__}): see whether it runs."
            ) from error
        return list(state["messages"])

    def _checked(self, question: Question, messages: Sequence[BaseMessage], most: int) -> Answer:
        """The answer that rests on what was found for this question: what was found before may be retired by now."""
        passages = {passage.n: passage for passage in passages_in(since_question(messages))}
        said = str(messages[-1].text) if isinstance(messages[-1], AIMessage) else ""
        grounded = ground(said, passages)[:most]
        if not grounded and self._chat_model is not None:
            shelf, quoting = Shelf(passages.values()), self._quoting.model_copy(update={"most_sentences": most})
            messages = [*messages, *self._run(quoting, question, shelf, [HumanMessage(question.text)], None)]
            passages = dict(shelf.passages)
            grounded = ground(str(messages[-1].text), passages)
        return Answer(grounded, passages, _seen_by_tool(messages, OBSERVATION), _seen_by_tool(messages, COMPARISON))

    def _remembered(self, config: RunnableConfig) -> list[BaseMessage]:
        if self._memory is None:
            return []
        checkpoint = self._memory.get(config)
        return list(checkpoint["channel_values"].get("messages", ())) if checkpoint else []

    def _remember(self, config: RunnableConfig, messages: Sequence[AnyMessage], answer: Answer, turn: Turn) -> None:
        """Puts what is sent in the place of what the model wrote, and what the patient wrote in that of the question.

        What is known of the patient may come from another case, and is not kept when that is erased.
        """
        if self._memory is None:
            return
        sent = " ".join(f"{each.text} {''.join(f'[{n}]' for n in each.citations)}" for each in answer.sentences)
        said = messages[-1]
        forgotten = [RemoveMessage(id=said.id)] if isinstance(said, AIMessage) and said.id else []
        kept = AIMessage(sent or NOT_COVERED, id=_answer_id(turn.id))
        facts = [
            message.model_copy(update={"content": _READ_ANEW})
            for message in messages
            if isinstance(message, ToolMessage) and message.name == CASE_TOOL
        ]
        asked = HumanMessage(turn.text, id=_question_id(turn.id))
        # Any model will do here: the graph is only asked to write its state.
        graph = self._graph(self._quoting, Question("", (), ""), Shelf(), self._memory)
        with tracing_context(enabled=False):
            graph.update_state(config, {"messages": [asked, *facts, *forgotten, kept]}, as_node="model")

    def _prune(self, thread: str) -> None:
        """Forgets how the answer came about. What cannot be pruned now costs no answer: the next turn prunes it."""
        if self._memory is None:
            return
        try:
            prune_case(self._memory, thread)
        except (sqlite3.Error, MemoryUnreadable) as error:
            _log.warning("the memory of %s was not pruned: %s", thread, told(error))


def _question_id(turn: int) -> str:
    return f"turn-{turn}"


def _answer_id(turn: int) -> str:
    return f"answer-{turn}"


def _new_messages(remembered: Sequence[BaseMessage], question: Question, turns: Sequence[Turn]) -> list[BaseMessage]:
    """What the memory lacks: earlier turns it never heard, and the question; one asked before is asked afresh."""
    known = {message.id for message in remembered}
    asked = _question_id(turns[-1].id)
    ids = [message.id for message in remembered]
    stale = ids[ids.index(asked) :] if asked in known else []
    earlier = [_as_message(turn) for turn in turns[:-1]]
    return [
        *(RemoveMessage(id=each) for each in stale if each),
        *(message for message in earlier if message.id not in known),
        HumanMessage(question.text, id=asked),
    ]


def _as_message(turn: Turn) -> BaseMessage:
    if turn.role is Role.PATIENT:
        return HumanMessage(turn.text, id=_question_id(turn.id))
    return AIMessage(turn.text, id=_answer_id(turn.answers if turn.answers is not None else turn.id))


def _seen_by_tool(messages: Sequence[BaseMessage], key: str) -> Any:
    """What a tool with the vision model put under `key` since the last question; None: nothing."""
    for message in reversed(messages):
        if isinstance(message, HumanMessage):
            return None
        if isinstance(message, ToolMessage) and isinstance(message.artifact, dict) and message.artifact.get(key):
            return message.artifact[key]
    return None
