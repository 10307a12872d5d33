"""The whole preview of a submission as one HTML page: every changed answer side by side, every passage."""

from collections.abc import Iterator
from html import escape
from itertools import chain

from bot.guidelines import texts
from knowledge.chunks import Chunk
from knowledge.report import ChangedAnswer, GivenAnswer, Report
from knowledge.submission import Submission

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:1rem auto;padding:0 1rem}"
    "h1{font-size:1.4rem}h2{font-size:1.15rem;margin-top:2rem}.pair{display:flex;flex-wrap:wrap;gap:1rem}"
    ".pair>div{flex:1 1 18rem;padding:.2rem .8rem;background:#f4f4f4}.new{border-left:.3rem solid #2a7a2a}"
    ".gone{border-left:.3rem solid #a33}.passage{padding-left:.6rem;margin:.8rem 0}small{color:#555}"
)


def preview_page(submission: Submission) -> bytes:
    """The page, UTF-8. It holds no script, and nothing of the document is markup in it."""
    edition, report = submission.edition, submission.report
    assert edition is not None
    assert report is not None
    body = chain(
        [f"<h1>{escape(edition.title)}</h1>", f"<p>{escape(_about(submission))}</p>"],
        _list("Mind", report.warnings),
        _list("Taken out", [each.words for each in report.removed]),
        _answers(report),
        _passages("New passages", submission.new_pieces, "new"),
        _list("Gone passages", report.gone, "gone"),
        _passages("All passages", edition.pieces, ""),
    )
    title = escape(f"Submission {submission.number}: {edition.title}")
    head = (
        f"<meta charset='utf-8'><title>{title}</title><meta name='viewport' content='width=device-width'>"
        "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<style>{_STYLE}</style>"
    )
    page = (
        f"<!doctype html><html lang='{escape(edition.language)}'><head>{head}</head><body>{''.join(body)}</body></html>"
    )
    return page.encode("utf-8", "replace")


def _about(submission: Submission) -> str:
    edition, report = submission.edition, submission.report
    assert edition is not None
    assert report is not None
    counts = (
        f"{report.passages} passages: {len(report.new)} new, {len(report.gone)} gone, {report.unchanged} unchanged."
    )
    about = f"{submission.file_name}, submission {submission.number} by {submission.author}. {edition.key}, version "
    return f"{about}{edition.version}, {edition.jurisdiction}, {edition.language}. {counts}"


def _answers(report: Report) -> Iterator[str]:
    if report.changed_answers:
        count = f"{len(report.changed_answers)} of {report.questions}"
        yield f"<h2>{count} standing questions would be answered differently</h2>"
    for answer in report.changed_answers:
        yield from _side_by_side(answer)


def _side_by_side(answer: ChangedAnswer) -> Iterator[str]:
    sides = (("Old", answer.before), ("New", answer.after))
    columns = "".join(f"<div><h4>{name}</h4>{''.join(_given(given))}</div>" for name, given in sides)
    yield f"<h3>{escape(answer.question)}</h3><div class='pair'>{columns}</div>"


def _given(given: GivenAnswer) -> Iterator[str]:
    yield f"<p>{_lines(given.text or texts.NO_ANSWER)}</p>"
    for passage in given.passages:
        page = f", page {passage.page}" if passage.page else ""
        place = f"[{passage.n}] {passage.title}, {passage.section}{page} ({passage.key}, version {passage.version})"
        yield f"<p><small>{escape(place)}<br>{_lines(passage.text)}</small></p>"


def _passages(heading: str, pieces: tuple[Chunk, ...], kind: str) -> Iterator[str]:
    if pieces:
        yield f"<h2>{heading} ({len(pieces)})</h2>"
    for piece in pieces:
        place = f"{piece.section}{f', page {piece.page}' if piece.page else ''}"
        yield f"<div class='passage {kind}'><small>{escape(place)}</small><br>{_lines(piece.text)}</div>"


def _list(heading: str, lines: tuple[str, ...] | list[str], kind: str = "") -> Iterator[str]:
    if lines:
        yield f"<h2>{heading} ({len(lines)})</h2>"
    for line in lines:
        yield f"<div class='passage {kind}'>{_lines(line)}</div>"


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")
