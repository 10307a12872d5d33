"""A photo made to crash, hang or fill the memory ends its decoder, and nothing else."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bot.decoding import Decoders
from bot.errors import PhotoRefused, RefusalReason
from tests.bot.drawn import PHOTO, encoded, skin

_ROOT = Path(__file__).resolve().parents[2]


def crash(_: bytes) -> bytes:
    os.kill(os.getpid(), signal.SIGSEGV)
    return b""


def hang(_: bytes) -> bytes:
    time.sleep(600)
    return b""


def compute(_: bytes) -> bytes:
    signal.setitimer(signal.ITIMER_PROF, 0.2)
    while True:
        pass


def fill_the_memory(_: bytes) -> bytes:
    return b"".join(bytes(100 * 1024**2) for _ in range(100))


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    decoders = Decoders(processes=1)
    yield decoders
    decoders.close()


async def test_a_photo_is_taken_and_a_refusal_keeps_its_reason(decoders: Decoders) -> None:
    assert (await decoders.take_in(PHOTO)).startswith(b"\xff\xd8")
    with pytest.raises(PhotoRefused) as refused:
        await decoders.take_in(encoded(skin(blur=14)))
    assert refused.value.reason is RefusalReason.BLURRED


async def test_a_decoder_killed_while_idle_is_replaced(decoders: Decoders) -> None:
    await decoders.take_in(PHOTO)
    for child in psutil.Process().children():
        if "spawn_main" in " ".join(child.cmdline()):
            child.kill()
    assert await decoders.take_in(PHOTO)


@pytest.mark.parametrize(
    "fate",
    [crash, *(pytest.param(fate, marks=pytest.mark.slow) for fate in (hang, compute, fill_the_memory))],
)
async def test_what_ends_a_decoder_is_a_damaged_photo_and_the_next_one_is_taken(
    decoders: Decoders, fate: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    await decoders.take_in(PHOTO)
    with monkeypatch.context() as patch:
        patch.setattr("bot.decoding._take_in", fate)
        patch.setattr("bot.decoding.WALL_SECONDS", 1.5)
        with pytest.raises(PhotoRefused) as refused:
            await decoders.take_in(PHOTO)
    assert refused.value.reason is RefusalReason.BROKEN
    assert await decoders.take_in(PHOTO)


async def test_photos_are_decoded_side_by_side_without_holding_up_the_bot(decoders: Decoders) -> None:
    taken = asyncio.gather(*(decoders.take_in(PHOTO) for _ in range(6)))
    ticks = 0
    while not taken.done():
        await asyncio.sleep(0.001)
        ticks += 1
    assert ticks > 3
    assert len(await taken) == 6


_KILLED = """
import asyncio, os, sys
from bot.decoding import Decoders
from tests.bot.drawn import PHOTO
asyncio.run(Decoders().take_in(PHOTO))
print("taken", flush=True)
import time; time.sleep(60)
"""


@pytest.mark.slow
def test_a_killed_bot_leaves_no_decoder_behind() -> None:
    with subprocess.Popen([sys.executable, "-c", _KILLED], cwd=_ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"taken\n"
        children = psutil.Process(parent.pid).children(recursive=True)
        assert children
        parent.kill()
    gone, left = psutil.wait_procs(children, timeout=20)
    assert gone
    assert left == []
