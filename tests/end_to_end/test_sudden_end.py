"""The supervisor of the whole house is killed. The last of these files: nobody uses the house after it.

Run: ``./run test -m slow tests/end_to_end/test_sudden_end.py``
"""

import os
import signal
from pathlib import Path

import pytest

from tests.end_to_end.test_house import until
from tests.end_to_end.whole_house import WholeHouse

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_a_killed_supervisor_leaves_no_process(house: WholeHouse) -> None:
    assert house.process is not None
    os.kill(house.process.pid, signal.SIGKILL)
    house.process.wait(10)
    mark = f"SKINGPT_DATA={house.folder / 'var'}".encode()

    def survivors() -> list[int]:
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and mark in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    until(lambda: not survivors(), 20)
