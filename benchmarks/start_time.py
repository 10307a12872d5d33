"""How long the house takes to start and what it weighs: set-up, first start, second start, memory, sizes on disk.

Run: `.venv/bin/python -m benchmarks.start_time` with no house running (add `--fresh` to measure the set-up too, in a
clone in a temporary folder). Prints one JSON object; seconds, MB of memory (proportional set size), MB on disk.
"""

import json
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Annotated

import psutil
import typer

from local import running
from local.errors import NotRunning

ROOT = Path(__file__).resolve().parent.parent
LONGEST_WAIT = 900.0


def main(fresh: Annotated[bool, typer.Option("--fresh", help="Measure the set-up in a fresh clone.")] = False) -> None:
    """Start twice on an empty data folder and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        figures: dict[str, float] = {}
        root = ROOT
        if fresh:
            root = home / "clone"
            subprocess.run(["git", "clone", "--quiet", str(ROOT), str(root)], check=True)
            started = time.monotonic()
            subprocess.run([str(root / "run"), "--help"], check=True, stdout=subprocess.DEVNULL)
            figures["set_up_s"] = round(time.monotonic() - started, 1)
        for name in ("first_start_s", "second_start_s"):
            figures[name], memory = _start(root, home / "data")
        figures["memory_mb"] = memory
        figures["environment_mb"] = _size(root / ".venv")
        figures["weights_mb"] = _size(ROOT / "model" / "weights" / "skingpt-mini")
    typer.echo(json.dumps(figures))


def _start(root: Path, data: Path) -> tuple[float, float]:
    environment = {**os.environ, "SKINGPT_DATA": str(data), "SKINGPT_KEY_FILE": str(data.parent / "key")}
    started = time.monotonic()
    house = subprocess.Popen([str(root / "run"), "up"], env=environment, stdout=subprocess.DEVNULL)
    try:
        while not _ready(data):
            if house.poll() is not None or time.monotonic() - started > LONGEST_WAIT:
                raise SystemExit("the house did not start; see the logs in its data folder")
            time.sleep(0.05)
        took = round(time.monotonic() - started, 1)
        return took, _memory(house.pid)
    finally:
        house.send_signal(signal.SIGTERM)
        house.wait(timeout=120)


def _ready(data: Path) -> bool:
    try:
        return running.find(data).ready
    except NotRunning:
        return False


def _memory(pid: int) -> float:
    parent = psutil.Process(pid)
    family = [parent, *parent.children(recursive=True)]
    return round(sum(process.memory_full_info().pss for process in family) / 1e6)


def _size(folder: Path) -> float:
    return round(sum(path.stat().st_size for path in folder.rglob("*") if not path.is_symlink()) / 1e6, 1)


if __name__ == "__main__":
    typer.run(main)
