"""``./run ask``: one question to the house. Where none runs, it is started for the question and stopped after it."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

from rich.console import Console

from local import running
from local.errors import AlreadyRunning, NotRunning
from local.key import ensure_key
from local.parts import QUIET
from local.progress import Progress
from local.settings import ROOT, LocalSettings
from local.supervisor import House

HELP = frozenset({"--help", "-h"})


def ask(arguments: Sequence[str]) -> int:
    """Put the question in `arguments` (see ``python -m bot.ask --help``); its exit status, 2 for bad input.

    Raises:
        LocalError: the house cannot be started.
    """
    settings = LocalSettings()
    # Bad input is said at once, before anything is started for it.
    status = _run("bot.request", arguments, {})
    if status != 0 or HELP.intersection(arguments):
        return status
    while True:
        with running.visit(settings.folder):
            if (house := _ready(settings)) is not None:
                return _run("bot.ask", arguments, house.environment)
        try:
            with running.hold(settings.folder):
                ensure_key(settings)
                return asyncio.run(_with_own_house(settings, arguments))
        except AlreadyRunning:
            # Somebody else's house is coming up; it is as good as ours.
            time.sleep(0.3)


def _ready(settings: LocalSettings) -> running.Running | None:
    try:
        house = running.find(settings.folder)
    except NotRunning:
        return None
    return house if house.ready else None


async def _with_own_house(settings: LocalSettings, arguments: Sequence[str]) -> int:
    console = Console(stderr=True)
    progress = Progress(console)
    house = House(settings, os.environ, doors=False, notice=progress.notice, changed=progress.changed)
    console.print("[dim]Nothing runs yet; starting it for this question (./run up keeps it running).[/dim]")
    with progress.shown():
        await house.__aenter__()
    try:
        asker = _start("bot.ask", arguments, house.shared)
        answered = asyncio.create_task(asyncio.to_thread(asker.wait))
        stopped = asyncio.create_task(house.until_stopped())
        await asyncio.wait({answered, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if stopped.done():
            asker.terminate()
        status = await answered
        # Other questions that came meanwhile use this house too.
        while not stopped.done() and running.has_visitors(settings.folder):
            await asyncio.wait({stopped}, timeout=0.2)
        stopped.cancel()
        return status
    finally:
        await house.stop()


def _run(module: str, arguments: Sequence[str], addresses: Mapping[str, str]) -> int:
    return _start(module, arguments, addresses).wait()


def _start(module: str, arguments: Sequence[str], addresses: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """One of the bot's modules, in the caller's folder, so that the paths of photos mean what they say."""
    environment = {**os.environ, **QUIET, **addresses, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen((sys.executable, "-m", module, *arguments), env=environment)
