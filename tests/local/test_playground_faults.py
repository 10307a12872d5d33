"""Faults on request, as a bot library meets them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import httpx
import pytest
from telegram import Bot
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TimedOut

from local.playground.patient import Patient, add_fault


@pytest.fixture
async def bot(address: str) -> AsyncIterator[Bot]:
    async with Bot("1:playground", base_url=f"{address}/bot") as unmodified:
        yield unmodified


async def test_the_next_calls_fail_and_then_no_more(address: str, bot: Bot, patient: Patient) -> None:
    add_fault(address, method="sendMessage", times=2, code=429, retry_after=7)
    for _ in range(2):
        with pytest.raises(RetryAfter) as caught:
            await bot.send_message(patient.chat_id, "x")
        assert "Retry in 7 seconds" in str(caught.value)
    assert await bot.send_chat_action(patient.chat_id, "typing")
    assert await bot.send_message(patient.chat_id, "x")
    assert len(patient.messages()) == 1


@pytest.mark.parametrize(
    ("code", "error"), [(400, BadRequest), (403, Forbidden), (500, NetworkError), (502, NetworkError)]
)
async def test_every_status(address: str, bot: Bot, patient: Patient, code: int, error: type[Exception]) -> None:
    add_fault(address, method="*", code=code)
    with pytest.raises(error):
        await bot.send_message(patient.chat_id, "x")
    assert patient.messages() == []


async def test_a_lost_answer_leaves_the_message_sent(address: str, bot: Bot, patient: Patient) -> None:
    add_fault(address, method="sendMessage", code=502, when="after")
    with pytest.raises(NetworkError):
        await bot.send_message(patient.chat_id, "sent all the same")
    assert [message["text"] for message in patient.messages()] == ["sent all the same"]


async def test_a_delay_makes_a_call_time_out(address: str, bot: Bot, patient: Patient) -> None:
    add_fault(address, method="sendMessage", delay=2)
    started = time.monotonic()
    with pytest.raises(TimedOut):
        await bot.send_message(patient.chat_id, "x", read_timeout=0.2)
    assert time.monotonic() - started < 2


async def test_a_fault_of_one_chat_spares_the_others(address: str, bot: Bot, patient: Patient) -> None:
    add_fault(address, method="sendMessage", times=5, code=403, chat_id=patient.chat_id)
    with Patient.open(address) as other:
        assert await bot.send_message(other.chat_id, "x")
    with pytest.raises(Forbidden, match="blocked by the user"):
        await bot.send_message(patient.chat_id, "x")
    assert httpx.delete(f"{address}/admin/faults").json() == []
    assert await bot.send_message(patient.chat_id, "x")
