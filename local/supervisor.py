"""Starts the parts of the house, each once what it needs is up, keeps them running, stops them in reverse.

The whole life of a house is `async with House(...) as house: await house.until_stopped()`.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from exporter import serve
from local import metrics
from local.addresses import HOST, SUPERVISOR, Ports
from local.child import Child, State
from local.errors import StartFailed
from local.parts import Part, addresses, environment_of, house_parts
from local.running import Running
from local.settings import LocalSettings

LAST_LINES = 12
"""So much of a log is shown when its part does not come up."""


class House:
    """The children of one supervisor. `notice` hears what a person should read, `changed` of new states."""

    def __init__(
        self,
        settings: LocalSettings,
        found: Mapping[str, str],
        *,
        doors: bool = True,
        notice: Callable[[str], None] = print,
        changed: Callable[["House"], None] = lambda house: None,
    ) -> None:
        """Plan the house in `settings`; `found` is the environment it is started from. Nothing runs yet."""
        ports = Ports.choose(settings)
        self.settings = settings
        self.shared = addresses(settings, ports)
        self.page = "https://t.me" if settings.telegram_token else self.shared["SKINGPT_BOT_API"]
        self.clinic = ports.url("clinic")
        self._stop = asyncio.Event()
        self._changed = changed
        self._tasks: list[asyncio.Task[None]] = []
        self._ports = ports
        self.children = [self._child(part, found, notice) for part in house_parts(settings, ports, doors=doors)]

    def _child(self, part: Part, found: Mapping[str, str], notice: Callable[[str], None]) -> Child:
        return Child(
            part,
            environment_of(part, found, self.shared),
            self.settings.folder / "logs" / f"{part.name}.log",
            start_seconds=self.settings.start_seconds,
            hang_seconds=self.settings.hang_seconds,
            notice=notice,
            changed=self._note,
        )

    def _note(self) -> None:
        for child in self.children:
            metrics.UP.labels(child.part.name).set(child.state in (State.UP, State.DONE))
            metrics.RESTARTS.labels(child.part.name).set(child.restarts)
        self.running().save(self.settings.folder)
        self._changed(self)

    def running(self) -> Running:
        """The house as `running.json` tells of it."""
        return Running(
            pid=os.getpid(),
            ready=all(child.state in (State.UP, State.DONE) for child in self.children),
            page=self.page,
            environment=self.shared,
            parts={
                child.part.name: {
                    "state": child.state,
                    "pid": child.pid,
                    "restarts": child.restarts,
                    "reason": child.reason,
                    "metrics": self._ports.metrics.get(child.part.name),
                }
                for child in self.children
            },
        )

    async def __aenter__(self) -> Self:
        """Start everything and wait until all of it is up.

        Raises:
            StartFailed: a part did not come up, or a stop was asked for; everything is stopped again.
        """
        self.settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, self.ask_to_stop)
        serve(HOST, self._ports.metrics[SUPERVISOR])
        self._tasks = [asyncio.create_task(self._keep(child)) for child in self.children]
        try:
            await self._until_up()
        except BaseException:
            await self.stop()
            raise
        self._note()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything."""
        await self.stop()

    async def _keep(self, child: Child) -> None:
        for other in self.children:
            if other.part.name in child.part.needs:
                await other.up.wait()
        await child.keep()

    async def _until_up(self) -> None:
        ready = asyncio.ensure_future(_all(child.up for child in self.children))
        stopped = asyncio.ensure_future(self._stop.wait())
        failures = {asyncio.ensure_future(child.gave_up.wait()): child for child in self.children}
        pending = {ready, stopped, *failures}
        try:
            await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for failure, child in failures.items():
                if failure.done():
                    raise StartFailed(_why(child))
            if stopped.done():
                raise StartFailed("stopped before everything was up")
        finally:
            for waiting in pending:
                waiting.cancel()

    def ask_to_stop(self) -> None:
        """Ctrl-C or SIGTERM; asked twice, nothing is waited for any more."""
        if self._stop.is_set():
            self._signal_all(signal.SIGKILL)
        self._stop.set()

    async def until_stopped(self) -> None:
        """Wait until a signal asks for the end."""
        await self._stop.wait()

    async def stop(self) -> None:
        """Stop tier by tier: the doors first, the stores last, so that nothing loses what it writes to."""
        # What has not begun must not begin now.
        for task, child in zip(self._tasks, self.children, strict=True):
            if child.state is State.WAITING:
                task.cancel()
        for tier in sorted({child.part.tier for child in self.children}, reverse=True):
            leaving = [child for child in self.children if child.part.tier == tier]
            await asyncio.gather(*(child.stop(self.settings.stop_seconds) for child in leaving))
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _signal_all(self, number: signal.Signals) -> None:
        for child in self.children:
            if child.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, number)


async def _all(events: Iterable[asyncio.Event]) -> None:
    for event in events:
        await event.wait()


def _why(child: Child) -> str:
    return f"{child.part.name} ({child.part.title}) does not come up. The end of {child.log}:\n" + "\n".join(
        f"  {line}" for line in last_lines(child.log)
    )


def last_lines(log: Path, count: int = LAST_LINES) -> list[str]:
    """The end of a log file; nothing where there is none."""
    try:
        return log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
    except FileNotFoundError:
        return []
