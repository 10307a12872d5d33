"""A house whose parts may be killed: a Bot API server and a stub of the model beside it, which outlive it.

For `benchmarks.faults` and for the tests that kill real processes. The Bot API server is the playground in a process of
its own and stands for Telegram: it is never killed, knows no two sends as the same, and fails where it is told to.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx

from local.addresses import free_ports
from local.running import Running

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("gpu", "agent", "library", "sweep", "bot", "clinic", "broker", "chroma", "embedder")
"""What the supervisor starts here; beside them there are `model` (the stub) and `supervisor`."""
START_SECONDS = 300.0


@dataclass
class HouseUnderFault:
    """The supervisor's process, the stub and the Bot API server, all with one data folder."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    page: str = ""
    starts: int = 0
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _model_port: int = 0
    _page_port: int = 0

    def __post_init__(self) -> None:
        self._page_port, self._model_port = free_ports((0, 0))
        self.page = f"http://127.0.0.1:{self._page_port}"
        self.model = f"http://127.0.0.1:{self._model_port}"

    @property
    def data(self) -> Path:
        """The house's data folder."""
        return self.folder / "var"

    @property
    def environment(self) -> dict[str, str]:
        """Of every process; nothing of the caller's own house."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SKINGPT_")}
        ports = {f"SKINGPT_{name}_PORT": "0" for name in ("CLINIC", "CHROMA", "EMBEDDER", "MODEL", "BROKER")}
        return {
            **kept,
            **ports,
            "PYTHONPATH": str(ROOT),
            "SKINGPT_DATA": str(self.data),
            "SKINGPT_KEY_FILE": str(self.folder / "home" / "key"),
            "SKINGPT_PLAYGROUND_DATA": str(self.folder / "telegram"),
            "SKINGPT_PLAYGROUND_PORT": str(self._page_port),
            "SKINGPT_PLAYGROUND_URL": self.page,
            "SKINGPT_MODEL_URL": self.model,
            **self.settings,
        }

    def __enter__(self) -> Self:
        """Start all of it and wait until it is ready."""
        self._start("telegram", "-m", "local.playground")
        self.start_model()
        self.start()
        try:
            self.until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop all of it."""
        self.stop()

    def _start(self, name: str, *command: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start(self) -> None:
        """Start the house, without waiting for it."""
        self.starts += 1
        self._start("supervisor", "-m", "skingpt", "up")

    def start_model(self) -> None:
        """Start the stub, without waiting for it."""
        self._start("model", "-m", "tests.worker.stub_model", str(self._model_port))

    def stop(self) -> None:
        """Ask the supervisor to stop, then end the rest."""
        for name in ("supervisor", "model", "telegram"):
            if (process := self._processes.get(name)) is not None:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGTERM)
                try:
                    process.wait(90)
                except subprocess.TimeoutExpired:
                    self.kill(name)
                    process.wait(20)

    def lives(self, name: str) -> bool:
        """Whether `supervisor`, `model` or `telegram` runs."""
        process = self._processes.get(name)
        return process is not None and process.poll() is None

    def pid(self, name: str) -> int | None:
        """Of one part, or of `supervisor`, `model`, `telegram`."""
        if name in self._processes:
            return self._processes[name].pid if self.lives(name) else None
        running = Running.load(self.data)
        found = running.parts.get(name, {}).get("pid") if running and self.lives("supervisor") else None
        return found if isinstance(found, int) else None

    def state(self) -> Running | None:
        """What the supervisor tells of its parts."""
        return Running.load(self.data) if self.lives("supervisor") else None

    def kill(self, name: str) -> bool:
        """SIGKILL to a part and all that it started; False where it does not run. The supervisor alone: its parts are
        tied to it.
        """
        pid = self.pid(name)
        if pid is None:
            return False
        try:
            if name == "supervisor":
                os.kill(pid, signal.SIGKILL)
                self._processes[name].wait(20)
            else:
                os.killpg(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return False
        if name in self._processes:
            self._processes[name].wait(20)
        return True

    def delete_queue(self) -> None:
        """Redis dies and all that it had written is gone."""
        self.kill("broker")
        shutil.rmtree(self.data / "redis", ignore_errors=True)

    def until_ready(self, seconds: float = START_SECONDS) -> None:
        """Wait until all parts are up.

        Raises:
            TimeoutError: they are not, or the supervisor ended; with the end of what it said.
        """

        def ready() -> bool:
            state = self.state()
            return state is not None and state.ready and state.pid == self.pid("supervisor")

        until(ready, seconds, lambda: self.said("supervisor")[-2000:])

    def said(self, name: str) -> str:
        """All that this process printed."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    @contextlib.contextmanager
    def model_fault(self, kind: str) -> Iterator[None]:
        """The stub is `busy`, `unhealthy`, `failing`, `slow`, or talks `nonsense` while the block runs."""
        httpx.post(f"{self.model}/fault", json={"kind": kind}, trust_env=False).raise_for_status()
        try:
            yield
        finally:
            httpx.post(f"{self.model}/fault", json={"kind": None}, trust_env=False).raise_for_status()


def until(fact: Callable[[], object], seconds: float, story: Callable[[], str] = lambda: "") -> None:
    """Wait for `fact`.

    Raises:
        TimeoutError: it did not come true in `seconds`; with `story`.
    """
    deadline = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > deadline:
            raise TimeoutError(f"it did not come true within {seconds:g} s. {story()}")
        time.sleep(0.1)
