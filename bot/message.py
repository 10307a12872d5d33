"""A message to a patient: HTML that always fits Telegram's limit, and its plain text for when the HTML is
refused.
"""

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

MAX_LENGTH = 4096
"""UTF-16 code units of a message's text (core.telegram.org/bots/api#sendmessage)."""
_TAG = re.compile(r"</?[a-z][^>]*>")
_SHORTENED = "<i>(shortened)</i>"

Rows = Sequence[Sequence[tuple[str, str]]]
"""Rows of buttons, each a label and its callback data."""


@dataclass(frozen=True)
class Message:
    """`text` is HTML; `rows` are the buttons under it."""

    text: str
    rows: tuple[tuple[tuple[str, str], ...], ...] = ()

    @property
    def plain(self) -> str:
        """The text without markup."""
        return html.unescape(_TAG.sub("", self.text))

    @property
    def keyboard(self) -> InlineKeyboardMarkup | None:
        """The buttons as Telegram takes them."""
        if not self.rows:
            return None
        return InlineKeyboardMarkup(
            [[InlineKeyboardButton(label, callback_data=data) for label, data in row] for row in self.rows]
        )


@dataclass(frozen=True)
class Block:
    """A paragraph: lines of HTML. What is `required` (what to do, whom to see) is never left out for length."""

    lines: tuple[str, ...]
    required: bool = False

    @property
    def text(self) -> str:
        """The lines joined."""
        return "\n".join(self.lines)


def message(text: str, rows: Rows = ()) -> Message:
    """A message of `text` (HTML) with buttons."""
    return Message(text, tuple(tuple(row) for row in rows if row))


def escape(text: str) -> str:
    """`text` for use inside HTML, without control characters, which Telegram refuses or shows as boxes."""
    return html.escape("".join(each for each in text if each.isprintable() or each == "\n"), quote=False)


def length(text: str) -> int:
    """UTF-16 code units, as Telegram counts; markup counted as well, so never too little."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def fitted(blocks: Iterable[Block], limit: int = MAX_LENGTH) -> str:
    """The blocks as one text of at most `limit`: optional lines go first, from the end; then long lines are
    cut.
    """
    kept = [block for block in blocks if block.lines]
    if length(_joined(kept)) <= limit:
        return _joined(kept)
    room = limit - length(_SHORTENED) - 2
    while length(_joined(kept)) > room:
        optional = [index for index, block in enumerate(kept) if not block.required]
        if not optional:
            return f"{_cut(kept, room)}\n\n{_SHORTENED}"
        last = optional[-1]
        lines = kept[last].lines[:-1]
        if len(lines) > 1:  # a heading alone says nothing
            kept[last] = replace(kept[last], lines=lines)
        else:
            del kept[last]
    return f"{_joined(kept)}\n\n{_SHORTENED}"


def _joined(blocks: Sequence[Block]) -> str:
    return "\n\n".join(block.text for block in blocks)


def _cut(blocks: Sequence[Block], room: int) -> str:
    """Each line's share of the room, markup given up where a line is cut."""
    lines = [line for block in blocks for line in block.lines]
    share = max(1, room // len(lines) - 2)
    return "\n".join(line if length(line) <= share else _clipped(line, share) for line in lines)[:room]


def _clipped(line: str, share: int) -> str:
    words = html.unescape(_TAG.sub("", line))
    clipped = words[: max(1, share // 2)]
    while clipped and length(escape(clipped)) + 1 > share:
        clipped = clipped[:-1]
    return escape(clipped) + "…"
