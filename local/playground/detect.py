"""Entities nobody marked up: addresses, commands, mentions and hashtags that Telegram finds by itself."""

from __future__ import annotations

import re

from local.playground.entities import Entity, FormattedText
from local.playground.wire import utf16_length

_TOP_LEVEL = "com|org|net|info|int|edu|gov|io|eu|uk|de|fr|it|es|nl|ch|at|ie|au|nz|ca|us|in|br|health"
_PATTERNS = (
    ("url", re.compile(r"(?<![\w@/.])https?://[^\s<>\"“”«»]+", re.IGNORECASE)),
    ("email", re.compile(r"(?<![\w.])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)*\.[a-zA-Z]{2,}")),
    (
        "url",
        re.compile(rf"(?<![\w@/.-])(?:[a-z0-9-]+\.)+(?:{_TOP_LEVEL})(?![\w@-])(?:/[^\s<>\"“”«»]*)?", re.IGNORECASE),
    ),
    ("bot_command", re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/@])")),
    ("mention", re.compile(r"(?<!\w)@[A-Za-z0-9_]{2,32}(?!\w)")),
    ("hashtag", re.compile(r"(?<![\w#])#\w*[^\W\d_]\w*")),
)
_OPAQUE = frozenset({"code", "pre", "text_link", "text_mention", "custom_emoji"})


def with_detected(formatted: FormattedText) -> FormattedText:
    """Add the entities Telegram finds by itself; none inside code, links, or each other."""
    taken = [(entity.offset, entity.end) for entity in formatted.entities if entity.type in _OPAQUE]
    found = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(formatted.text):
            words = _without_closing_marks(match.group()) if kind == "url" else match.group()
            start = utf16_length(formatted.text[: match.start()])
            end = start + utf16_length(words)
            if any(start < other_end and other_start < end for other_start, other_end in taken):
                continue
            taken.append((start, end))
            found.append(Entity(kind, start, end - start))
    everything = sorted((*formatted.entities, *found), key=lambda entity: (entity.offset, -entity.length))
    return FormattedText(formatted.text, tuple(everything))


def _without_closing_marks(address: str) -> str:
    """A full stop, comma or closing bracket after an address belongs to the sentence."""
    while address and (address[-1] in ".,;:!?'\"*" or (address[-1] == ")" and "(" not in address)):
        address = address[:-1]
    return address
