"""What a worker process holds open: made at first use and once per process, never before Celery has forked
it.
"""

from functools import cache
from typing import TYPE_CHECKING

from cases import caseload, conversation
from cases.database import CaseDatabase, open_cases
from cases.record import Case
from cases.settings import CasesSettings
from worker.endpoint import Endpoint
from worker.settings import WorkerSettings

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from sqlalchemy import Engine

    from agents.adviser import Adviser
    from agents.vision import EarlierPhoto
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


def earlier_photos(case: Case) -> "list[EarlierPhoto]":
    """The first photo of each of the patient's earlier cases that is not called a rash, the newest first.

    Which of them show the same spot, is for the agent to find: each comes with the place that was told for it.
    """
    from agents.body_place import place_of
    from agents.vision import EarlierPhoto

    before = [each for each in caseload.cases_of(cases(), case.patient_id) if each.created < case.created]
    return [
        EarlierPhoto(each.photo_ids[0], each.created.date(), place_of(each.history, [each.words, *_said(each)]))
        for each in reversed(before)
        if each.photo_ids and each.history.spot_or_rash != "rash"
    ]


def _said(case: Case) -> list[str]:
    return [said.text for said in conversation.patient_texts(cases(), case.id)]
