"""`skingpt evaluate agent`: samples that are the same at every run and told as samples, and how well the search finds.

Run: ``pytest tests/agents/test_evaluate_agent.py``
"""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agents.evaluation import retrieval
from agents.evaluation.commands import app, bars, found_by, tried
from agents.evaluation.sampling import drawn
from tests.agents.library import WordSearch

TRIAGE = {"missed": 0, "false_alarms": 0, "exact": 1, "within_one": 1}
SENTENCES = {"planted": 30_000, "tried": 3_000, "got_through": 0}


@pytest.fixture
def no_house(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens on port 1."""
    for server in ("CHROMA", "EMBEDDER"):
        monkeypatch.setenv(f"SKINGPT_{server}_URL", "http://127.0.0.1:1")


@pytest.mark.usefixtures("no_house")
def test_the_command_tries_a_sample_of_the_planted_sentences_and_says_so(tmp_path: Path) -> None:
    texts = tmp_path / "texts.yaml"
    texts.write_text("emergency:\n- my throat is closing\nself-care:\n- dry elbows\n", encoding="utf-8")
    told = CliRunner().invoke(app, ["--texts", str(texts), "--json"])
    assert told.exit_code == 0
    found = json.loads(told.stdout)
    assert found["sentences"]["tried"] == 3_000 < found["sentences"]["planted"]
    assert f"tried 3,000 of {found['sentences']['planted']:,} planted sentences" in list(tried(found))
    assert "without the library" in told.stderr


def test_a_sample_is_the_same_at_every_run_and_all_can_be_taken() -> None:
    items = range(1_000)
    assert drawn(items, 10) == drawn(items, 10)
    assert len(set(drawn(items, 10))) == 10
    assert list(drawn(items, None)) == list(drawn(items, 5_000)) == list(items)


def test_questions_count_where_the_right_guideline_comes_first_and_within_five() -> None:
    rows = [retrieval.Asked(slug, frozenset({slug, "also-right"})) for slug in "abcd"]
    orders = {"a": ["a", "b"], "b": ["x", "also-right"], "c": [*"vwxyz", "c"], "d": []}
    wrong: list[str] = []
    told = retrieval.figures(rows, lambda question: orders[question], lambda asked, _: wrong.append(asked.question))
    assert (told["first"], told["within_five"]) == (0.25, 0.5)
    assert wrong == ["b", "c", "d"]


def test_the_search_is_asked_some_of_the_writers_questions_and_its_figures_are_told() -> None:
    search = WordSearch()
    found = found_by(search, 20)
    asked = {each.question for each in retrieval.writers_questions()}
    assert found["of"] == len(retrieval.writers_questions()) > 2_000
    assert found["questions"] == 20 == len([question for question in search.asked if question in asked])
    assert found["p95_ms"] >= 0
    everything = {"triage": TRIAGE, "sentences": SENTENCES, "retrieval": found}
    values = {bar.name: bar.value for bar in bars(everything)}
    assert values["search: right guideline first"] == found["first"] <= values["search: right guideline within five"]
    assert any(f"20 of {found['of']:,} questions, p95" in line for line in tried(everything))
