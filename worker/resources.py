"""What a worker process holds open: made at first use and once per process, never before Celery has forked
it.
"""

from functools import cache
from typing import TYPE_CHECKING

from cases import caseload
from cases.database import CaseDatabase, open_cases
from cases.settings import CasesSettings
from worker.endpoint import Endpoint
from worker.settings import WorkerSettings

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from agents.adviser import Adviser
    from knowledge.library import Library


@cache
def settings() -> WorkerSettings:
    """The settings of this process."""
    return WorkerSettings()


@cache
def cases() -> CaseDatabase:
    """The case database of this process."""
    return open_cases(CasesSettings())


@cache
def endpoint() -> Endpoint:
    """The vision model's client of this process."""
    return Endpoint(settings())


@cache
def library() -> "Library":
    """The guideline library of this process."""
    # Imported here: a gpu worker needs neither Chroma nor LangChain, and both are slow to load.
    from knowledge.library import open_library
    from knowledge.settings import KnowledgeSettings

    return open_library(KnowledgeSettings())


@cache
def memory() -> "BaseCheckpointSaver[str]":
    """The agent's memory of this process."""
    from agents.memory import open_memory
    from agents.settings import AgentSettings

    return open_memory(AgentSettings(), cases().vault)


@cache
def adviser() -> "Adviser":
    """The agent of this process."""
    from agents.adviser import Adviser
    from agents.chat_model import open_chat_model
    from agents.settings import AgentSettings
    from knowledge.embedding import RemoteEmbedder
    from knowledge.search import Search
    from knowledge.settings import KnowledgeSettings

    settings = AgentSettings()
    search = Search(library(), RemoteEmbedder(KnowledgeSettings().embedder_url))
    return Adviser(search, open_chat_model(settings), memory(), endpoint(), settings, photo)


def photo(photo_id: int) -> bytes:
    """A photo of the record, for the agent's tool that looks again."""
    return caseload.photo(cases(), photo_id)
