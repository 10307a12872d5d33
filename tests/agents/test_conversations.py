"""The example conversations of docs/conversations are what the agent says over the starter library.

Run: ``pytest tests/agents/test_conversations.py``
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from langgraph.checkpoint.sqlite import SqliteSaver

from agents.adviser import Adviser
from agents.evaluation.conversations import replayed, said_in, shown_in
from agents.grounding import NOT_COVERED
from agents.settings import AgentSettings
from knowledge.search import Search
from tests.agents.samples import Looking
from tests.knowledge.conftest import chroma_url
from tests.knowledge.test_retrieval import starter

__all__ = ["chroma_url", "starter"]

PAGES = sorted((Path(__file__).resolve().parents[2] / "docs" / "conversations").glob("*.md"))


@pytest.fixture
def over_the_library(starter: Search, agent_settings: AgentSettings, memory: SqliteSaver) -> Iterator[Adviser]:
    yield Adviser(starter, None, memory, Looking(), agent_settings)


def test_there_are_five_with_an_answer_to_everything() -> None:
    assert len(PAGES) == 5
    for path in PAGES:
        page = path.read_text(encoding="utf-8")
        assert len(said_in(page)) == len(shown_in(page)) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_agent_says_what_the_page_shows(over_the_library: Adviser, path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    for shown, (text, now, cited) in zip(shown_in(page), replayed(over_the_library, page, path.stem), strict=True):
        assert now.level == shown.level, text
        # The library's own wording may change: how urgent, and whether it is an answer and cited, may not.
        assert (NOT_COVERED in now.text) == (NOT_COVERED in shown.text), text
        assert cited == bool("[1]" in shown.text and "Watch for" not in shown.text.split("[1]")[0]), text
