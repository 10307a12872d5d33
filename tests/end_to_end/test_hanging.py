"""Parts of the whole house that live and hang: the supervisor starts them again and says so, and patients are answered.

Run: ``./run test -m slow tests/end_to_end/test_hanging.py``
"""

import os
import signal
import time

import pytest

from local.playground.patient import Patient
from tests.end_to_end.test_house import PATIENCE, agree, is_answer
from tests.end_to_end.whole_house import WholeHouse

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

HANGING = ("gpu", "sweep", "bot", "embedder")
"""One that is asked by Celery's ping, two by the metric of their main loop, one by HTTP."""


def test_parts_that_are_stopped_without_ending_are_started_again(house: WholeHouse, newcomer: Patient) -> None:
    agree(newcomer)
    before = {name: int(house.status()["parts"][name]["pid"]) for name in HANGING}  # type: ignore[index]
    time.sleep(50)  # each has answered once
    try:
        for pid in before.values():
            os.kill(pid, signal.SIGSTOP)
        newcomer.say("ring shaped itchy rash on my leg")
        newcomer.wait_for(is_answer, timeout=2 * PATIENCE)
    finally:
        for pid in before.values():
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                continue
    parts = house.status()["parts"]
    for name, pid in before.items():
        assert parts[name]["pid"] != pid, name  # type: ignore[index]
        assert parts[name]["reason"] == "it did not answer any more"  # type: ignore[index]
        assert f"{name} lives but has not answered" in house.said()
