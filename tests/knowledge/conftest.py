"""A Chroma server for the whole run and a fresh library on it for each test, all on loopback."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from knowledge.library import Library, open_library
from knowledge.search import Search
from knowledge.settings import KnowledgeSettings
from tests.knowledge.samples import HashEmbedder


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
            wait_until_up(f"http://127.0.0.1:{port}/api/v2/heartbeat", process, 30)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.fixture
def settings(tmp_path: Path, chroma_url: str, monkeypatch: pytest.MonkeyPatch) -> KnowledgeSettings:
    for name in ("DATA", "KNOWLEDGE_URL", "CHROMA_URL", "EMBEDDER_URL", "EMBEDDING_MODEL"):
        monkeypatch.delenv(f"SKINGPT_{name}", raising=False)
    return KnowledgeSettings(data=tmp_path / "data", chroma_url=chroma_url)


@pytest.fixture
def embedder() -> HashEmbedder:
    return HashEmbedder()


@pytest.fixture
def library(settings: KnowledgeSettings, embedder: HashEmbedder) -> Library:
    return open_library(settings, embedder)


@pytest.fixture
def search(library: Library, embedder: HashEmbedder) -> Search:
    return Search(library, embedder)
