"""A Chroma server for the whole run and a fresh library on it for each test, all on loopback.

Each test of the library runs on SQLite and, where `SKINGPT_TEST_POSTGRES` names a server's database that tests may
use (postgresql+psycopg://USER@HOST:PORT/NAME), on Postgres too, in a schema of its own.
"""

import os
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, make_url, text

from knowledge.library import Library, open_library
from knowledge.search import Search
from knowledge.settings import KnowledgeSettings
from tests.knowledge.samples import HashEmbedder

# Read before any test: no test sees the developer's variables.
POSTGRES = os.environ.get("SKINGPT_TEST_POSTGRES")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_up(url: str, process: subprocess.Popen[bytes], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert process.poll() is None, f"{process.args!r} ended with {process.returncode}"
        try:
            if httpx.get(url, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer within {seconds} s")


@pytest.fixture(scope="session")
def chroma_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    command = shutil.which("chroma")
    assert command, "the chroma command is missing; install the project's dependencies"
    folder = tmp_path_factory.mktemp("chroma")
    arguments = [command, "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until_up(f"http://127.0.0.1:{port}/api/v2/heartbeat", process, 120)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.fixture(params=["sqlite", "postgres"])
def knowledge_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'data' / 'knowledge.db'}"
    elif POSTGRES is None:
        pytest.skip("SKINGPT_TEST_POSTGRES names no Postgres database for tests")
    else:
        yield from empty_schema(POSTGRES)


def empty_schema(server: str) -> Iterator[str]:
    """The address of a schema of its own in the Postgres database `server`."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {name}"))
        try:
            url = make_url(server).update_query_dict({"options": f"-csearch_path={name}"})
            yield url.render_as_string(hide_password=False)
        finally:
            connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
            engine.dispose()


@pytest.fixture
def settings(tmp_path: Path, knowledge_url: str, chroma_url: str, monkeypatch: pytest.MonkeyPatch) -> KnowledgeSettings:
    monkeypatch.setenv("SKINGPT_DATA", str(tmp_path / "data"))
    for name in ("KNOWLEDGE_URL", "CHROMA_URL", "EMBEDDER_URL", "EMBEDDING_MODEL"):
        monkeypatch.delenv(f"SKINGPT_{name}", raising=False)
    return KnowledgeSettings(data=tmp_path / "data", knowledge_url=knowledge_url, chroma_url=chroma_url)


@pytest.fixture
def embedder() -> HashEmbedder:
    return HashEmbedder()


@pytest.fixture
def library(settings: KnowledgeSettings, embedder: HashEmbedder) -> Iterator[Library]:
    library = open_library(settings, embedder)
    yield library
    library.close()


@pytest.fixture
def search(library: Library, embedder: HashEmbedder) -> Search:
    return Search(library, embedder)
