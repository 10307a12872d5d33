"""What the commands of the library share: the options of a document, the opened library, a progress bar, a report.

`knowledge.commands` and `agents.library_commands` are built of it.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from knowledge import people
from knowledge.errors import ChangeRefused, DocumentRefused, KnowledgeError
from knowledge.library import Library
from knowledge.opening import open_for_command
from knowledge.report import Comparison, GivenAnswer, Report
from knowledge.search import Search
from knowledge.settings import KnowledgeSettings
from knowledge.submission import Details


def _person(name: str) -> str:
    try:
        return people.author_name(name)
    except ChangeRefused as refused:
        raise typer.BadParameter(str(refused)) from refused


Author = Annotated[str, typer.Option(help="Who answers for the change.", callback=_person)]
Slug = Annotated[str | None, typer.Option(help="The condition a free document is about.")]
Title = Annotated[str | None, typer.Option(help="Its title; the first heading if not given.")]
Edition = Annotated[str | None, typer.Option("--version", help="Its version; today's date if not given.")]
Jurisdiction = Annotated[str, typer.Option(help="Where it holds, such as UK; international: anywhere.")]
Language = Annotated[str, typer.Option(help="Its language, such as en or pt-BR.")]
Source = Annotated[str | None, typer.Option(help="How it is cited.")]
ReviewBy = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="When it must be reviewed.")]
ValidFrom = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day from which it holds.")]


def details(
    slug: str | None,
    title: str | None,
    version: str | None,
    jurisdiction: str,
    language: str,
    source: str | None,
    review_by: datetime | None,
    valid_from: datetime | None,
) -> Details:
    """What the options say of a document."""
    return Details(
        slug=slug,
        title=title,
        version=version,
        jurisdiction=jurisdiction,
        language=language,
        source=source,
        review_by=review_by.date() if review_by else None,
        valid_from=valid_from.date() if valid_from else None,
    )


def content(file: Path) -> bytes:
    """What a file holds. Raises DocumentRefused."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise DocumentRefused(f"{file} cannot be read ({error.strerror}): check the path") from error


@contextmanager
def opened() -> Iterator[tuple[Library, Search]]:
    """The library and its search; the library's errors end the command in one line."""
    try:
        with open_for_command(KnowledgeSettings()) as both:
            yield both
    except KnowledgeError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal that moves by what it is told: how much is done, of how much."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def show_report(report: Report) -> None:
    """Prints a report: how many passages are new, what was taken out, what to look at, the answers that change."""
    pages = f" on {report.pages} pages" if report.pages else ""
    change = f"{len(report.new)} new, {len(report.gone)} gone, {report.unchanged} unchanged"
    typer.echo(f"{report.passages} passages{pages}: {change}.")
    for each in report.removed:
        typer.echo(f"Taken out, {each.words}")
    for warning in report.warnings:
        typer.echo(warning)
    if report.questions is not None:
        show_comparison(Comparison(questions=report.questions, changed_answers=report.changed_answers))


def show_comparison(found: Comparison) -> None:
    """Prints the answers that would change, old and new side by side with their passages."""
    if not found.changed_answers:
        typer.echo(f"None of {found.questions} standing questions would be answered otherwise.")
        return
    typer.echo(f"{len(found.changed_answers)} of {found.questions} standing questions would be answered otherwise:")
    console = Console()
    for each in found.changed_answers:
        table = Table(title=Text(each.question), title_justify="left", expand=True)
        table.add_column("Now", ratio=1)
        table.add_column("Then", ratio=1)
        table.add_row(Text(each.before.text), Text(each.after.text), end_section=True)
        table.add_row(_passages(each.before), _passages(each.after))
        console.print(table)


def _passages(answer: GivenAnswer) -> Text:
    blocks = []
    for passage in answer.passages:
        page = f", page {passage.page}" if passage.page else ""
        place = f"{passage.title} · {passage.section}{page} ({passage.key}, version {passage.version})"
        blocks.append(f"[{passage.n}] {place}\n{passage.text}")
    return Text("\n\n".join(blocks) or "No passage.")
