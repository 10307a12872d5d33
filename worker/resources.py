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
    from sqlalchemy import Engine

    from agents.adviser import Adviser
    from agents.vision import EarlierPhoto
    from cases.record import Case
    from knowledge.embedding import Embedder
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
def library_database() -> "Engine":
    """The guideline library's database, for a process that searches nothing."""
    from knowledge.database import open_database
    from knowledge.settings import KnowledgeSettings

    return open_database(KnowledgeSettings())


@cache
def library() -> "Library":
    """The guideline library of this process."""
    # Imported here: a gpu worker needs neither Chroma nor LangChain, and both are slow to load.
    from knowledge.library import open_library
    from knowledge.settings import KnowledgeSettings

    return open_library(KnowledgeSettings())


@cache
def embedder() -> "Embedder":
    """The client of the embedding server of this process."""
    from knowledge.embedding import RemoteEmbedder
    from knowledge.settings import KnowledgeSettings

    return RemoteEmbedder(KnowledgeSettings().embedder_url)


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
    from knowledge.search import Search

    settings = AgentSettings()
    search = Search(library(), embedder())
    return Adviser(search, open_chat_model(settings), memory(), endpoint(), settings, photo, earlier_photos)


def photo(photo_id: int) -> bytes:
    """A photo of the record, for the agent's tool that looks again."""
    return caseload.photo(cases(), photo_id)


def earlier_photos(case: "Case") -> "list[EarlierPhoto]":
    """The patient's photos of earlier cases that show the same place, the newest first.

    The same place: the same region was told, or none was told in either and both are single spots.
    """
    from agents.vision import EarlierPhoto

    before = [each for each in caseload.cases_of(cases(), case.patient_id) if each.created < case.created]
    return [
        EarlierPhoto(each.photo_ids[0], each.created.date())
        for each in reversed(before)
        if each.photo_ids
        and each.history.region == case.history.region
        and (case.history.region is not None or each.history.spot_or_rash == case.history.spot_or_rash == "spot")
    ]
