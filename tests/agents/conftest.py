"""An adviser over the small library, with a real memory on disk."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from langchain_core.language_models import BaseChatModel
from langgraph.checkpoint.sqlite import SqliteSaver

from agents.adviser import Adviser
from agents.memory import open_memory
from agents.settings import AgentSettings
from cases.vault import Vault
from tests.agents.library import WordSearch
from tests.agents.samples import Looking

MakeAdviser = Callable[..., Adviser]


@pytest.fixture
def agent_settings(tmp_path: Path) -> AgentSettings:
    return AgentSettings(data=tmp_path)


@pytest.fixture
def memory(agent_settings: AgentSettings) -> Iterator[SqliteSaver]:
    opened = open_memory(agent_settings, Vault(b"k" * 32))
    yield opened
    opened.conn.close()


@pytest.fixture
def make_adviser(agent_settings: AgentSettings, memory: SqliteSaver) -> MakeAdviser:
    def make(
        chat_model: BaseChatModel | None = None, vision: Looking | None = None, search: WordSearch | None = None
    ) -> Adviser:
        return Adviser(
            search or WordSearch(),
            chat_model,
            memory,
            vision or Looking(),
            agent_settings,
            photo=lambda photo_id: b"photo %d" % photo_id,
        )

    return make


@pytest.fixture
def adviser(make_adviser: MakeAdviser) -> Adviser:
    return make_adviser()
