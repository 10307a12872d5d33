"""What `doctor` finds of Telegram, with the playground in its place."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from bot.checks import MANY, check_telegram
from bot.settings import PLAYGROUND_TOKEN, BotSettings
from checkup import State
from local.playground.patient import Patient
from local.playground.server import serving
from local.playground.settings import PlaygroundSettings


@pytest.fixture
def playground(tmp_path: Path) -> Iterator[str]:
    with serving(PlaygroundSettings(port=0, data=tmp_path / "playground")) as url:
        yield url


def test_a_bot_api_that_answers(playground: str) -> None:
    answers, webhook = check_telegram(BotSettings(bot_api=playground))
    assert answers.state is webhook.state is State.WELL
    assert answers.facts["bot"] == "skingpt_bot" and "polling" in webhook.says


def test_a_token_it_does_not_know_and_one_without_the_shape_are_not_repeated(playground: str) -> None:
    for token in ("4711:planted", "planted"):
        (found,) = check_telegram(BotSettings(bot_api=playground, playground_token=SecretStr(token)))
        assert found.state is State.BROKEN and found.remedy
        assert "planted" not in str(found)


def test_nobody_at_the_address() -> None:
    (found,) = check_telegram(BotSettings(bot_api="http://127.0.0.1:9"))
    assert found.state is State.BROKEN and "./run up" in found.remedy


def test_updates_that_pile_up_are_a_warning(playground: str) -> None:
    with Patient.open(playground) as patient:
        for number in range(MANY + 1):
            patient.say(f"message {number}")
    _, webhook = check_telegram(BotSettings(bot_api=playground))
    assert webhook.state is State.WARNING and webhook.facts["pending"] == MANY + 1


def test_a_webhook_that_cannot_be_reached_is_told_without_its_address(playground: str) -> None:
    with Patient.open(playground) as patient:
        where = {"url": "http://127.0.0.1:9/planted", "drop_pending_updates": True}
        answer = httpx.post(f"{playground}/bot{PLAYGROUND_TOKEN}/setWebhook", json=where, trust_env=False)
        if not answer.is_success:
            pytest.skip(f"the playground takes no such address: {answer.text}")
        patient.say("hello")
        for _ in range(200):
            *_, webhook = check_telegram(BotSettings(bot_api=playground))
            if webhook.state is State.WARNING:
                break
    assert webhook.state is State.WARNING and "HTTPS" in webhook.remedy
    assert "planted" not in str(webhook)
