"""`./run up` as a process of its own, for tests that look at the house from outside."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS, STOP_SECONDS = 500, 90


@dataclass
class WholeHouse:
    """`./run up`, as a process of its own."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until `status` says that it is ready."""
        with (self.folder / "up.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "skingpt", "up"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.status().get("ready"):
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.5)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it and wait until it has ended."""
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(STOP_SECONDS)

    def run(self, *arguments: str, seconds: float = 300) -> subprocess.CompletedProcess[str]:
        """A command of the front door, with this house's data folder."""
        return subprocess.run(
            [sys.executable, "-m", "skingpt", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def status(self) -> dict[str, object]:
        """What runs."""
        told: dict[str, object] = json.loads(self.run("status", "--json").stdout)
        return told

    @property
    def page(self) -> str:
        """The address to open."""
        return str(self.status()["page"])

    def said(self) -> str:
        """All it printed."""
        return (self.folder / "up.log").read_text(encoding="utf-8", errors="replace")
