"""The small parts: speed limits, who is let in, words about children, the log."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram.error import RetryAfter

from bot.allow import is_allowed
from bot.children import is_childs_private_parts
from bot.errors import SettingsInvalid
from bot.pace import Bucket, Pace
from bot.settings import BotSettings
from bot.urgent import urgent_answer
from conditions import TriageLevel

TOKEN = "123456:AAsecret-token"


@given(st.lists(st.floats(0, 5), min_size=1, max_size=60))
def test_no_window_of_time_holds_more_than_the_rate_allows(gaps: list[float]) -> None:
    now = [0.0]
    bucket = Bucket(rate=1.0, burst=3, clock=lambda: now[0])
    sent: list[float] = []
    for gap in gaps:
        now[0] += gap
        sent.append(now[0] + bucket.wait())
    assert sent == sorted(sent), "served in order"
    for index, start in enumerate(sent):
        within = [at for at in sent[index:] if at - start < 10]
        assert len(within) <= 10 + 3 + 1


async def test_a_call_sent_back_waits_as_long_as_telegram_says(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    answers: list[Any] = [RetryAfter(7), True]

    async def call() -> bool:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return bool(answer)

    assert await Pace().process_request(call, (), {}, "sendMessage", {"chat_id": 1}, None)
    assert [wait for wait in waited if wait] == [pytest.approx(7.1)]


async def test_a_very_long_wait_is_left_to_the_outbox() -> None:
    async def call() -> bool:
        raise RetryAfter(3600)

    with pytest.raises(RetryAfter):
        await Pace().process_request(call, (), {}, "sendMessage", {"chat_id": 1}, None)


@pytest.mark.parametrize(
    ("settings", "user", "allowed"),
    [
        ({}, 1, True),
        ({"telegram_token": TOKEN}, 1, False),
        ({"telegram_token": TOKEN, "telegram_allowed": "1, 2"}, 1, True),
        ({"telegram_token": TOKEN, "telegram_allowed": "12"}, 1, False),
        ({"telegram_token": TOKEN, "telegram_allowed": "1"}, None, False),
        ({"telegram_token": TOKEN, "clinician": "Dr Example"}, 9, True),
        ({"telegram_token": TOKEN, "clinician": "  "}, 9, False),
    ],
)
def test_a_real_token_is_closed_until_a_clinician_is_named(
    settings: dict[str, Any], user: int | None, allowed: bool
) -> None:
    assert is_allowed(BotSettings(**settings), user) is allowed


def test_a_crooked_token_is_refused_without_being_shown() -> None:
    with pytest.raises(SettingsInvalid) as caught:
        _ = BotSettings(telegram_token="AAsecret").token
    assert "AAsecret" not in str(caught.value)
    assert "AAsecret" not in repr(BotSettings(telegram_token="AAsecret"))


def test_a_crooked_list_is_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match="separated by commas"):
        BotSettings(telegram_allowed="@sam")


@pytest.mark.parametrize(
    "text",
    [
        "rash on my daughter's vagina",
        "my 4 year old has a spot on his penis",
        "baby, 3 weeks, red private parts",
        "sore breasts, she is 12 years old",
    ],
)
def test_a_childs_private_parts_are_recognised(text: str) -> None:
    assert is_childs_private_parts(text, with_photo=False)


@pytest.mark.parametrize(
    "text",
    [
        "I am 34 and have a spot on my penis",
        "my daughter has a rash on her arm",
        "itchy genitals for 3 weeks",
        "lump on my breast, 45 years old",
        "a spot on my mother's bottom",
    ],
)
def test_adults_and_other_places_are_not(text: str) -> None:
    assert not is_childs_private_parts(text, with_photo=True)


def test_a_nappy_rash_may_be_asked_about_but_not_photographed() -> None:
    assert not is_childs_private_parts("my baby has nappy rash", with_photo=False)
    assert is_childs_private_parts("my baby has nappy rash", with_photo=True)


@pytest.mark.parametrize("text", ["I can't breathe", "my lips are swelling and I feel faint"])
def test_emergencies_are_told_the_number_of_the_country(text: str) -> None:
    level, urgent = urgent_answer(text, "000")
    assert level is TriageLevel.EMERGENCY
    assert urgent is not None
    assert "000" in urgent.plain
    assert "{" not in urgent.plain


@given(st.text(max_size=500))
def test_any_words_can_be_triaged(text: str) -> None:
    level, urgent = urgent_answer(text, "112")
    assert (urgent is not None) == (level in (TriageLevel.EMERGENCY, TriageLevel.SAME_DAY))
