"""The card of a submission: how it stands, what it would change, the buttons that decide. A function of its record."""

from collections.abc import Iterator, Sequence
from typing import Final

from bot.guidelines import texts
from bot.guidelines.buttons import Action, library_button
from bot.message import Block, Message, escape, fitted, message
from conditions import CONDITIONS
from knowledge.editions import Edition
from knowledge.people import Dermatologist
from knowledge.report import ChangedAnswer, GivenAnswer, Report
from knowledge.submission import State, Submission, is_other

ANSWERS: Final = 3
"""Changed answers side by side on a card; the whole preview has them all."""
_PASSAGES, _REMOVED = 2, 4
_ANSWER_LETTERS, _PASSAGE_LETTERS, _REASON_LETTERS = 350, 160, 900
_DECIDABLE = (State.READY, State.WAITING)


def render_card(submission: Submission, viewer: Dermatologist, people: Sequence[Dermatologist]) -> Message:
    """The card as `viewer` sees it; `people` are all who may approve."""
    blocks = [Block((*_head(submission), *_stand(submission, people)), required=True)]
    if submission.edition and submission.report and submission.state in _DECIDABLE:
        blocks += _preview(submission, submission.edition, submission.report)
    return message(fitted(blocks), _rows(submission, viewer))


def _head(submission: Submission) -> Iterator[str]:
    yield f"{texts.CARD_MARK} <b>{escape(submission.file_name)}</b>"
    yield f"Submission {submission.number} by {escape(submission.author)}"


def _stand(submission: Submission, people: Sequence[Dermatologist]) -> Iterator[str]:
    progress = escape(submission.progress[:_REASON_LETTERS]).rstrip(".")
    decider = escape(submission.decided_by or "")
    match submission.state:
        case State.RECEIVED:
            yield texts.READING.format(progress=progress) if progress else texts.RECEIVED
        case State.READY:
            yield texts.READY
        case State.REFUSED:
            yield texts.REFUSED_DOCUMENT.format(why=progress)
            yield texts.REFUSED_REMEDY
        case State.WAITING if not submission.decided_by:
            names = [escape(person.name) for person in people if is_other(person.name, submission.author)]
            yield texts.FOR_APPROVAL.format(who=", ".join(names) or texts.NOBODY_APPROVES)
        case State.WAITING:
            yield texts.WAITS.format(who=decider, progress=progress.removeprefix("decided; "))
        case State.PUBLISHED:
            approved = is_other(submission.decided_by or submission.author, submission.author)
            yield texts.PUBLISHED.format(who=f", approved by {decider}" if approved else "")
        case State.WITHDRAWN:
            yield texts.WITHDRAWN.format(who=decider)


def _preview(submission: Submission, edition: Edition, report: Report) -> Iterator[Block]:
    yield Block(tuple(_what(edition)), required=True)
    yield Block((_change(submission, report),), required=True)
    if report.removed:
        shown = [
            f"• {escape(each.trick)}{escape(f', {each.place}' if each.place else '')}: “{_cut(each.excerpt, 100)}”"
            for each in report.removed
        ]
        yield Block((texts.REMOVED, *_some(shown, _REMOVED)))
    if report.warnings:
        yield Block((texts.WARNINGS, *(f"⚠️ {escape(each)}" for each in report.warnings)), required=True)
    yield from _answers(report)
    for heading, passages in ((texts.NEW_PASSAGES, report.new), (texts.GONE_PASSAGES, report.gone)):
        if passages:
            yield Block((heading, *_some([f"• {_cut(text, _PASSAGE_LETTERS)}" for text in passages], _PASSAGES)))


def _what(edition: Edition) -> Iterator[str]:
    yield f"<b>{escape(edition.title)}</b>"
    yield texts.STANDS.format(
        condition=escape(CONDITIONS[edition.slug].title),
        version=escape(edition.version),
        jurisdiction=escape(edition.jurisdiction),
        language=escape(edition.language),
        review_by=edition.review_by,
        valid=texts.VALID_FROM.format(day=edition.valid_from) if edition.valid_from else "",
    )
    yield f"<code>{escape(edition.key)}</code>"


def _change(submission: Submission, report: Report) -> str:
    change = texts.CHANGE.format(
        passages=report.passages,
        pages=f" on {report.pages} pages" if report.pages else "",
        new=len(report.new),
        gone=len(report.gone),
        unchanged=report.unchanged,
    )
    return change if submission.replaces else f"{change}\n{texts.NEW_IN_LIBRARY}"


def _answers(report: Report) -> Iterator[Block]:
    if report.questions is None:
        yield Block((texts.NOT_COMPARED,), required=True)
    elif not report.changed_answers:
        yield Block((texts.NO_ANSWER_CHANGES.format(questions=report.questions),), required=True)
    else:
        changed = texts.ANSWERS_CHANGE.format(changed=len(report.changed_answers), questions=report.questions)
        yield Block((changed,), required=True)
        for answer in report.changed_answers[:ANSWERS]:
            yield Block(tuple(_side_by_side(answer)))
        if (more := len(report.changed_answers) - ANSWERS) > 0:
            yield Block((texts.MORE.format(count=more),))


def _side_by_side(answer: ChangedAnswer) -> Iterator[str]:
    yield f"❓ <i>{escape(answer.question)}</i>"
    yield f"<b>Old:</b> {_answer(answer.before)}"
    yield f"<b>New:</b> {_answer(answer.after)}"


def _answer(answer: GivenAnswer) -> str:
    return _cut(answer.text, _ANSWER_LETTERS) if answer.text else texts.NO_ANSWER


def _some(lines: Sequence[str], most: int) -> tuple[str, ...]:
    more = len(lines) - most
    return (*lines[:most], *([texts.MORE.format(count=more)] if more > 0 else []))


def _cut(text: str, letters: int) -> str:
    words = " ".join(text.split())
    return escape(words if len(words) <= letters else f"{words[:letters].rstrip()}…")


def _rows(submission: Submission, viewer: Dermatologist) -> list[list[tuple[str, str]]]:
    number, state = submission.number, submission.state
    if state in (State.PUBLISHED, State.WITHDRAWN):
        return []
    own = not is_other(viewer.name, submission.author)
    withdraw = library_button(texts.WITHDRAW if own else texts.DECLINE, Action.WITHDRAW, number)
    if state not in _DECIDABLE:
        return [[withdraw]]
    preview = library_button(texts.WHOLE_PREVIEW, Action.PREVIEW, number)
    decided = state is State.WAITING and (own or submission.decided_by)
    publish = library_button(texts.PUBLISH if own else texts.APPROVE, Action.PUBLISH, number)
    return [[withdraw], [preview]] if decided else [[publish, withdraw], [preview]]
