"""Patients' questions against the starter library with the real embedding model: the right guideline comes first."""

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from knowledge.embedding import RemoteEmbedder
from knowledge.library import load_starter, open_library
from knowledge.record import Passage
from knowledge.search import Search
from knowledge.settings import KnowledgeSettings
from tests.knowledge.conftest import free_port, wait_until_up

ROOT = Path(__file__).resolve().parents[2]
OWN = Path(__file__).with_name("questions.csv")
GIVEN = ROOT.parent / "shared" / "data" / "questions" / "retrieval.csv"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def starter(chroma_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Search]:
    url = f"http://127.0.0.1:{free_port()}"
    environment = os.environ | {"SKINGPT_EMBEDDER_URL": url}
    with subprocess.Popen([sys.executable, "-m", "knowledge.embedder"], cwd=ROOT, env=environment) as process:
        try:
            wait_until_up(f"{url}/health", process, 90)
            data = tmp_path_factory.mktemp("starter")
            embedder = RemoteEmbedder(url)
            library = open_library(KnowledgeSettings(data=data, chroma_url=chroma_url, embedder_url=url), embedder)
            assert load_starter(library) > 0
            assert library.check() == []
            yield Search(library, embedder)
        finally:
            process.terminate()


def first(found: list[Passage]) -> tuple[str, str]:
    return (found[0].slug, found[0].section.split(" / ")[0]) if found else ("", "")


def in_order(found: list[Passage]) -> list[str]:
    return list(dict.fromkeys(passage.slug for passage in found))


def shares(starter: Search, rows: list[tuple[str, set[str]]]) -> tuple[float, float]:
    """How often the right guideline comes first, and how often within five."""
    found = [(in_order(starter.search(question, k=10)), slugs) for question, slugs in rows]
    firsts = sum(bool(order) and order[0] in slugs for order, slugs in found)
    return firsts / len(rows), sum(bool(slugs & set(order[:5])) for order, slugs in found) / len(rows)


def test_lay_questions_find_the_right_guideline(starter: Search) -> None:
    with OWN.open(encoding="utf-8") as file:
        rows = [(row["question"], set(row["slug"].split("|"))) for row in csv.DictReader(file)]
    right_first, within_five = shares(starter, rows)
    assert right_first >= 0.9
    assert within_five >= 0.97


def test_questions_nothing_was_tuned_on_find_it_too(starter: Search) -> None:
    with OWN.open(encoding="utf-8") as file:
        held_out = [row for row in csv.DictReader(file) if row["split"] == "held-out"]
    assert len(held_out) >= 77
    right_first, within_five = shares(starter, [(row["question"], set(row["slug"].split("|"))) for row in held_out])
    assert right_first >= 0.85
    assert within_five >= 0.97


def test_where_a_section_is_expected_it_comes_first(starter: Search) -> None:
    with OWN.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["section"]]
    wrong = [row["question"] for row in rows if first(starter.search(row["question"]))[1] != row["section"]]
    assert len(wrong) <= len(rows) // 10, wrong


def test_the_given_questions_find_the_right_guideline(starter: Search) -> None:
    if not GIVEN.is_file():
        pytest.skip("the questions in ../shared/data/questions are absent")
    with GIVEN.open(encoding="utf-8") as file:
        rows = [(row["question"], set(row["slugs"].split("|"))) for row in csv.DictReader(file)]
    right_first, within_five = shares(starter, rows)
    assert right_first >= 0.85
    assert within_five >= 0.95


@pytest.mark.parametrize("intent", [("is it contagious", "Is it contagious"), ("what cream do I need", "Treatment")])
def test_a_question_about_a_known_condition_opens_its_section(starter: Search, intent: tuple[str, str]) -> None:
    question, section = intent
    for slug in ("psoriasis", "tinea-corporis", "melanoma"):
        assert first(starter.search(question, slugs={slug})) == (slug, section)


def test_what_is_asked_beside_a_description_does_not_hide_it(starter: Search) -> None:
    question = "my lad is 6 and has golden crusts round his nose since yesterday, can he go to school?"
    assert first(starter.search(question))[0] == "impetigo"


@pytest.mark.parametrize("question", ["hello", "how do I change the oil in my car", "xyz"])
def test_what_the_library_is_not_about_finds_nothing(starter: Search, question: str) -> None:
    assert starter.search(question) == []
