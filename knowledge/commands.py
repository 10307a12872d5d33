"""The library on the command line.

./run knowledge search "is ringworm contagious" -k 5 --json
./run knowledge load | rebuild | check | list
./run knowledge publish FILE.md --author "Dr A. Example"
./run knowledge retire SLUG --author "Dr A. Example"
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from knowledge.embedding import RemoteEmbedder
from knowledge.errors import KnowledgeError
from knowledge.guideline_file import read_guideline
from knowledge.library import STARTER_TEXTS, Library, load_starter, open_library
from knowledge.search import Search
from knowledge.settings import KnowledgeSettings

app = typer.Typer(name="knowledge", help="The guideline library.", no_args_is_help=True)

Author = Annotated[str, typer.Option(help="Who answers for the change.")]


@app.command()
def search(
    text: str,
    k: Annotated[int, typer.Option("-k", min=1, help="How many passages.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list instead of text.")] = False,
) -> None:
    """Find the passages that answer TEXT."""
    settings = KnowledgeSettings()
    with _failures_in_words():
        embedder = RemoteEmbedder(settings.embedder_url)
        found = Search(open_library(settings, embedder), embedder).search(text, k)
    if as_json:
        typer.echo(json.dumps([passage.model_dump(mode="json") for passage in found], ensure_ascii=False, indent=1))
        return
    for passage in found:
        reviewed = f"reviewed {passage.reviewed}" if passage.reviewed else "not reviewed by a clinician"
        typer.echo(f"{passage.score:.2f}  {passage.title} · {passage.section}  [{passage.chunk_id}; {reviewed}]")
        typer.echo(f"      {passage.text}\n")
    if not found:
        typer.echo("Nothing in the library is about this.")


@app.command()
def load() -> None:
    """Publish the starter guidelines that are new or changed; what a person published or retired stays."""
    with _failures_in_words():
        count = load_starter(_library())
    typer.echo(f"{count} guidelines published.")


@app.command()
def rebuild() -> None:
    """Build the vector index anew and switch it in."""
    with _failures_in_words():
        count = _library().rebuild()
    typer.echo(f"The vector index holds {count} passages.")


@app.command()
def check() -> None:
    """Check the starter texts, then the vector index against the database."""
    with _failures_in_words():
        for path in sorted(STARTER_TEXTS.glob("*.md")):
            read_guideline(path)
        problems = _library().check()
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(1)
    typer.echo("All texts keep the form; the vector index holds exactly what is live.")


@app.command()
def publish(file: Path, author: Author) -> None:
    """Make the guideline in FILE the live version of its condition."""
    with _failures_in_words():
        version = _library().publish(read_guideline(file), author)
    typer.echo(f"{version.slug} version {version.version} is live.")


@app.command(name="list")
def list_documents() -> None:
    """List the live guidelines."""
    with _failures_in_words():
        documents = _library().documents()
    for version in documents:
        reviewed = f"reviewed {version.reviewed}" if version.reviewed else "not reviewed"
        typer.echo(f"{version.slug}  version {version.version}  {reviewed}  review by {version.review_by}")


@app.command()
def retire(slug: str, author: Author) -> None:
    """Take the guideline of SLUG out of every search."""
    with _failures_in_words():
        version = _library().retire(slug, author)
    typer.echo(f"{version.slug} version {version.version} is retired; its passages can still be opened.")


def _library() -> Library:
    return open_library(KnowledgeSettings())


@contextmanager
def _failures_in_words() -> Iterator[None]:
    try:
        yield
    except KnowledgeError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    app()
