"""How often the right guideline comes first, and within five, for questions in a CSV file; the parts alone beside it.

    .venv/bin/python -m benchmarks.retrieval tests/knowledge/questions.csv [--misses] [--split held-out]

With or without a running house. The file has a column `question`, a column `slug` or `slugs` (several separated by
|) and, if it likes, `split`. Prints one JSON object for each way to search: fused, vectors only (the nearest name or
passage), BM25 only (names and passages by word).
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from agents.evaluation.retrieval import Asked, asked_in, figures, in_order
from knowledge.database import reading
from knowledge.embedding import Embedder
from knowledge.library import Library
from knowledge.opening import open_for_command
from knowledge.settings import KnowledgeSettings

DEEP = 40


def main(
    questions: Path,
    split: Annotated[str | None, typer.Option(help="Only the rows of this split.")] = None,
    misses: Annotated[bool, typer.Option(help="Print what was missed.")] = False,
) -> None:
    """Ask every question and print what came first."""
    _join_house()
    rows = asked_in(questions, split)
    with open_for_command(KnowledgeSettings()) as (library, search):
        search.search("warm-up")
        ways: dict[str, Callable[[str], list[str]]] = {
            "fused": lambda text: in_order([passage.slug for passage in search.search(text, k=10)]),
            "vectors": lambda text: _by_vectors(library, search.embedder, text),
            "bm25": lambda text: _by_words(library, text),
        }
        for name, order_of in ways.items():
            told = figures(rows, order_of, _tell) if misses and name == "fused" else figures(rows, order_of)
            typer.echo(json.dumps({"search": name, **told}))


def _join_house() -> None:
    from skingpt import find_house

    find_house()


def _tell(asked: Asked, order: Sequence[str]) -> None:
    typer.echo(f"missed: {asked.question} ({'|'.join(sorted(asked.right))}) → {', '.join(order[:5]) or 'nothing'}")


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
    return in_order([slug for _, slug in sorted(near, reverse=True)])


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
        for rank, slug in enumerate(in_order(slugs), 1):
            scores[slug] = scores.get(slug, 0.0) + 1 / (2 + rank)
    return sorted(scores, key=lambda slug: -scores[slug])


if __name__ == "__main__":
    typer.run(main)
