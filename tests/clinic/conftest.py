"""A clinic page on real databases in a temporary folder, one clinician, a clock that only the test moves."""

import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from agents.preview import comparing
from agents.settings import AgentSettings
from cases.database import CaseDatabase, open_cases
from cases.settings import CasesSettings
from clinic.app import create_app
from clinic.clinicians import Clinicians
from clinic.services import Services
from clinic.sessions import Sessions
from clinic.settings import ClinicSettings
from clinic.throttle import Throttle
from knowledge.library import Library, open_library
from knowledge.search import Search
from knowledge.settings import KnowledgeSettings
from knowledge.submissions import Submissions
from tests.clinic.browsing import PASSWORD, Visitor, clinician
from tests.conftest import fresh_environment
from tests.knowledge.conftest import chroma_url  # noqa: F401 (the fixture)
from tests.knowledge.samples import HashEmbedder


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, **passed: float) -> None:
        self.time += timedelta(**passed)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def empty_databases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both databases as they are when first opened; each test gets a copy, which is quicker."""
    folder = tmp_path_factory.mktemp("empty")
    environment = fresh_environment(folder)
    open_cases(CasesSettings(data=folder, key=SecretStr(environment["SKINGPT_KEY"]))).close()
    open_library(KnowledgeSettings(data=folder), HashEmbedder()).engine.dispose()
    return folder


@pytest.fixture
def data(empty_databases: Path) -> Path:
    folder = KnowledgeSettings().data
    shutil.copytree(empty_databases, folder)
    return folder


@pytest.fixture
def library(data: Path, chroma_url: str) -> Library:  # noqa: F811 (the fixture)
    return open_library(KnowledgeSettings(chroma_url=chroma_url), HashEmbedder())


@pytest.fixture
def read_by_hand(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What is queued to be read then waits here, as with a worker that is busy."""
    queued: list[int] = []
    monkeypatch.setattr("clinic.submissions.enqueue_read", lambda number: queued.append(number) or True)
    return queued


@pytest.fixture(autouse=True)
def worker(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads what is handed in at once, with two standing questions."""
    questions = tmp_path / "questions.txt"
    questions.write_text("How is psoriasis treated?\nHow is scabies treated?\n", encoding="utf-8")
    monkeypatch.setattr("agents.standing_questions.SHIPPED", questions)
    compare = comparing(library, HashEmbedder(), AgentSettings())
    monkeypatch.setattr("clinic.submissions.enqueue_read", lambda number: Submissions(library).read(number, compare))


@pytest.fixture
def cases(data: Path, clock: Clock) -> Iterator[CaseDatabase]:
    database = open_cases(CasesSettings())
    database.now = clock
    yield database
    database.close()


@pytest.fixture
def services(library: Library, cases: CaseDatabase, clock: Clock) -> Services:
    return Services(
        library=library,
        search=Search(library, HashEmbedder()),
        cases=cases,
        clinicians=Clinicians([clinician("Dr A. Example"), clinician("Dr B. Example")]),
        sessions=Sessions(b"a secret for tests", clock),
        throttle=Throttle(clock),
        clock=clock,
    )


@pytest.fixture
def app(services: Services) -> FastAPI:
    return create_app(services, ClinicSettings().hosts)


@pytest.fixture
async def visitor(app: FastAPI) -> AsyncIterator[Visitor]:
    """A browser in which nobody is signed in."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8766") as client:
        yield Visitor(client)


@pytest.fixture
async def reader(visitor: Visitor) -> Visitor:
    """A browser in which Dr A. Example is signed in."""
    answer = await visitor.sign_in("Dr A. Example", PASSWORD)
    assert answer.status_code == 303
    return visitor
