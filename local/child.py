"""One part as a running process: started tied to the supervisor, watched, started again, stopped."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from local.health import POLL_SECONDS
from local.parts import Part
from local.settings import ROOT

FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
"""Seconds before a crashed part is started again: doubling, until it has lived for `STEADY` seconds."""

STEADY = 20.0
MOST_MISSED = 3
"""Looks in a row without an answer from which a part counts as hanging."""
MOST_CRASHES = 4
"""A part that crashes so often before it was up once will not come up."""

LARGEST_LOG, LONGEST_LINE = 5_000_000, 200
TIED = ROOT / "local" / "tied.py"


class State(StrEnum):
    """Where a part is in its life."""

    WAITING = "waiting"
    STARTING = "starting"
    UP = "up"
    CRASHED = "crashed"
    DONE = "done"
    STOPPED = "stopped"


class Child:
    """Keeps one part running until it is stopped. `notice` hears of crashes, `changed` of every new state."""

    def __init__(
        self,
        part: Part,
        environment: Mapping[str, str],
        log: Path,
        *,
        start_seconds: float,
        hang_seconds: float,
        notice: Callable[[str], None],
        changed: Callable[[], None],
    ) -> None:
        self.part = part
        self.log = log
        self.state = State.WAITING
        self.restarts = 0
        self.reason: str | None = None
        """How its last life ended, if it was not asked to."""
        self.took = 0.0
        self.up = asyncio.Event()
        self.gave_up = asyncio.Event()
        self._environment = dict(environment)
        self._start_seconds = start_seconds
        self._hang_seconds = hang_seconds
        self._notice = notice
        self._changed = changed
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """Process id of the present life."""
        return self._process.pid if self._process and self._process.returncode is None else None

    def _becomes(self, state: State) -> None:
        self.state = state
        self._changed()

    async def keep(self) -> None:
        """Run the part, again and again, until it was stopped, has finished, or cannot be brought up."""
        wait = FIRST_WAIT
        while not self._stopping.is_set():
            began = time.monotonic()
            status, reason = await self._live()
            if self._stopping.is_set():
                break
            if self.part.once and status == 0:
                self.took = time.monotonic() - began
                self.up.set()
                self._becomes(State.DONE)
                return
            self.restarts += 1
            self.reason = reason
            self._becomes(State.CRASHED)
            if not self.up.is_set() and self.restarts >= MOST_CRASHES:
                self.gave_up.set()
                return
            if time.monotonic() - began >= STEADY:
                wait = FIRST_WAIT
            self._notice(
                f"{self.part.name} stopped ({self.reason}); it is started again in {wait:g} s. Log: {self.log}"
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait)
            wait = min(wait * 2, LONGEST_WAIT)
        self._becomes(State.STOPPED)

    async def _live(self) -> tuple[int, str]:
        """One life: start, wait until it is up, wait until it ends. Returns the exit status, and how it ended."""
        began = time.monotonic()
        self._becomes(State.STARTING)
        process, since = await self._start()
        ended = asyncio.ensure_future(process.wait())
        while not ended.done():
            if await self.part.health.is_up(self.log, since):
                self.took = time.monotonic() - began
                self.up.set()
                self._becomes(State.UP)
                break
            if time.monotonic() - began > self._start_seconds:
                self._notice(f"{self.part.name} did not come up in {self._start_seconds:g} s. Log: {self.log}")
                self._signal(signal.SIGKILL)
            await asyncio.wait({ended}, timeout=POLL_SECONDS)
        hangs = await self._comes_to_hang(ended, since)
        if hangs:
            self._notice(f"{self.part.name} lives but has not answered for {self._hang_seconds:g} s: it is killed")
            self._signal_group(process.pid, signal.SIGKILL)
        status = await ended
        self._signal_group(process.pid, signal.SIGKILL)
        return status, "it did not answer any more" if hangs else _reason(status, self.log, since)

    async def _comes_to_hang(self, ended: asyncio.Future[int], since: int) -> bool:
        """Looks until the part ends (False), or has answered before and then misses every look for too long (True).

        Looks are counted, not the time between them: a machine that was asleep has missed none.
        """
        alive = self.part.alive or self.part.health
        pause, missed, has_answered = self._hang_seconds / MOST_MISSED, 0, False
        while not ended.done() and missed < MOST_MISSED:
            await asyncio.wait({ended}, timeout=pause)
            look = asyncio.ensure_future(alive.is_up(self.log, since))
            either: tuple[asyncio.Future[Any], ...] = (ended, look)
            await asyncio.wait(either, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
            if look.done() and look.result():
                has_answered, missed = True, 0
            else:
                look.cancel()
                missed += has_answered
        return not ended.done()

    async def _start(self) -> tuple[asyncio.subprocess.Process, int]:
        for folder in filter(None, (self.part.folder, self.log.parent)):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".old.log"))
        with self.log.open("ab") as log:
            self.log.chmod(0o600)
            since = log.tell()
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(TIED), str(os.getpid())),
                *self.part.command,
                cwd=ROOT,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # the terminal's Ctrl-C is the supervisor's to hear
            )
        return self._process, since

    async def stop(self, patience: float) -> None:
        """Ask it to finish (Celery ends the task in hand), after `patience` seconds kill it and its own."""
        self._stopping.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        self._signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), patience)
        except TimeoutError:
            self._notice(f"{self.part.name} did not stop in {patience:g} s and was killed")
        finally:
            self._signal_group(process.pid, signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    @staticmethod
    def _signal_group(leader: int, number: signal.Signals) -> None:
        """Also to what the part itself started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, number)


def _reason(status: int, log: Path, since: int) -> str:
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    said = _last_words(log, since)
    return f"exit status {status}" + (f": {said}" if status and said else "")


def _last_words(log: Path, since: int) -> str:
    """The last line a part wrote in the life that began at `since`."""
    try:
        with log.open("rb") as file:
            file.seek(since)
            lines = file.read().decode("utf-8", "replace").split("\n")
    except FileNotFoundError:
        return ""
    return next((line.strip()[:LONGEST_LINE] for line in reversed(lines) if line.strip()), "")
