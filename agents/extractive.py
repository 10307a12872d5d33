"""A chat model that needs no language model: it searches the library, then answers in the library's own sentences.

It plays a model's part in LangChain's agent loop: its first turn asks for the search tool (or for another look at
the photo),
its second quotes, word for word, the sentences that answer the question, each followed by its mark [n].
"""

import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    SystemMessage,
    ToolCall,
    ToolCallChunk,
    ToolMessage,
)
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict, Field

from agents.grounding import NOT_COVERED
from agents.intents import Intent, asking_clauses, intents, sections
from agents.passages import NumberedPassage, passages_in, since_question
from agents.ranking import BEHIND, Quotation, alike, quotations
from agents.same_spot import asks_to_compare
from agents.selection.selector import AnswerSelector
from agents.stems import content_stems

SUBJECTS = "subjects"
"""Key in the system message's `additional_kwargs`: the conditions at hand, as a list of {"slug", "title", "described"}.

"described": nobody named the condition, but its guideline fits the question's words best.
"""
SEARCH_TOOL = "search_guidelines"
PHOTO_TOOL = "look_at_photo_again"
COMPARE_TOOL = "compare_with_earlier_photo"
_ABOUT_PHOTO = re.compile(
    r"\b(?:look (?:at (?:it|the (?:photo|picture|image)) )?again|(?:in|at|on) (?:the|my) (?:photo|picture|image)|"
    r"what (?:do|can|did) you see)\b",
    re.IGNORECASE,
)
_WHAT_IS_SEEN = "Describe the colour, the border and the size of the spot."
_FOLLOW_UP = 5
"""Sentences in an answer at most; with several questions in one message, one more."""


class ExtractiveChatModel(BaseChatModel):
    """Quotes. The conditions at hand come in the system message's `additional_kwargs` (see `SUBJECTS`)."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    selector: AnswerSelector = Field(exclude=True)
    most_sentences: int = _FOLLOW_UP

    @property
    def _llm_type(self) -> str:
        return "skingpt-extractive"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with these tools at hand. Only their names matter to it."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._next(messages, _names(kwargs)))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        message = self._next(messages, _names(kwargs))
        pieces = re.findall(r"\S+\s*", str(message.content)) or [""]
        for at, piece in enumerate(pieces):
            last = at == len(pieces) - 1
            chunk = AIMessageChunk(
                content=piece,
                tool_call_chunks=[_call_chunk(call, n) for n, call in enumerate(message.tool_calls)] if last else [],
                chunk_position="last" if last else None,
            )
            if run_manager is not None:
                run_manager.on_llm_new_token(piece, chunk=ChatGenerationChunk(message=chunk))
            yield ChatGenerationChunk(message=chunk)

    def _next(self, messages: Sequence[BaseMessage], tools: frozenset[str]) -> AIMessage:
        after = since_question(messages)
        asked_at = len(messages) - len(after) - 1
        question = str(messages[asked_at].text) if asked_at >= 0 else ""
        results = [message for message in after if isinstance(message, ToolMessage)]
        subjects = _subjects(messages)
        if not results and tools:
            return _call(question, subjects, tools, asked_at)
        chosen = self._quote(question, passages_in(results), subjects)
        return AIMessage(" ".join(f"{each.text} [{each.passage.n}]" for each in chosen) or NOT_COVERED)

    def _quote(
        self, question: str, passages: Sequence[NumberedPassage], subjects: Sequence[dict[str, Any]]
    ) -> Sequence[Quotation]:
        """The sentences of the answer: of each condition its share, the first condition first, nothing said twice.

        Of each condition one sentence is said; the others answer about as well as the best of any.
        """
        titles, most = [subject["title"] for subject in subjects], self.most_sentences
        if len(subjects) < 2:
            described = any(subject["described"] for subject in subjects)
            return quotations(question, passages, self.selector, titles, most, described=described)
        found = [
            quotations(
                question,
                [passage for passage in passages if passage.slug == subject["slug"]],
                self.selector,
                titles,
                most,
                described=subject["described"],
            )
            for subject in subjects
        ]
        named = content_stems(" ".join(titles))
        least = max((each[0].score for each in found if each), default=0.0) - BEHIND
        chosen: list[Quotation] = []
        for place, ranked in enumerate(found):
            share = -(-(most - len(chosen)) // (len(subjects) - place))
            fresh = (
                each
                for each in ranked
                if (each is ranked[0] or each.score >= least)
                and not any(alike(each.text, other.text, named) for other in chosen)
            )
            chosen.extend(itertools.islice(fresh, share))
        return chosen


def _names(kwargs: dict[str, Any]) -> frozenset[str]:
    return frozenset(tool["function"]["name"] for tool in kwargs.get("tools", ()))


def _subjects(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    for message in messages:
        if isinstance(message, SystemMessage):
            return list(message.additional_kwargs.get(SUBJECTS, ()))
    return []


def _call(question: str, subjects: Sequence[dict[str, Any]], tools: frozenset[str], place: int) -> AIMessage:
    """The tool calls of a first turn. Ids depend on the question alone, so that a repeated run is the same run."""
    mark = hashlib.sha256(f"{place}:{question}".encode()).hexdigest()[:12]
    calls: list[dict[str, Any]] = []
    if COMPARE_TOOL in tools and asks_to_compare(question):
        calls.append({"name": COMPARE_TOOL, "args": {"question": _WHAT_IS_SEEN}, "id": f"compare-{mark}"})
    elif PHOTO_TOOL in tools and _ABOUT_PHOTO.search(question):
        calls.append({"name": PHOTO_TOOL, "args": {"question": question}, "id": f"photo-{mark}"})
    if SEARCH_TOOL in tools:
        titles = " ".join(subject["title"] for subject in subjects)
        wanted = dict.fromkeys(heading for intent in intents(asking_clauses(question)) for heading in sections(intent))
        if any(subject["described"] for subject in subjects):
            wanted |= dict.fromkeys(sections(Intent.WHAT_IS_IT))
        args = {
            "query": f"{question} {titles}".strip(),
            "conditions": [subject["slug"] for subject in subjects],
            "sections": list(wanted),
        }
        calls.append({"name": SEARCH_TOOL, "args": args, "id": f"search-{mark}"})
    return AIMessage("", tool_calls=calls) if calls else AIMessage(NOT_COVERED)


def _call_chunk(call: ToolCall, index: int) -> ToolCallChunk:
    return ToolCallChunk(
        name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=index, type="tool_call_chunk"
    )
