"""The library on the command line, with a running house or without one.

./run knowledge search "is ringworm contagious" -k 5 --json          (- reads one question a line)
./run knowledge load | rebuild | check | list | due | log | migrate
./run knowledge submission 7; ./run knowledge approve | withdraw 7 --author "Dr B"
./run knowledge retire | restore | versions KEY
./run knowledge invite "Dr A. Example"; ./run knowledge people | remove

What asks the agent (preview, publish, submit) stands in `agents.library_commands`.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection

from knowledge import people, schema
from knowledge.command_line import Author, opened, progress, show_report
from knowledge.database import connected
from knowledge.due import due
from knowledge.errors import KnowledgeError
from knowledge.library import load_starter
from knowledge.record import Passage
from knowledge.reviewing import problems_of_texts
from knowledge.settings import KnowledgeSettings
from knowledge.submissions import Submissions

app = typer.Typer(name="knowledge", help="The guideline library.", no_args_is_help=True)


@app.command()
def search(
    text: Annotated[str, typer.Argument(help="A patient's question; `-` reads one a line.")],
    k: Annotated[int, typer.Option("-k", min=1, help="How many passages.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list instead of text.")] = False,
    slug: Annotated[list[str] | None, typer.Option(help="Only of this condition; may be given again.")] = None,
    disease_class: Annotated[str | None, typer.Option("--class", help="Only of this class.")] = None,
    jurisdiction: Annotated[str | None, typer.Option(help="Only what holds there or internationally.")] = None,
    language: Annotated[str | None, typer.Option(help="Only in this language; en also finds en-GB.")] = None,
) -> None:
    """Find the passages that answer TEXT, in the whole library.

    With the --jurisdiction and --language that are set for patients: as a patient's question finds them.
    """
    questions = (line.rstrip("\n") for line in sys.stdin) if text == "-" else iter((text,))
    with opened() as (_, finder):
        for question in questions:
            found = finder.search(question, k, slug, None, jurisdiction, language, disease_class)
            if as_json:
                passages = [_short(passage) for passage in found]
                typer.echo(json.dumps(passages, ensure_ascii=False, indent=None if text == "-" else 1))
            else:
                _show(found)


@app.command()
def load() -> None:
    """Publish the starter guidelines that are new or changed, and submissions whose day has come.

    What a person published or retired stays.
    """
    with opened() as (library, _):
        count = load_starter(library)
        due = Submissions(library).publish_due()
    typer.echo(f"{count} guidelines published.")
    for version in due:
        typer.echo(f"{version.key} version {version.version} is valid by now and live.")


@app.command()
def migrate(
    to: Annotated[str | None, typer.Option(help="The revision to stop at; default: the newest.")] = None,
) -> None:
    """Bring the library's tables up to this program's revision. Old and new processes may be at work meanwhile."""
    with _tables() as connection:
        before = schema.revision(connection)
        schema.upgrade(connection, _revision(to) if to else "head")
        after = schema.revision(connection)
    typer.echo(f"The library is at revision {after}" + (f" (before: {before or 'none'})." if before != after else "."))


@app.command()
def downgrade(
    to: Annotated[str, typer.Argument(help="The revision to go back to, e.g. 0002.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Take the library's tables back, for an earlier program. What only newer ones hold is lost."""
    target = _revision(to)
    if not yes:
        typer.confirm("Is every process stopped, and a backup made?", abort=True)
    with _tables() as connection:
        schema.downgrade(connection, target)
    typer.echo(f"The library is at revision {target}.")


@app.command()
def rebuild() -> None:
    """Build the vector index anew and switch it in."""
    with opened() as (library, _), progress("Embedding") as tell:
        count = library.rebuild(tell)
    typer.echo(f"The vector index holds {count} passages.")


@app.command()
def check(
    folder: Annotated[Path | None, typer.Argument(help="A folder of guideline files.")] = None,
    texts_only: Annotated[bool, typer.Option("--texts-only", help="Do not look at the vector index.")] = False,
) -> None:
    """Prove the texts' form, links, sources, dates, sentences and reading age; then the vector index."""
    problems = problems_of_texts(folder)
    if folder is None and not texts_only:
        with opened() as (library, _):
            problems += library.check()
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(1)
    typer.echo("All texts keep the form and can be read; the vector index holds exactly what is live.")


@app.command()
def submission(number: int, as_json: Annotated[bool, typer.Option("--json", help="One JSON value.")] = False) -> None:
    """Show what was handed in: how it stands, what is new, what was taken out, which answers would change."""
    with opened() as (library, _):
        found = Submissions(library).get(number)
    if as_json:
        named = {name: getattr(found, name) for name in ("number", "author", "file_name", "state", "progress")}
        report = found.report.model_dump(mode="json") if found.report else None
        typer.echo(json.dumps({**named, "report": report}, ensure_ascii=False, indent=1))
        return
    typer.echo(f"{found.file_name}, by {found.author}: {found.state}. {found.progress}".rstrip())
    if found.report:
        show_report(found.report)


@app.command()
def approve(number: int, author: Author) -> None:
    """Publish what was handed in; where two must agree, what somebody else handed in."""
    with opened() as (library, _):
        submissions = Submissions(library)
        submissions.publish(number, author)
        submission = submissions.get(number)
    typer.echo(f"Submission {number}: {submission.state}. {submission.progress}")


@app.command()
def withdraw(number: int, author: Author) -> None:
    """Take a submission back."""
    with opened() as (library, _):
        Submissions(library).withdraw(number, author)
    typer.echo(f"Submission {number} is withdrawn.")


@app.command(name="list")
def list_documents() -> None:
    """List the live guidelines and documents, and what waits to be decided."""
    with opened() as (library, _):
        for version in library.documents():
            reviewed = f"reviewed {version.reviewed}" if version.reviewed else "not reviewed"
            typer.echo(f"{version.key}  version {version.version}  {reviewed}  review by {version.review_by}")
        for submission in Submissions(library).pending():
            typer.echo(
                f"submission {submission.number}  {submission.file_name}  {submission.state}  {submission.author}"
                f"  {submission.progress}".rstrip()
            )


@app.command(name="due")
def list_due() -> None:
    """List what must be reviewed soon, what is overdue, and what dropped out of search for it."""
    with opened() as (library, _):
        for each in due(library):
            typer.echo(f"{each.version.key}  {each.words}")


@app.command()
def versions(key: str) -> None:
    """List every version of KEY, newest first."""
    with opened() as (library, _):
        for version in library.versions(key):
            ended = f"ended {version.retired:%Y-%m-%d} by {version.retired_by}" if version.retired else "live"
            restores = f"  restores {version.restores}" if version.restores else ""
            published = f"{version.published:%Y-%m-%d} by {version.author}"
            typer.echo(f"{version.number}  version {version.version}  {published}  {ended}{restores}")


@app.command()
def retire(key: str, author: Author) -> None:
    """Take KEY out of every search."""
    with opened() as (library, _):
        version = library.retire(key, author)
    typer.echo(f"{version.key} version {version.version} is retired; its passages can still be opened.")


@app.command()
def restore(
    key: str,
    author: Author,
    number: Annotated[int | None, typer.Option(help="Which version; else the one before.")] = None,
) -> None:
    """Bring an earlier version of KEY back, word for word: what was retired, or the one before the live one."""
    with opened() as (library, _):
        version = library.restore(key, author, number)
    typer.echo(f"{version.key} version {version.version} is live again.")


@app.command()
def log(
    limit: Annotated[int, typer.Option("-n", min=1, help="How many.")] = 30,
    key: Annotated[str | None, typer.Option(help="Only of this guideline, document or person.")] = None,
) -> None:
    """Tell who did what, newest first."""
    with opened() as (library, _):
        for deed in library.deeds(limit, key):
            typer.echo(f"{deed.time:%Y-%m-%d %H:%M}  {deed.actor}  {deed.action}  {deed.subject}  {deed.detail}")


@app.command()
def invite(
    name: Annotated[str, typer.Argument(help="As the library shall name the author.")],
    by: Annotated[str, typer.Option(help="Who invites.")] = "operator",
    bot: Annotated[str, typer.Option(help="The bot's name on Telegram, without @.")] = "BOT",
) -> None:
    """Print a link that lets one dermatologist change the library from Telegram; it works once, for three days."""
    with opened() as (library, _):
        token = people.invite(library.engine, name, by)
    typer.echo(f"https://t.me/{bot}?start={token}")
    typer.echo(f"In the playground, send: /start {token}", err=True)


@app.command(name="people")
def list_people() -> None:
    """List who may change the library from Telegram."""
    with opened() as (library, _):
        for person in people.allowed(library.engine):
            typer.echo(f"{person.telegram_id}  {person.name}  since {person.since:%Y-%m-%d}, by {person.invited_by}")


@app.command()
def remove(telegram_id: int, by: Annotated[str, typer.Option(help="Who removes.")] = "operator") -> None:
    """Take the right to change the library away, at once."""
    with opened() as (library, _):
        people.remove(library.engine, telegram_id, by)
    typer.echo("Removed.")


def _short(passage: Passage) -> dict[str, object]:
    return {
        "slug": passage.slug,
        "section": passage.section,
        "passage": passage.text,
        "score": round(passage.score, 4),
        "document": passage.document,
        "version": passage.version,
        "page": passage.page,
    }


def _show(found: list[Passage]) -> None:
    today = datetime.now(UTC).date()
    for passage in found:
        reviewed = f"reviewed {passage.reviewed}" if passage.reviewed else "not reviewed by a clinician"
        page = f", page {passage.page}" if passage.page else ""
        overdue = "; REVIEW OVERDUE" if passage.review_by and passage.review_by < today else ""
        typer.echo(
            f"{passage.score:.2f}  {passage.title} · {passage.section}{page}  [{passage.chunk_id}; {reviewed}{overdue}]"
        )
        typer.echo(f"      {passage.text}\n")
    if not found:
        typer.echo("Nothing in the library is about this.")


def _revision(name: str) -> str:
    if name not in schema.revisions():
        known = ", ".join(reversed(schema.revisions()))
        raise typer.BadParameter(f"There is no revision {name} here, but {known}.")
    return name


@contextmanager
def _tables() -> Iterator[Connection]:
    try:
        engine = connected(KnowledgeSettings())
        with schema.migrating(engine) as connection:
            yield connection
        engine.dispose()
    except KnowledgeError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    app()
