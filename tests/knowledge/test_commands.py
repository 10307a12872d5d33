"""The library on the command line, against a real Chroma server and an embedding server on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from knowledge.commands import app
from knowledge.embedder import embedding_server
from knowledge.guideline_file import render_guideline
from tests.knowledge.conftest import free_port
from tests.knowledge.samples import guideline
from tests.knowledge.test_embedding import HashEncoder, served


@pytest.fixture(scope="module")
def embedder_url() -> Iterator[str]:
    yield from served(embedding_server(HashEncoder()))


@pytest.fixture
def file(tmp_path: Path, chroma_url: str, embedder_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SKINGPT_DATA", str(tmp_path))
    monkeypatch.setenv("SKINGPT_CHROMA_URL", chroma_url)
    monkeypatch.setenv("SKINGPT_EMBEDDER_URL", embedder_url)
    path = tmp_path / "psoriasis.md"
    path.write_text(render_guideline(guideline()), encoding="utf-8")
    return path


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    return result.output


def test_a_guideline_is_published_listed_found_and_retired(file: Path) -> None:
    assert "psoriasis version 1 is live" in run("publish", str(file), "--author", "Dr A")
    assert "psoriasis  version 1  not reviewed" in run("list")
    assert "Psoriasis · Is it contagious" in run("search", "is psoriasis contagious", "-k", "1")
    found = json.loads(run("search", "is psoriasis contagious", "-k", "2", "--json"))
    assert [passage["slug"] for passage in found] == ["psoriasis", "psoriasis"]
    assert "14 passages" in run("rebuild")
    assert "exactly what is live" in run("check")
    assert "retired" in run("retire", "psoriasis", "--author", "Dr A")
    assert "Nothing in the library is about this." in run("search", "is psoriasis contagious")
    assert run("list") == ""


def test_a_broken_file_is_refused_in_one_line_without_a_traceback(file: Path) -> None:
    file.write_text("no guideline", encoding="utf-8")
    output = run("publish", str(file), "--author", "Dr A", code=1)
    assert output.startswith("psoriasis.md, line 1: ")
    assert "Traceback" not in output


def test_a_server_that_is_down_is_told_with_the_remedy(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKINGPT_EMBEDDER_URL", f"http://127.0.0.1:{free_port()}")
    assert "python -m knowledge.embedder" in run("search", "itchy", code=1)


def test_check_fails_where_there_is_no_index(file: Path) -> None:
    assert "./run knowledge rebuild" in run("check", code=1)
