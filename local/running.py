"""The running house as others find it: the lock on its data folder, and `running.json` with its addresses.

The lock is the truth of whether a house runs: the kernel releases it however the supervisor ends.
"""

import contextlib
import fcntl
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Self

from local.errors import AlreadyRunning, NotRunning

LOCK, VISITS, STATE = "house.lock", "visits.lock", "running.json"


@dataclass(frozen=True, slots=True)
class Running:
    """What is known of a running house. `environment` holds its addresses; keys and tokens stay out."""

    pid: int
    ready: bool
    page: str
    environment: Mapping[str, str]
    parts: Mapping[str, Mapping[str, int | str | None]] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write `running.json` whole or not at all."""
        draft = folder / f"{STATE}.{self.pid}"
        draft.touch(0o600)  # the address of a broker elsewhere may hold a password
        draft.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        draft.replace(folder / STATE)

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """What `running.json` says, if there is one that can be read."""
        try:
            return cls(**json.loads((folder / STATE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None


def _locked(path: Path, how: int) -> IO[str] | None:
    file = path.open("a+")
    try:
        fcntl.flock(file, how)
    except BlockingIOError:
        file.close()
        return None
    return file


@contextlib.contextmanager
def hold(folder: Path) -> Iterator[None]:
    """The data folder is ours until the block ends.

    Raises:
        AlreadyRunning: it is another's.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Whoever asks `is_held` holds the lock for an instant, which is not a house.
    for _ in range(5):
        lock = _locked(folder / LOCK, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if lock is not None:
            break
        time.sleep(0.05)
    else:
        running = Running.load(folder)
        where = f" as process {running.pid}: {running.page}" if running else ", just starting"
        raise AlreadyRunning(
            f"SkinGPT already runs on {folder}{where}. Stop it with ./run down, or set SKINGPT_DATA to another folder."
        )
    try:
        yield
    finally:
        with contextlib.suppress(FileNotFoundError):
            (folder / STATE).unlink()
        lock.close()


def is_held(folder: Path) -> bool:
    """Whether a house runs on this data folder."""
    if not (folder / LOCK).exists():
        return False
    lock = _locked(folder / LOCK, fcntl.LOCK_SH | fcntl.LOCK_NB)
    if lock is None:
        return True
    lock.close()
    return False


def find(folder: Path) -> Running:
    """The house that runs on this data folder.

    Raises:
        NotRunning: none does, or it has only begun to start.
    """
    if not is_held(folder):
        raise NotRunning(f"SkinGPT does not run on {folder}. Start it with ./run up.")
    running = Running.load(folder)
    if running is None:
        raise NotRunning(f"SkinGPT is only just starting on {folder}; try again in a moment.")
    return running


@contextlib.contextmanager
def visit(folder: Path) -> Iterator[None]:
    """Somebody uses the house: whoever started it only for a question waits with stopping it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = _locked(folder / VISITS, fcntl.LOCK_SH)
    try:
        yield
    finally:
        if lock is not None:
            lock.close()


def has_visitors(folder: Path) -> bool:
    """Whether somebody uses the house at this moment."""
    lock = _locked(folder / VISITS, fcntl.LOCK_EX | fcntl.LOCK_NB)
    if lock is None:
        return True
    lock.close()
    return False
