"""Many machines on one: RabbitMQ's quorum queues, Postgres for cases, library and memory, two workers of a kind, two
bots behind one webhook. Everybody is answered once, whatever is killed.

Run: ``./run test -m slow tests/topology``; SKINGPT_TEST_SEED=7 repeats an order of faults.
"""

import os
import random
import re
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from bot import texts
from knowledge.guideline_file import read_guideline
from knowledge.library import STARTER_TEXTS
from local.playground.patient import Patient, buttons
from local.playground.wire import Json
from tests.topology.machines import PATIENCE, ROOT, Machines
from tests.topology.servers import has_rabbitmq, postgres_programs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        postgres_programs() is None or not has_rabbitmq(),
        reason="PostgreSQL and RabbitMQ are not installed (apt-get install postgresql rabbitmq-server)",
    ),
]

PHOTO = ROOT / "examples" / "mole.jpg"
GUIDELINES = (
    "melanocytic-naevus",
    "melanoma",
    "basal-cell-carcinoma",
    "seborrhoeic-keratosis",
    "warts",
    "tinea-corporis",
)
"""A few: to embed all of them takes longer than the rest of these tests."""
HEADLINES = re.compile("Call .* now|See someone today|Contact a doctor this week|Book an appointment|look after this")


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    with Machines() as house:
        for slug in GUIDELINES:
            house.library().publish(read_guideline(STARTER_TEXTS / f"{slug}.md"), "starter text")
        yield house


@pytest.fixture
def patients(machines: Machines) -> Iterator[list[Patient]]:
    """Three people who have agreed."""
    with ExitStack() as stack:
        people = [stack.enter_context(Patient.open(machines.page)) for _ in range(3)]
        with ThreadPoolExecutor(3) as at_once:
            list(at_once.map(_agree, people))
        yield people


def _agree(patient: Patient) -> None:
    patient.start()
    patient.wait_for(lambda message: "SkinGPT" in message.get("text", ""), timeout=PATIENCE)
    patient.press(texts.CONSENT_YES)
    patient.wait_for(lambda message: "send me a photo" in message.get("text", ""), timeout=PATIENCE)


def _is_answer(message: Json) -> bool:
    return bool(HEADLINES.search(message.get("text", ""))) and "Not helpful" in str(buttons(message))


def _answers(patient: Patient) -> list[Json]:
    return [message for message in patient.messages() if _is_answer(message)]


def _wait_for_answers(patients: list[Patient], least: int) -> None:
    """A late edit may lie over an answer until the bot sees it and shows the answer once more."""
    deadline = time.monotonic() + PATIENCE
    while min(len(_answers(patient)) for patient in patients) < least and time.monotonic() < deadline:
        time.sleep(1)


def _photo_answered(patient: Patient) -> None:
    sent = patient.send_photo(PHOTO)[-1]
    patient.wait_for(_is_answer, after=sent["message_id"], timeout=PATIENCE)


def _asked(patient: Patient, question: str) -> Json:
    sent = patient.say(question)
    return patient.wait_for(
        lambda message: re.search(r"\[\d\]", message.get("text", "")) and not _is_answer(message),
        after=sent["message_id"],
        timeout=PATIENCE,
    )


def _at_once(act: Callable[[Patient], object], patients: list[Patient]) -> None:
    with ThreadPoolExecutor(len(patients)) as at_once:
        list(at_once.map(act, patients))


def test_everybody_is_answered_once_and_can_go_on_asking(machines: Machines, patients: list[Patient]) -> None:
    _at_once(_photo_answered, patients)
    _at_once(lambda patient: _asked(patient, "Is it contagious?"), patients)
    assert [len(_answers(patient)) for patient in patients] == [1, 1, 1]
    assert all(machines.balancer.taken.values()), "both bots took updates"
    queues = machines.rabbit.control("list_queues", "name", "type")
    assert {f"{queue}\tquorum" for queue in ("gpu", "agent", "library")} <= set(queues.splitlines())
    assert "celery_delayed" not in queues
    assert int(machines.postgres.sql("SELECT count(*) FROM cases WHERE status = 'delivered'", "cases")) >= 3
    assert int(machines.postgres.sql("SELECT count(*) FROM chunk_words", "library")) > 100
    assert int(machines.postgres.sql("SELECT count(DISTINCT thread_id) FROM checkpoints", "memory")) >= 3
    assert not list((machines.folder / "var").rglob("*.db")), "nothing is kept outside the servers"


def test_a_guideline_that_is_published_is_found(machines: Machines, tmp_path: Path) -> None:
    text = (ROOT / "knowledge" / "guidelines" / "warts.md").read_text()
    text = text.replace("## Self-care\n", "## Self-care\nA zebrawood paste is of no use against warts. ")
    assert "zebrawood" in text
    (tmp_path / "warts.md").write_text(text)
    machines.library().publish(read_guideline(tmp_path / "warts.md"), "Dr A. Example")
    found = machines.run("knowledge", "search", "zebrawood paste against warts")
    assert "zebrawood" in found.stdout


def _kill(name: str) -> Callable[[Machines], None]:
    def kill(machines: Machines) -> None:
        machines.parts[name].kill()

    kill.__name__ = f"kill {name}"
    return kill


def stop_the_broker(machines: Machines) -> None:
    machines.rabbit.stop()
    machines.rabbit.start()


def lose_the_broker(machines: Machines) -> None:
    machines.rabbit.stop(signal.SIGKILL)
    machines.rabbit.wipe()
    machines.rabbit.start()


def crash_postgres(machines: Machines) -> None:
    machines.postgres.stop(signal.SIGQUIT)
    time.sleep(1)
    machines.postgres.start()


def cut_the_connections(machines: Machines) -> None:
    machines.postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'skingpt'")


FAULTS = [
    *(_kill(name) for name in ("gpu1", "gpu2", "agent1", "agent2", "bot1", "bot2", "sweep", "chroma", "embedder")),
    stop_the_broker,
    lose_the_broker,
    crash_postgres,
    cut_the_connections,
]


def test_whatever_is_killed_everybody_is_answered_once(machines: Machines, patients: list[Patient]) -> None:
    seed = int(os.environ.get("SKINGPT_TEST_SEED") or time.time())
    order = random.Random(seed).sample(FAULTS, len(FAULTS))
    print(f"seed {seed}: {', '.join(fault.__name__ for fault in order)}")
    chance = random.Random(seed)
    for fault in order:
        began = time.monotonic()
        with ThreadPoolExecutor(len(patients)) as at_once:
            waiting = [at_once.submit(_photo_answered, patient) for patient in patients]
            time.sleep(chance.uniform(0, 1.5))
            fault(machines)
            for each in waiting:
                each.result()
        print(f"{fault.__name__}: {time.monotonic() - began:.0f} s")
    _at_once(lambda patient: _asked(patient, "Is it contagious?"), patients)
    _wait_for_answers(patients, len(FAULTS))
    assert [len(_answers(patient)) for patient in patients] == [len(FAULTS)] * len(patients)
