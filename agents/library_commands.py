"""Changing the library from the command line, where the agent is asked first what patients would be told then.

./run knowledge preview FILE [--slug psoriasis] [--json]       (Markdown, PDF, DOCX, HTML, text)
./run knowledge preview --retire psoriasis; ./run knowledge preview --restore psoriasis
./run knowledge publish FILE --author "Dr A. Example" [--slug psoriasis] [--yes]
./run knowledge submit FILE --author "Dr A"
"""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from agents.preview import comparing
from agents.settings import AgentSettings
from knowledge import editions
from knowledge.command_line import (
    Author,
    Edition,
    Jurisdiction,
    Language,
    ReviewBy,
    Slug,
    Source,
    Title,
    ValidFrom,
    content,
    details,
    opened,
    progress,
    show_comparison,
    show_report,
)
from knowledge.errors import DocumentRefused
from knowledge.formats.extracted import Extracted
from knowledge.library import Library
from knowledge.preparing import prepared, reported
from knowledge.rehearsal import Change
from knowledge.report import Comparison, Report
from knowledge.search import Search
from knowledge.submission import Details, State
from knowledge.submissions import Submissions

app = typer.Typer(no_args_is_help=True)


@app.command()
def preview(
    file: Annotated[Path | None, typer.Argument(help="What would be published.")] = None,
    retire: Annotated[str | None, typer.Option(help="Instead: the key that would be retired.")] = None,
    restore: Annotated[str | None, typer.Option(help="Instead: the key that would be restored.")] = None,
    number: Annotated[int | None, typer.Option(help="Which version would be restored; else the one before.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON value instead of text.")] = False,
    slug: Slug = None,
    title: Title = None,
    version: Edition = None,
    jurisdiction: Jurisdiction = "international",
    language: Language = "en",
    source: Source = None,
    review_by: ReviewBy = None,
    valid_from: ValidFrom = None,
) -> None:
    """Show what would change, the answers to the standing questions above all, and change nothing."""
    if sum(each is not None for each in (file, retire, restore)) != 1:
        raise typer.BadParameter("give a FILE, or --retire KEY, or --restore KEY")
    with opened() as (library, search):
        if file is not None:
            said = details(slug, title, version, jurisdiction, language, source, review_by, valid_from)
            key, report = _reported(library, search, file, said)
            _print(as_json, key, report)
            return
        key = retire or restore or ""
        change = Change(key, None if retire else library.earlier(key, number))
        _print(as_json, key, _compared(library, search, change))


@app.command()
def publish(
    file: Path,
    author: Author,
    slug: Slug = None,
    title: Title = None,
    version: Edition = None,
    jurisdiction: Jurisdiction = "international",
    language: Language = "en",
    source: Source = None,
    review_by: ReviewBy = None,
    valid_from: ValidFrom = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not compare answers, and do not ask.")] = False,
) -> None:
    """Make FILE live: a guideline in the fixed form, or a document about one condition.

    On a terminal it shows first what patients would be told otherwise, and asks.
    """
    said = details(slug, title, version, jurisdiction, language, source, review_by, valid_from)
    with opened() as (library, search):
        edition, extracted = _read(library, file, said)
        asks = _asks(yes)
        answers = _compared(library, search, Change.publishing(edition)) if asks else None
        show_report(reported(edition, library.edition(edition.key), extracted, answers, library))
        if asks:
            typer.confirm("Publish it?", abort=True)
        published = library.publish(edition, author)
    typer.echo(f"{published.key} version {published.version} is live.")


@app.command()
def submit(
    file: Path,
    author: Author,
    slug: Slug = None,
    title: Title = None,
    version: Edition = None,
    jurisdiction: Jurisdiction = "international",
    language: Language = "en",
    source: Source = None,
    review_by: ReviewBy = None,
    valid_from: ValidFrom = None,
) -> None:
    """Hand FILE in for somebody else to approve, or for the day from which it holds; nothing is published at once."""
    said = details(slug, title, version, jurisdiction, language, source, review_by, valid_from)
    with opened() as (library, search):
        submissions = Submissions(library)
        number = submissions.receive(content(file), file.name, author, said)
        with progress("Reading, and comparing answers") as tell:
            submission = submissions.read(number, comparing(library, search.embedder, AgentSettings()), tell)
        if submission.report is None:
            raise DocumentRefused(submission.progress)
        show_report(submission.report)
        if library.settings.library_second_approver or _holds_later(library, submission.edition):
            submissions.publish(number, author)
            submission = submissions.get(number)
    remedy = f"To publish it: ./run knowledge approve {number}" if submission.state is State.READY else ""
    typer.echo(f"Submission {number}: {submission.state}. {submission.progress or remedy}")


def _holds_later(library: Library, edition: editions.Edition | None) -> bool:
    return edition is not None and edition.valid_from is not None and edition.valid_from > library.today()


def _asks(yes: bool) -> bool:
    """Whether somebody sits there who wants to be asked."""
    return sys.stdin.isatty() and not yes


def _read(library: Library, file: Path, said: Details) -> tuple[editions.Edition, Extracted]:
    with progress("Reading") as tell:
        return prepared(content(file), file.name, said, library, tell)


def _reported(library: Library, search: Search, file: Path, said: Details) -> tuple[str, Report]:
    edition, extracted = _read(library, file, said)
    answers = _compared(library, search, Change.publishing(edition))
    return edition.key, reported(edition, library.edition(edition.key), extracted, answers, library)


def _compared(library: Library, search: Search, change: Change) -> Comparison | None:
    with progress("Comparing answers") as tell:
        return comparing(library, search.embedder, AgentSettings())(change, tell)


def _print(as_json: bool, key: str, found: Report | Comparison | None) -> None:
    if as_json:
        values: dict[str, Any] = found.model_dump(mode="json") if found else {}
        typer.echo(json.dumps({"key": key, **values}, ensure_ascii=False, indent=1))
    elif isinstance(found, Report):
        show_report(found)
    elif found is not None:
        show_comparison(found)
