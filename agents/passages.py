"""The passages an answer may cite: each has one number, the same through a whole conversation.

They travel through the agent's memory as plain dicts, because a checkpoint gives artifacts back as such.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage

from cases.record import Citation
from knowledge.record import Passage

PASSAGES = "passages"
"""The key of a search's artifact under which the passages lie."""


@dataclass(frozen=True, slots=True)
class NumberedPassage:
    """A passage and its mark `n`. `reviewed` is an ISO date; None: no clinician has reviewed the text.

    `review_by` is one too; None in a memory from before it was kept.
    """

    n: int
    chunk_id: str
    slug: str
    title: str
    section: str
    text: str
    source: str
    reviewed: str | None
    review_by: str | None = None

    @property
    def heading(self) -> str:
        """The section without its subsection: "When to get help" of "When to get help / Same day"."""
        return self.section.split(" / ")[0].strip()

    @property
    def subheading(self) -> str:
        """The subsection: "Same day"; empty where there is none."""
        return self.section.partition(" / ")[2].strip()

    def citation(self, n: int) -> Citation:
        """As the patient may open it, under the number `n` of the message it is shown in."""
        return Citation(
            n=n,
            chunk_id=self.chunk_id,
            slug=self.slug,
            title=self.title,
            section=self.section,
            passage=self.text,
            source=self.source,
            reviewed=date.fromisoformat(self.reviewed) if self.reviewed else None,
            review_by=date.fromisoformat(self.review_by) if self.review_by else None,
        )


class Shelf:
    """Gives each passage its number: the next free one, or the one it has had in this conversation."""

    def __init__(self, known: Iterable[NumberedPassage] = ()) -> None:
        self._by_chunk = {passage.chunk_id: passage for passage in known}

    def put(self, passages: Sequence[Passage]) -> tuple[NumberedPassage, ...]:
        """The passages with their numbers, in the order given."""
        return tuple(self._numbered(passage) for passage in passages)

    def _numbered(self, passage: Passage) -> NumberedPassage:
        known = self._by_chunk.get(passage.chunk_id)
        next_free = max((each.n for each in self._by_chunk.values()), default=0) + 1
        # Only the number is kept: the same words may have been reviewed since, or their review have become due.
        self._by_chunk[passage.chunk_id] = NumberedPassage(
            n=known.n if known else next_free,
            chunk_id=passage.chunk_id,
            slug=passage.slug,
            title=passage.title,
            section=passage.section,
            text=passage.text,
            source=passage.source,
            reviewed=passage.reviewed.isoformat() if passage.reviewed else None,
            review_by=passage.review_by.isoformat() if passage.review_by else None,
        )
        return self._by_chunk[passage.chunk_id]

    @property
    def passages(self) -> Mapping[int, NumberedPassage]:
        """All passages by their number."""
        return {passage.n: passage for passage in self._by_chunk.values()}


def as_artifact(passages: Sequence[NumberedPassage]) -> dict[str, Any]:
    """What a search hands to the agent beside the text the model reads."""
    return {PASSAGES: [asdict(passage) for passage in passages]}


def since_question(messages: Sequence[BaseMessage]) -> Sequence[BaseMessage]:
    """The messages after the last question; all of them where nothing was asked."""
    asked = [at for at, message in enumerate(messages) if isinstance(message, HumanMessage)]
    return messages[asked[-1] + 1 :] if asked else messages


def passages_in(messages: Iterable[BaseMessage]) -> tuple[NumberedPassage, ...]:
    """The passages of all searches in `messages`, in order, each once."""
    found: dict[str, NumberedPassage] = {}
    for message in messages:
        if isinstance(message, ToolMessage) and isinstance(message.artifact, dict):
            for raw in message.artifact.get(PASSAGES, ()):
                passage = NumberedPassage(**raw)
                found.setdefault(passage.chunk_id, passage)
    return tuple(found.values())
