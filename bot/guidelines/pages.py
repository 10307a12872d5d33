"""The pages of /guidelines: lists a page at a time, one text, its versions, what is found. Functions of what is in the
library.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from bot.guidelines import texts
from bot.guidelines.buttons import Action, library_button
from bot.message import Block, Message, escape, fitted, message
from conditions import CONDITIONS
from knowledge.due import SOON, Due
from knowledge.readership import Readership
from knowledge.record import Deed, Passage, Version
from knowledge.submission import Submission

PER_PAGE: Final = 8
_LABEL, _LETTERS = 48, 260

_Row = list[tuple[str, str]]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Counts:
    """What the first page tells."""

    live: int
    waiting: int
    due: int


def home(counts: Counts) -> Message:
    """The first page."""
    text = texts.HOME.format(live=counts.live, waiting=counts.waiting, due=counts.due, days=SOON.days)
    buttons = [library_button(label, Action(name)) for name, label in texts.HOME_ROWS.items()]
    return message(text, [buttons[start : start + 2] for start in range(0, len(buttons), 2)])


def live_list(versions: Sequence[Version], page: int) -> Message:
    """All live texts by title."""
    ordered = sorted(versions, key=lambda version: (version.title.casefold(), version.key))
    return _listed(ordered, page, texts.LIST, "", Action.LIST, _to_text)


def due_list(due: Sequence[Due], page: int) -> Message:
    """What must be reviewed soon, what is overdue, and what dropped out for it."""

    def line(each: Due) -> str:
        return f"• {escape(each.version.title)}: {each.words}"

    nothing = texts.DUE_NONE.format(days=SOON.days)
    return _listed(due, page, texts.DUE, nothing, Action.DUE, lambda each: _to_text(each.version), line)


def waiting_list(submissions: Sequence[Submission], page: int) -> Message:
    """Submissions that are not decided."""

    def line(each: Submission) -> str:
        stands = f"{each.state}, {each.progress}" if each.progress else str(each.state)
        return f"• {each.number} · {escape(each.file_name)}, by {escape(each.author)}: {escape(stands[:120])}"

    def to_card(each: Submission) -> _Row:
        return [library_button(_label(f"{each.number} · {each.file_name}"), Action.CARD, each.number)]

    return _listed(submissions, page, texts.WAITING, texts.WAITING_NONE, Action.WAITING, to_card, line)


def retired_list(versions: Sequence[Version], page: int) -> Message:
    """What has no live version any more."""
    return _listed(versions, page, texts.RETIRED, texts.RETIRED_NONE, Action.RETIRED, _to_text, _line_retired)


def log_list(deeds: Sequence[Deed], page: int) -> Message:
    """Who did what, newest first."""

    def line(deed: Deed) -> str:
        said = " ".join(filter(None, (deed.actor, deed.action, deed.subject, deed.detail)))
        return f"• {deed.time:%Y-%m-%d %H:%M} {escape(said)}"

    return _listed(deeds, page, texts.LOG, "", Action.LOG, lambda deed: [], line)


def text_page(version: Version, newest: Version) -> Message:
    """One version of a text. `newest`: of the same text; bringing back is in place of that one."""
    reviewed = f"Reviewed {version.reviewed}" if version.reviewed else texts.NOT_REVIEWED
    approved = f", approved by {version.approved_by}" if version.approved_by else ""
    lines = [
        f"<b>{escape(version.title)}</b>",
        f"<code>{escape(version.key)}</code> · {escape(CONDITIONS[version.slug].title)}",
        escape(f"Version {version.version} · {version.jurisdiction} · {version.language}"),
        escape(f"Published {version.published:%Y-%m-%d} by {version.author}{approved}"),
        f"{reviewed} · review due {version.review_by}",
    ]
    if version.valid_from:
        lines.append(f"Valid from {version.valid_from}")
    if version.retired:
        lines.append(f"🗄 {escape(_line_ended(version))}")
    rows = [
        [
            library_button(texts.AS_FILE, Action.FILE, version.number),
            library_button(texts.ALL_VERSIONS, Action.VERSIONS, version.number),
        ]
    ]
    if version.retired is None:
        rows.append([library_button(texts.RETIRE, Action.ASK_RETIRE, version.number)])
    else:
        rows.append([_restore(version, newest)])
    return message(fitted([Block(tuple(lines), required=True)]), [*rows, _home_row()])


def versions_list(versions: Sequence[Version], page: int) -> Message:
    """Every version of one text, newest first; those that ended can be brought back."""
    newest = versions[0]

    def line(version: Version) -> str:
        restores = " (brought back)" if version.restores else ""
        ended = _line_ended(version) if version.retired else "live"
        return escape(f"• {version.version}, {version.published:%Y-%m-%d} by {version.author}{restores}: {ended}")

    def restore(version: Version) -> _Row:
        return [_restore(version, newest)] if version.retired and version.restores is None else []

    heading = texts.VERSIONS.format(title=escape(newest.title), range="{range}")
    back = library_button(texts.BACK, Action.TEXT, newest.number)
    return _listed(versions, page, heading, "", Action.VERSIONS, restore, line, newest.number, [back])


def ask_retire(version: Version) -> Message:
    """Are you sure?"""
    text = texts.RETIRE_ASK.format(title=escape(version.title), version=escape(version.version))
    yes = library_button(texts.RETIRE_YES, Action.RETIRE, version.number)
    return message(text, [[yes], [library_button(texts.BACK, Action.TEXT, version.number)]])


def ask_restore(version: Version, newest: Version) -> Message:
    """Are you sure?"""
    text = texts.RESTORE_ASK.format(
        version=escape(version.version),
        title=escape(version.title),
        day=f"{version.published:%Y-%m-%d}",
        author=escape(version.author),
    )
    if newest.retired is None:
        text = f"{text} {texts.RESTORE_REPLACES.format(version=escape(newest.version))}"
    yes = library_button(texts.RESTORE_YES, Action.RESTORE, version.number, newest.number)
    return message(text, [[yes], [library_button(texts.BACK, Action.VERSIONS, newest.number)]])


def found_list(
    words: str,
    found: Sequence[Passage],
    numbers: Sequence[int | None],
    page: int,
    today: date,
    readers: Readership,
) -> Message:
    """One page of a search; `numbers` are of the passages' versions. Where one more comes than fits, there are more.

    `readers`: the patients for whom it was searched.
    """
    shown = found[:PER_PAGE]
    searched = (texts.FOUND_FOR.format(texts=escape(readers.words)),) if readers.is_narrow else ()
    blocks = [Block((texts.FOUND.format(words=escape(words)), *searched), required=True)]
    for place, passage in enumerate(shown, page * PER_PAGE + 1):
        at = f", page {passage.page}" if passage.page else ""
        late = passage.review_by and passage.review_by < today
        overdue = f" · overdue since {passage.review_by}" if late else ""
        cut = passage.text if len(passage.text) <= _LETTERS else f"{passage.text[:_LETTERS].rstrip()}…"
        about = escape(f"{passage.title} · {passage.section}{at} · version {passage.version}{overdue}")
        blocks.append(Block((f"<b>{place}.</b> {about}", escape(" ".join(cut.split())))))
    if not shown:
        blocks.append(Block((texts.FOUND_NONE,), required=True))
    opens = [
        library_button(str(place), Action.TEXT, number)
        for place, number in enumerate(numbers[:PER_PAGE], page * PER_PAGE + 1)
        if number
    ]
    turning = _turning(Action.FOUND, page, 0, more=len(found) > PER_PAGE)
    return message(fitted(blocks), [opens[:4], opens[4:], turning, _home_row()])


def _listed(
    items: Sequence[_T],
    page: int,
    heading: str,
    nothing: str,
    action: Action,
    row: Callable[[_T], _Row],
    line: Callable[[_T], str] | None = None,
    number: int = 0,
    last: Sequence[tuple[str, str]] = (),
) -> Message:
    """One page of `items`: a line and a row of buttons each. `number`: what the pages are of, where not of all."""
    page = min(page, max(0, (len(items) - 1) // PER_PAGE))
    shown = items[page * PER_PAGE : (page + 1) * PER_PAGE]
    if not shown:
        return message(nothing, [_home_row()])
    at = page * PER_PAGE
    span = f"({at + 1}–{at + len(shown)} of {len(items)})"
    blocks = [Block((heading.format(range=span),), required=True)]
    if line is not None:
        blocks.append(Block(tuple(line(item) for item in shown), required=True))
    turning = _turning(action, page, number, more=len(items) > at + len(shown))
    return message(fitted(blocks), [*(row(item) for item in shown), turning, [*last, *_home_row()]])


def _turning(action: Action, page: int, number: int, *, more: bool) -> _Row:
    newer = [library_button(texts.NEWER, action, number, page - 1)] if page else []
    return [*newer, *([library_button(texts.OLDER, action, number, page + 1)] if more else [])]


def _to_text(version: Version) -> _Row:
    return [library_button(_label(f"{version.title} · {version.version}"), Action.TEXT, version.number)]


def _restore(version: Version, newest: Version) -> tuple[str, str]:
    label = texts.RESTORE.format(version=version.version[:20], day=f"{version.published:%Y-%m-%d}")
    return library_button(label, Action.ASK_RESTORE, version.number, newest.number)


def _line_retired(version: Version) -> str:
    return f"• {escape(version.title)}: {escape(_line_ended(version))}"


def _line_ended(version: Version) -> str:
    return f"ended {version.retired:%Y-%m-%d} by {version.retired_by}"


def _home_row() -> _Row:
    return [library_button(texts.HOME_BUTTON, Action.HOME)]


def _label(text: str) -> str:
    return text if len(text) <= _LABEL else f"{text[: _LABEL - 1].rstrip()}…"
