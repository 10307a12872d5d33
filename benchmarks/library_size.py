"""How long a search takes in a large library, and whether the right guideline still comes first among so much else.

    .venv/bin/python -m benchmarks.library_size [--chunks 100000] [--folder KEPT]

Builds a library of its own, with the house's Chroma and embedding server as processes beside it: the starter
guidelines and, up to `--chunks`, generated handbooks of some 400 passages, each about one condition. Half of their
sentences come from the guideline of that condition and half from any other, so that words are as common as in real
text and every handbook looks a little like every condition. They are published as any document is, with one
exception: embedding 100,000 passages takes hours on two cores, so the vector of a generated passage is the normalised
mean of the real vectors of the passages its sentences come from, with noise of a third of its length. Titles are
embedded really, and so is every question, within the time that is measured.

Prints one JSON object for each kind of search: all questions of tests/knowledge/questions.csv, and the same with a
filter. `first` and `within_five` are over the rows `held-out`, times over all rows.
"""

import csv
import json
import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import httpx
import numpy as np
import typer
from numpy.typing import NDArray
from tqdm import tqdm

from conditions import CONDITIONS
from knowledge import catalogue
from knowledge.database import reading
from knowledge.editions import edition_of
from knowledge.embedding import RemoteEmbedder
from knowledge.index_keeper import embedded_text
from knowledge.library import Library, load_starter, open_library
from knowledge.record import Document
from knowledge.search import Search
from knowledge.sentences import sentences
from knowledge.settings import KnowledgeSettings
from knowledge.vectors import VectorCache, vector_key
from local.addresses import Ports
from local.parts import addresses, environment_of, house_parts
from local.settings import LocalSettings

QUESTIONS = Path(__file__).resolve().parent.parent / "tests" / "knowledge" / "questions.csv"
PASSAGES_EACH = 400
WORDS_EACH = 80
"""A passage of the generated handbooks ends with the sentence that reaches so many words; a section is one passage."""
OWN = 0.5
"""Of a handbook's sentences so many come from the guideline of its condition."""
NOISE = 0.33
LONGEST_WAIT = 120.0


@dataclass(frozen=True, slots=True)
class Source:
    """A sentence of a starter guideline and the vector of the passage it stands in."""

    text: str
    slug: str
    vector: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, the guidelines that may come first, and whether it counts for `first` and `within_five`."""

    question: str
    right: frozenset[str]
    held_out: bool


def main(
    chunks: Annotated[int, typer.Option(help="Passages in the library.")] = 100_000,
    folder: Annotated[Path | None, typer.Option(help="Keep the library here and use it again.")] = None,
) -> None:
    """Build the library, ask every question in several ways, print what it took and what came first."""
    with ExitStack() as held:
        data = folder or Path(held.enter_context(tempfile.TemporaryDirectory()))
        settings = held.enter_context(servers(data))
        embedder = RemoteEmbedder(settings.embedder_url)
        library = open_library(settings, embedder)
        held.callback(library.close)
        load_starter(library)
        fill(library, chunks)
        report(library, Search(library, embedder), asked_in(QUESTIONS))


@contextmanager
def servers(data: Path) -> Iterator[KnowledgeSettings]:
    """Chroma and the embedding server on `data`, started as the house starts them; the library's settings for them."""
    local = LocalSettings(data=data, chroma_port=0, embedder_port=0, model_port=0, broker_port=0, metrics_port=0)
    ports = Ports.choose(local)
    shared = addresses(local, ports)
    started = []
    try:
        for part in house_parts(local, ports):
            if part.name in ("chroma", "embedder"):
                (part.folder or data).mkdir(parents=True, exist_ok=True)
                environment = environment_of(part, os.environ, shared)
                started.append(subprocess.Popen(part.command, env=environment, stdout=subprocess.DEVNULL))
        _wait_for(f"{ports.url('chroma')}/api/v2/heartbeat")
        _wait_for(f"{ports.url('embedder')}/health")
        yield KnowledgeSettings(data=data, chroma_url=ports.url("chroma"), embedder_url=ports.url("embedder"))
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            process.wait(timeout=60)


def fill(library: Library, chunks: int) -> None:
    """Publishes handbooks until the library holds so many passages; those of an earlier run count."""
    with reading(library.engine) as connection:
        rows = catalogue.live_chunks(connection)
    sources = _sources(library, [row for row in rows if row.key == row.slug])
    cache = VectorCache(library.engine, RemoteEmbedder(library.settings.embedder_url), library.model)
    slugs = sorted(sources)
    missing = chunks - len(rows)
    first = sum(version.key != version.slug for version in library.documents())
    numbers = range(first, first + -(-missing // PASSAGES_EACH))
    for number in tqdm(numbers, desc="handbooks", disable=missing <= 0):
        left = missing - (number - first) * PASSAGES_EACH
        handbook, vectors = _handbook(number, slugs[number % len(slugs)], sources, min(PASSAGES_EACH, left))
        edition = edition_of(handbook)
        if len(edition.pieces) != len(vectors):
            raise AssertionError(f"{len(edition.pieces)} passages were cut from {len(vectors)} sections")
        texts = [embedded_text(edition.title, piece.section, piece.text) for piece in edition.pieces]
        keys = [vector_key(library.model, text) for text in texts]
        cache.remember({key: vector.tobytes() for key, vector in zip(keys, vectors, strict=True)})
        library.publish(edition, "benchmark")


def report(library: Library, search: Search, questions: Sequence[Asked]) -> None:
    """Prints the figures of every kind of search."""
    with reading(library.engine) as connection:
        held = len(catalogue.live_chunks(connection))
    kinds: dict[str, Callable[[Asked], Mapping[str, Any]]] = {
        "everything": lambda asked: {},
        "language": lambda asked: {"language": "en"},
        "class": lambda asked: {"disease_class": CONDITIONS[min(asked.right)].disease_class},
        "slug": lambda asked: {"slugs": asked.right},
    }
    for name, filters in kinds.items():
        search.search("warm-up", **filters(questions[0]))
        figures = _figures(questions, lambda asked, f=filters: search.search(asked.question, k=10, **f(asked)))  # type: ignore[misc]
        typer.echo(json.dumps({"chunks": held, "search": name, **figures}))


def asked_in(file: Path) -> list[Asked]:
    """The questions of the file."""
    with file.open(encoding="utf-8", newline="") as lines:
        return [
            Asked(row["question"], frozenset(row["slug"].split("|")), row["split"] == "held-out")
            for row in csv.DictReader(lines)
        ]


def _figures(questions: Sequence[Asked], passages: Callable[[Asked], Sequence[Any]]) -> dict[str, float]:
    first, five, seconds = 0, 0, []
    for asked in questions:
        started = time.monotonic()
        found = passages(asked)
        seconds.append(time.monotonic() - started)
        order = list(dict.fromkeys(passage.slug for passage in found))
        first += asked.held_out and bool(order) and order[0] in asked.right
        five += asked.held_out and bool(asked.right & set(order[:5]))
    counted = sum(asked.held_out for asked in questions)
    seconds.sort()
    return {
        "first": round(first / counted, 3),
        "within_five": round(five / counted, 3),
        "p50_ms": round(1000 * seconds[len(seconds) // 2], 1),
        "p95_ms": round(1000 * seconds[int(0.95 * len(seconds))], 1),
        "max_ms": round(1000 * seconds[-1], 1),
    }


def _sources(library: Library, rows: Sequence[Any]) -> dict[str, list[Source]]:
    cache = VectorCache(library.engine, RemoteEmbedder(library.settings.embedder_url), library.model)
    vectors = cache.embed([embedded_text(row.title, row.section, row.text) for row in rows])
    found: dict[str, list[Source]] = {}
    for row, vector in zip(rows, vectors, strict=True):
        numbers = np.asarray(vector, dtype=np.float32)
        texts = [sentence.text for sentence in sentences(row.text) if len(sentence.text.split()) > 3]
        found.setdefault(row.slug, []).extend(Source(text, row.slug, numbers) for text in texts)
    return found


def _handbook(
    number: int, slug: str, sources: Mapping[str, Sequence[Source]], passages: int
) -> tuple[Document, list[NDArray[np.float32]]]:
    """A generated document and the vector of each of its passages."""
    chance, noise = random.Random(number), np.random.default_rng(number)
    everything = [source for each in sources.values() for source in each]
    title = CONDITIONS[slug].title
    lines, vectors = [], []
    for at in range(passages):
        taken: list[Source] = []
        while sum(len(source.text.split()) for source in taken) < WORDS_EACH:
            taken.append(chance.choice(sources[slug] if chance.random() < OWN else everything))
        lines += [f"## Section {at + 1}", "", " ".join(source.text for source in taken), ""]
        mean = np.mean([source.vector for source in taken], axis=0)
        other = noise.standard_normal(len(mean)).astype(np.float32)
        vector = mean / np.linalg.norm(mean) + NOISE * other / np.linalg.norm(other)
        vectors.append((vector / np.linalg.norm(vector)).astype(np.float32))
    document = Document(
        key=f"{slug}.handbook-{number}",
        slug=slug,
        title=f"Handbook {number} on {title}",
        jurisdiction="international",
        language="en",
        version="1",
        reviewed=None,
        review_by=date(2099, 1, 1),
        source=f"Generated handbook {number}",
        file_name=f"handbook-{number}.md",
        text="\n".join(lines),
    )
    return document, vectors


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + LONGEST_WAIT
    while True:
        try:
            if httpx.get(url, trust_env=False).is_success:
                return
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise SystemExit(f"{url} does not answer") from None
        time.sleep(0.1)


if __name__ == "__main__":
    typer.run(main)
