"""Telegram's HTML style: text with tags in, plain text with `MessageEntity` ranges out.

The rules and the error sentences follow https://core.telegram.org/bots/api#html-style; offsets and lengths
are UTF-16 code units, offsets in error sentences are bytes of the UTF-8 text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from local.playground.errors import BadRequest
from local.playground.wire import Json, utf16_length

_PLAIN_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "code": "code",
}
_TAGS = frozenset(_PLAIN_TAGS) | {"a", "pre", "blockquote", "tg-emoji"}
ENTITY_TYPES = frozenset(_PLAIN_TAGS.values()) | {
    "pre",
    "blockquote",
    "expandable_blockquote",
    "text_link",
    "text_mention",
    "custom_emoji",
    "url",
    "email",
    "mention",
    "hashtag",
    "cashtag",
    "bot_command",
    "phone_number",
}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,8}))|(lt|gt|amp|quot)(?![a-zA-Z]));?")
# Telegram refuses hosts without a dot; here a page on this machine must be reachable too.
_HOST = re.compile(r"(?:[^\s<>\"@]+\.[^\s<>\"@.:]{2,}|localhost|127\.0\.0\.1)(?::\d+)?")
_UNQUOTED = re.compile(r"[a-zA-Z0-9.\-]*")


@dataclass(frozen=True)
class Entity:
    """A `MessageEntity`; `offset` and `length` in UTF-16 code units."""

    type: str
    offset: int
    length: int
    url: str | None = None
    language: str | None = None
    custom_emoji_id: str | None = None
    user_id: int | None = None

    @property
    def end(self) -> int:
        """First unit after the range."""
        return self.offset + self.length

    def as_json(self) -> Json:
        """The entity as it travels."""
        body: Json = {"type": self.type, "offset": self.offset, "length": self.length}
        for field in ("url", "language", "custom_emoji_id"):
            if (value := getattr(self, field)) is not None:
                body[field] = value
        if self.user_id is not None:
            body["user"] = {"id": self.user_id, "is_bot": False, "first_name": str(self.user_id)}
        return body


@dataclass(frozen=True)
class FormattedText:
    """Plain text and the ranges that style it."""

    text: str
    entities: tuple[Entity, ...] = ()

    def stripped(self) -> FormattedText:
        """Without leading and trailing white space, as Telegram stores every message."""
        text = self.text.strip()
        cut = utf16_length(self.text[: len(self.text) - len(self.text.lstrip())])
        size = utf16_length(text)
        kept = []
        for entity in self.entities:
            start, end = max(entity.offset - cut, 0), min(entity.end - cut, size)
            if start < end:
                kept.append(replace(entity, offset=start, length=end - start))
        return FormattedText(text, tuple(kept))


@dataclass(frozen=True)
class _OpenTag:
    name: str
    offset: int
    start: int
    attributes: dict[str, str]


class _Reader:
    """One pass over the marked-up text; the position is an index into it."""

    def __init__(self, text: str) -> None:
        self.source = text
        self.at = 0
        self.plain: list[str] = []
        self.units = 0
        self.open: list[_OpenTag] = []
        self.found: list[Entity] = []

    def fail(self, sentence: str, at: int | None = None) -> BadRequest:
        """The error Telegram answers; `at` is an index, told as a byte offset."""
        if at is not None:
            sentence += f" at byte offset {self._bytes(at)}"
        return BadRequest(f"can't parse entities: {sentence}")

    def read(self) -> FormattedText:
        while self.at < len(self.source):
            character = self.source[self.at]
            if character == "<":
                if self.source.startswith("</", self.at):
                    self._end_tag()
                else:
                    self._start_tag()
                continue
            if character == "&":
                character = self._reference(len(self.source))
            else:
                self.at += 1
            self.plain.append(character)
            self.units += utf16_length(character)
        if self.open:
            raise self.fail(f'Can\'t find end tag corresponding to start tag "{self.open[-1].name}"')
        ordered = sorted(self.found, key=lambda entity: (entity.offset, -entity.length))
        return FormattedText("".join(self.plain), _without_nested_quotes(ordered))

    def _reference(self, end: int) -> str:
        """Decode one character reference at the position, or take the ampersand as it stands."""
        match = _REFERENCE.match(self.source, self.at, end)
        if match is None:
            self.at += 1
            return "&"
        hexadecimal, decimal, name = match.groups()
        code = int(hexadecimal, 16) if hexadecimal else int(decimal or 0)
        if name is None and (code == 0 or code > 0x10FFFF or 0xD800 <= code < 0xE000):
            self.at += 1
            return "&"
        self.at = match.end()
        return _NAMED[name] if name else chr(code)

    def _start_tag(self) -> None:
        begin = self.at
        self.at += 1
        name = self._until(" \t\r\n>", f"Unclosed start tag at byte offset {self._bytes(begin)}").lower()
        if name not in _TAGS:
            raise self.fail(f'Unsupported start tag "{name}"', begin)
        attributes = self._attributes(name, begin)
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise self.fail('Tag "span" must have class "tg-spoiler"', begin)
        self.open.append(_OpenTag(name, self.units, len(self.plain), attributes))

    def _bytes(self, at: int) -> int:
        return len(self.source[:at].encode("utf-8", "surrogatepass"))

    def _until(self, stops: str, unclosed: str) -> str:
        start = self.at
        while self.at < len(self.source) and self.source[self.at] not in stops:
            self.at += 1
        if self.at == len(self.source):
            raise self.fail(unclosed)
        return self.source[start : self.at]

    def _attributes(self, tag: str, begin: int) -> dict[str, str]:
        """Read up to and including the closing bracket."""
        attributes: dict[str, str] = {}
        unclosed = f'Unclosed start tag "{tag}" at byte offset {self._bytes(begin)}'
        while True:
            self._skip_space()
            if self.at >= len(self.source):
                raise self.fail(unclosed)
            if self.source[self.at] == ">":
                self.at += 1
                return attributes
            name = self._until("= \t\r\n>", unclosed).lower()
            if not name:
                raise self.fail(f'Empty attribute name in the tag "{tag}"', begin)
            self._skip_space()
            if self.source[self.at : self.at + 1] != "=":
                # `<blockquote expandable>` is the only attribute that needs no value.
                if tag == "blockquote" and name == "expandable":
                    attributes[name] = ""
                    continue
                raise self.fail(f'Expected equal sign in declaration of an attribute of the tag "{tag}"', begin)
            self.at += 1
            self._skip_space()
            attributes[name] = self._attribute_value(tag, begin, unclosed)

    def _skip_space(self) -> None:
        while self.at < len(self.source) and self.source[self.at] in " \t\r\n":
            self.at += 1

    def _attribute_value(self, tag: str, begin: int, unclosed: str) -> str:
        quote = self.source[self.at : self.at + 1]
        if quote not in ('"', "'") or not quote:
            match = _UNQUOTED.match(self.source, self.at)
            value = match.group() if match else ""
            self.at += len(value)
            if self.at >= len(self.source):
                raise self.fail(unclosed)
            if self.source[self.at] not in " \t\r\n>":
                raise self.fail(f'Unexpected end of name token of the tag "{tag}"', begin)
            return value.lower()
        end = self.source.find(quote, self.at + 1)
        if end < 0:
            raise self.fail(unclosed)
        self.at += 1
        value = ""
        while self.at < end:
            if self.source[self.at] == "&":
                value += self._reference(end)
            else:
                value += self.source[self.at]
                self.at += 1
        self.at = end + 1
        return value

    def _end_tag(self) -> None:
        begin = self.at
        self.at += 2
        if not self.open:
            raise self.fail("Unexpected end tag", begin)
        name = self._until(" \t\r\n>", f"Unclosed end tag at byte offset {self._bytes(begin)}").lower()
        self._skip_space()
        if self.source[self.at : self.at + 1] != ">":
            raise self.fail("Unclosed end tag", begin)
        self.at += 1
        tag = self.open.pop()
        if name and name != tag.name:
            raise self.fail(
                f'Unmatched end tag at byte offset {self._bytes(begin)}, expected "</{tag.name}>", found "</{name}>"'
            )
        if self.units > tag.offset:
            self._close(tag)

    def _close(self, tag: _OpenTag) -> None:
        length = self.units - tag.offset
        entity: Entity | None
        if tag.name == "a":
            entity = _link(tag.attributes.get("href") or "".join(self.plain[tag.start :]), tag.offset, length)
        elif tag.name == "blockquote":
            kind = "expandable_blockquote" if "expandable" in tag.attributes else "blockquote"
            entity = Entity(kind, tag.offset, length)
        elif tag.name == "tg-emoji":
            if not (emoji := tag.attributes.get("emoji-id", "")).isdigit():
                raise self.fail("Invalid custom emoji identifier specified")
            entity = Entity("custom_emoji", tag.offset, length, custom_emoji_id=emoji)
        elif tag.name == "pre":
            entity = self._preformatted(tag.offset, length)
        elif tag.name == "code":
            language = tag.attributes.get("class", "").removeprefix("language-") or None
            inside_pre = bool(self.open) and self.open[-1].name == "pre"
            entity = Entity("code", tag.offset, length, language=language if inside_pre else None)
        else:
            entity = Entity(_PLAIN_TAGS[tag.name], tag.offset, length)
        if entity is not None:
            self.found.append(entity)

    def _preformatted(self, offset: int, length: int) -> Entity:
        """`<pre><code class="language-x">…</code></pre>` is one range with a language."""
        last = self.found[-1] if self.found else None
        if last and last.type == "code" and (last.offset, last.length) == (offset, length):
            self.found.pop()
            return Entity("pre", offset, length, language=last.language)
        return Entity("pre", offset, length)


def _without_nested_quotes(entities: list[Entity]) -> tuple[Entity, ...]:
    """Block quotes cannot be nested: the outer one stays."""
    kept: list[Entity] = []
    quote_end = 0
    for entity in entities:
        if entity.type in ("blockquote", "expandable_blockquote"):
            if entity.offset < quote_end:
                continue
            quote_end = entity.end
        kept.append(entity)
    return tuple(kept)


def _link(address: str, offset: int, length: int) -> Entity | None:
    """A `text_link`, a mention of a user by id, or nothing where the address is none."""
    address = address.strip()
    if user := re.fullmatch(r"tg://user\?id=(\d+)", address):
        return Entity("text_mention", offset, length, user_id=int(user[1]))
    url = checked_url(address)
    return None if url is None else Entity("text_link", offset, length, url=url)


def checked_url(address: str) -> str | None:
    """The address as Telegram stores it, or None where it takes it for no address at all.

    A missing scheme becomes http, a missing path becomes "/".
    """
    scheme, separator, rest = address.partition("://")
    if not separator:
        scheme, rest = "http", address
    scheme = scheme.lower()
    if scheme in ("tg", "ton"):
        return address
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if scheme not in ("http", "https") or not _HOST.fullmatch(host) or re.search(r"\s", rest):
        return None
    return f"{scheme}://{rest}" + ("" if len(rest) > len(host) else "/")


def parse_html(text: str) -> FormattedText:
    """Read Telegram's HTML style.

    Raises:
        BadRequest: "can't parse entities: …" for an unsupported, unclosed or unmatched tag.
    """
    return _Reader(text).read()


def parse_entities(text: str, listed: list[Json]) -> FormattedText:
    """Text with its entities given as a list (the `entities` parameter).

    Raises:
        BadRequest: an unknown type, a malformed range, or a range that splits a surrogate pair.
    """
    size = utf16_length(text)
    encoded = text.encode("utf-16-le", "surrogatepass")
    entities = []
    for body in listed:
        kind, offset, length = body.get("type"), body.get("offset"), body.get("length")
        if kind not in ENTITY_TYPES or not isinstance(offset, int) or not isinstance(length, int):
            raise BadRequest("can't parse entities: unsupported MessageEntity specified")
        if offset < 0 or length <= 0 or offset + length > size:
            continue
        for edge in (offset, offset + length):
            if edge < size and 0xDC <= encoded[edge * 2 + 1] < 0xE0:
                raise BadRequest(f"can't parse entities: entity beginning at UTF-16 offset {offset} splits a symbol")
        user = body.get("user")
        entities.append(
            Entity(
                kind,
                offset,
                length,
                url=body.get("url"),
                language=body.get("language"),
                custom_emoji_id=body.get("custom_emoji_id"),
                user_id=user.get("id") if isinstance(user, dict) else None,
            )
        )
    return FormattedText(text, tuple(sorted(entities, key=lambda entity: (entity.offset, -entity.length))))
