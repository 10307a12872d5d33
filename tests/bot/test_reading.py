"""What is taken for an update; each case is one that fuzzing found, or its neighbour."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UpdateUnreadable
from bot.reading import update_of

USER = {"id": 7, "is_bot": False, "first_name": "Sam"}
MESSAGE = {"message_id": 1, "date": 1_700_000_000, "chat": {"id": 7, "type": "private"}, "from": USER, "text": "é & 🙂"}
QUERY = {"id": "1", "from": USER, "chat_instance": "1", "data": "y::yes", "message": MESSAGE}


def test_an_update_is_read_with_all_that_telegram_sent() -> None:
    update = update_of(json.dumps({"update_id": 5, "message": MESSAGE}).encode(), None)
    assert update.message is not None and update.message.text == "é & 🙂"
    assert update.message.from_user is not None and update.message.from_user.first_name == "Sam"
    pressed = update_of(json.dumps({"update_id": 6, "callback_query": QUERY}).encode(), None)
    assert pressed.callback_query is not None and pressed.callback_query.data == "y::yes"


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("message", "text", 5),
        ("message", "chat", {"id": "", "type": "private"}),
        ("message", "chat", {"id": {}, "type": "private"}),
        ("message", "from", {"id": {"id": 1}}),
        ("message", "media_group_id", ["x"]),
        ("message", "photo", []),
        ("message", "document", {"file_id": 5}),
        ("message", "message_id", 2**70),
        ("message", "entities", [{"type": "bot_command", "offset": 0, "length": "6"}]),
        ("callback_query", "from", None),
        ("callback_query", "data", 5),
    ],
)
def test_an_update_with_a_field_of_another_type_is_dropped(part: str, field: str, value: Any) -> None:
    body = {**(MESSAGE if part == "message" else QUERY), field: value}
    with pytest.raises(UpdateUnreadable) as caught:
        update_of(json.dumps({"update_id": 5, part: body}).encode(), None)
    assert "🙂" not in str(caught.value)


_FIELDS = st.sampled_from(["update_id", "message", "chat", "id", "from", "text", "callback_query", "data"])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda one: st.lists(one) | st.dictionaries(_FIELDS, one),
    )
)
def test_any_json_is_an_update_or_dropped(tree: Any) -> None:
    try:
        update_of(json.dumps(tree).encode(), None)
    except UpdateUnreadable:
        return


@given(st.binary(max_size=200))
def test_any_bytes_are_an_update_or_dropped(payload: bytes) -> None:
    try:
        update_of(payload, None)
    except UpdateUnreadable:
        return
