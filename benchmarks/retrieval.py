"""How often the right guideline comes first, and within five, for questions in a CSV file.

Run while `./run up` runs: `.venv/bin/python -m benchmarks.retrieval tests/knowledge/questions.csv`. The file has a
column `question` and a column `slug` or `slugs` (several separated by |). Prints the misses, then one JSON object.
"""

import csv
import json
import time
from pathlib import Path

import typer

from knowledge.embedding import RemoteEmbedder
from knowledge.library import open_library
from knowledge.search import Search
from knowledge.settings import KnowledgeSettings
from local import running
from local.settings import LocalSettings


def main(questions: Path) -> None:
    """Ask every question of the running house's library and print what came first."""
    house = running.find(LocalSettings().folder).environment
    settings = KnowledgeSettings(
        data=Path(house["SKINGPT_DATA"]),
        chroma_url=house["SKINGPT_CHROMA_URL"],
        embedder_url=house["SKINGPT_EMBEDDER_URL"],
    )
    embedder = RemoteEmbedder(settings.embedder_url)
    search = Search(open_library(settings, embedder), embedder)
    with questions.open(encoding="utf-8", newline="") as lines:
        rows = [(row["question"], set((row.get("slug") or row["slugs"]).split("|"))) for row in csv.DictReader(lines)]
    first, five, seconds = 0, 0, []
    for question, right in rows:
        started = time.monotonic()
        order = list(dict.fromkeys(passage.slug for passage in search.search(question, k=10)))
        seconds.append(time.monotonic() - started)
        first += order[:1] != [] and order[0] in right
        five += bool(right & set(order[:5]))
        if order[:1] == [] or order[0] not in right:
            typer.echo(f"missed: {question} → {', '.join(order[:3]) or 'nothing'}")
    p95 = sorted(seconds)[int(0.95 * len(seconds))]
    figures = {
        "questions": len(rows),
        "first": first / len(rows),
        "within_five": five / len(rows),
        "p95_ms": p95 * 1000,
    }
    typer.echo(json.dumps({name: round(value, 3) for name, value in figures.items()}))


if __name__ == "__main__":
    typer.run(main)
