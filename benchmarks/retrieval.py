"""How often the right guideline comes first, and within five, for questions in a CSV file; the parts alone beside it.

    .venv/bin/python -m benchmarks.retrieval tests/knowledge/questions.csv [--misses] [--split held-out]

With or without a running house. The file has a column `question`, a column `slug` or `slugs` (several separated by
|) and, if it likes, `split`. Prints one JSON object for each way to search: fused, vectors only (the nearest name or
passage), BM25 only (names and passages by word).
"""

import csv
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from knowledge.database import reading
from knowledge.embedding import Embedder
from knowledge.library import Library
from knowledge.opening import open_for_command
from knowledge.settings import KnowledgeSettings

DEEP = 40


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the guidelines that may come first."""

    question: str
    right: frozenset[str]


def main(
    questions: Path,
    split: Annotated[str | None, typer.Option(help="Only the rows of this split.")] = None,
    misses: Annotated[bool, typer.Option(help="Print what was missed.")] = False,
) -> None:
    """Ask every question and print what came first."""
    _join_house()
    with questions.open(encoding="utf-8", newline="") as lines:
        rows = [
            Asked(row["question"], frozenset((row.get("slug") or row["slugs"]).split("|")))
            for row in csv.DictReader(lines)
            if split is None or row.get("split") == split
        ]
    with open_for_command(KnowledgeSettings()) as (library, search):
        search.search("warm-up")
        ways: dict[str, Callable[[str], list[str]]] = {
            "fused": lambda text: _in_order([passage.slug for passage in search.search(text, k=10)]),
            "vectors": lambda text: _by_vectors(library, search.embedder, text),
            "bm25": lambda text: _by_words(library, text),
        }
        for name, order_of in ways.items():
            typer.echo(json.dumps({"search": name, **_figures(rows, order_of, misses and name == "fused")}))


def _join_house() -> None:
    from skingpt import find_house

    find_house()


def _figures(rows: Sequence[Asked], order_of: Callable[[str], list[str]], misses: bool) -> dict[str, float]:
    first, five, seconds = 0, 0, []
    for asked in rows:
        started = time.monotonic()
        order = order_of(asked.question)
        seconds.append(time.monotonic() - started)
        first += bool(order) and order[0] in asked.right
        five += bool(asked.right & set(order[:5]))
        if misses and (not order or order[0] not in asked.right):
            typer.echo(
                f"missed: {asked.question} ({'|'.join(sorted(asked.right))}) → {', '.join(order[:5]) or 'nothing'}"
            )
    p95 = sorted(seconds)[int(0.95 * len(seconds))]
    return {
        "questions": len(rows),
        "first": round(first / len(rows), 3),
        "within_five": round(five / len(rows), 3),
        "p95_ms": round(p95 * 1000, 1),
    }


def _by_vectors(library: Library, embedder: Embedder, text: str) -> list[str]:
    from knowledge import catalogue
    from knowledge.vector_index import Kind

    vector = embedder.embed([text])[0]
    near: list[tuple[float, str]] = []
    with reading(library.engine) as connection:
        generation = catalogue.live_generation(connection, library.model)
        found = {kind: library.index.nearest(generation, kind, vector, DEEP, None) for kind in Kind}
        chunk_ids = [each.entry_id for each in found[Kind.CHUNKS]]
        name_ids = [each.entry_id for each in found[Kind.NAMES]]
        due_from = library.due_from()
        slugs = {row.chunk_id: row.slug for row in catalogue.live_chunks_among(connection, (), chunk_ids, due_from)}
        slugs |= {row.name_id: row.slug for row in catalogue.live_names_among(connection, (), name_ids, due_from)}
    for kind in Kind:
        near += [(each.similarity, slugs[each.entry_id]) for each in found[kind] if each.entry_id in slugs]
    return _in_order([slug for _, slug in sorted(near, reverse=True)])


def _by_words(library: Library, text: str) -> list[str]:
    from knowledge import catalogue
    from knowledge.keyword_index import keyword_index
    from knowledge.words import telling_words

    with reading(library.engine) as connection:
        index, asked, due_from = keyword_index(connection), telling_words(text), library.due_from()
        names, chunks = index.name_hits(connection, asked, DEEP), index.chunk_hits(connection, asked, DEEP, None)
        name_rows, chunk_rows = [hit.row for hit in names], [hit.row for hit in chunks]
        of_name = {row.row: row.slug for row in catalogue.live_names_among(connection, name_rows, (), due_from)}
        of_chunk = {row.row: row.slug for row in catalogue.live_chunks_among(connection, chunk_rows, (), due_from)}
    scores: dict[str, float] = {}
    for slugs in (
        [of_name[hit.row] for hit in names if hit.row in of_name],
        [of_chunk[hit.row] for hit in chunks if hit.row in of_chunk],
    ):
        for rank, slug in enumerate(_in_order(slugs), 1):
            scores[slug] = scores.get(slug, 0.0) + 1 / (2 + rank)
    return sorted(scores, key=lambda slug: -scores[slug])


def _in_order(slugs: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(slugs))


if __name__ == "__main__":
    typer.run(main)
