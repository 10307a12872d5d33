"""Telegram's HTML style and the entities it finds by itself."""

from __future__ import annotations

import html
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Chat, Message, MessageEntity

from local.playground.detect import with_detected
from local.playground.entities import Entity, FormattedText, checked_url, parse_entities, parse_html
from local.playground.errors import BadRequest

TAGS = {"bold": "b", "italic": "i", "underline": "u", "strikethrough": "s", "spoiler": "tg-spoiler"}
EPOCH = datetime.fromtimestamp(0, UTC)
words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
pieces = st.lists(st.tuples(words, st.one_of(st.none(), st.sampled_from(sorted(TAGS)))), max_size=8)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@given(pieces)
def test_offsets_count_utf16_units(parts: list[tuple[str, str | None]]) -> None:
    source, plain, expected = "", "", []
    for text, kind in parts:
        if kind is None:
            source += html.escape(text)
        else:
            source += f"<{TAGS[kind]}>{html.escape(text)}</{TAGS[kind]}>"
            expected.append(Entity(kind, units(plain), units(text)))
        plain += text
    assert parse_html(source) == FormattedText(plain, tuple(expected))


@given(pieces)
def test_each_entity_cuts_out_what_was_marked(parts: list[tuple[str, str | None]]) -> None:
    source = "".join(f"<b>{html.escape(text)}</b> " if kind else html.escape(text) for text, kind in parts)
    formatted = parse_html(source).stripped()
    message = Message(1, EPOCH, Chat(1, "private"), text=formatted.text)
    for entity in formatted.entities:
        found = message.parse_entity(MessageEntity(entity.type, entity.offset, entity.length))
        assert found
        assert found in formatted.text


@given(pieces)
def test_what_the_bot_library_writes_is_read_back(parts: list[tuple[str, str | None]]) -> None:
    source = " ".join(
        f"<{TAGS[kind]}>{html.escape(text)}</{TAGS[kind]}>" if kind else html.escape(text) for text, kind in parts
    )
    first = parse_html(source)
    entities = [MessageEntity(entity.type, entity.offset, entity.length) for entity in first.entities]
    message = Message(1, EPOCH, Chat(1, "private"), text=first.text, entities=entities)
    assert parse_html(message.text_html or "") == first


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        formatted = parse_html(text)
    except BadRequest as error:
        assert error.description.startswith("Bad Request: can't parse entities: ")
    else:
        size = sum(2 if ord(character) > 0xFFFF else 1 for character in formatted.text)
        assert all(0 <= entity.offset < entity.end <= size for entity in formatted.entities)


def test_nested_tags_links_quotes_and_code() -> None:
    formatted = parse_html(
        "<b>👋 <i>a</i></b><a href='https://example.com'>x</a><blockquote expandable>q</blockquote>"
        '<pre><code class="language-python">p</code></pre><span class="tg-spoiler">s</span>'
    )
    assert formatted.text == "👋 axqps"
    assert [entity.as_json() for entity in formatted.entities] == [
        {"type": "bold", "offset": 0, "length": 4},
        {"type": "italic", "offset": 3, "length": 1},
        {"type": "text_link", "offset": 4, "length": 1, "url": "https://example.com/"},
        {"type": "expandable_blockquote", "offset": 5, "length": 1},
        {"type": "pre", "offset": 6, "length": 1, "language": "python"},
        {"type": "spoiler", "offset": 7, "length": 1},
    ]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("<h1>x</h1>", 'Unsupported start tag "h1" at byte offset 0'),
        ("é a < b", 'Unsupported start tag "" at byte offset 5'),
        ("é a <b", "Unclosed start tag at byte offset 5"),
        ("1 < 2 > 0", 'Unsupported start tag "" at byte offset 2'),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<a href=>x</a", "Unclosed end tag at byte offset 10"),
    ],
)
def test_broken_markup_is_refused_in_telegrams_words(source: str, sentence: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_html(source)
    assert caught.value.description == f"Bad Request: can't parse entities: {sentence}"


def test_character_references() -> None:
    assert parse_html("&lt;b&gt; &amp;amp; &#128075; &#x41 &copy; &nbsp").text == "<b> &amp; 👋 A &copy; &nbsp"


def test_white_space_around_a_message_goes_and_entities_move_along() -> None:
    assert parse_html("\n <b> hi </b>\n").stripped() == FormattedText("hi", (Entity("bold", 0, 2),))


def test_commands_and_addresses_are_found() -> None:
    text = "👋 /start or /help@skingpt_bot, see https://nhs.uk/a_(b). Or nhs.uk, me@example.com; not a/b"
    found = with_detected(FormattedText(text))
    message = Message(1, EPOCH, Chat(1, "private"), text=text)
    assert [
        (entity.type, message.parse_entity(MessageEntity(entity.type, entity.offset, entity.length)))
        for entity in found.entities
    ] == [
        ("bot_command", "/start"),
        ("bot_command", "/help@skingpt_bot"),
        ("url", "https://nhs.uk/a_(b)"),
        ("url", "nhs.uk"),
        ("email", "me@example.com"),
    ]


def test_nothing_is_found_inside_code() -> None:
    assert [entity.type for entity in with_detected(parse_html("<code>/start nhs.uk</code>")).entities] == ["code"]


@given(st.text())
def test_finding_entities_stays_within_the_text(text: str) -> None:
    for entity in with_detected(FormattedText(text)).entities:
        assert 0 <= entity.offset < entity.end <= sum(2 if ord(each) > 0xFFFF else 1 for each in text)


def test_a_list_of_entities_may_not_split_a_symbol() -> None:
    with pytest.raises(BadRequest, match="splits a symbol"):
        parse_entities("👋", [{"type": "bold", "offset": 0, "length": 1}])


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "nothing", "ftp://a.example", "http://a b.org"]
)
def test_addresses_that_are_none(address: str) -> None:
    assert checked_url(address) is None
