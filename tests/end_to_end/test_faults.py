"""Real processes killed and real parts made to fail, at every stage of a case: what the patient sees in the end.

Run: ``./run test -m slow tests/end_to_end/test_faults.py``. The kills come in random order until their time is up; the
seed is printed and SKINGPT_FAULTS_SEED repeats it; SKINGPT_FAULTS_SECONDS=3600 runs every part at every stage.
"""

import contextlib
import os
import random
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import product
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from benchmarks.faults import measure, show
from benchmarks.house_under_fault import HouseUnderFault, until
from benchmarks.patients_under_fault import PHOTOS, answers_in
from bot import texts
from cases.database import WAIT_SECONDS
from local.playground.patient import Patient, add_fault
from local.playground.wire import Json

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SETTINGS = {
    "SKINGPT_WORKER_SWEEP_SECONDS": "1",
    "SKINGPT_WORKER_OVERDUE_SECONDS": "3",
    "SKINGPT_WORKER_LEASE_SECONDS": "6",
    "SKINGPT_WORKER_MODEL_SECONDS": "3",
    "SKINGPT_WORKER_MODEL_TRIES": "2",
    "SKINGPT_WORKER_BACKOFF_SECONDS": "0.2",
}
PARTS = ("gpu", "agent", "model", "bot", "chroma", "embedder", "broker", "sweep", "supervisor")
STAGES = {
    "received": "1",
    "queued": "EXISTS (SELECT 1 FROM cases WHERE number > :last)",
    "examining": "EXISTS (SELECT 1 FROM leases WHERE owner = 'examine') OR"
    " EXISTS (SELECT 1 FROM cases WHERE number > :last AND findings IS NOT NULL)",
    "examined": "EXISTS (SELECT 1 FROM cases WHERE number > :last AND findings IS NOT NULL)",
    "advising": "EXISTS (SELECT 1 FROM leases WHERE owner = 'advise') OR"
    " EXISTS (SELECT 1 FROM cases WHERE number > :last AND advice IS NOT NULL)",
    "advised": "EXISTS (SELECT 1 FROM cases WHERE number > :last AND advice IS NOT NULL)",
    "delivering": "EXISTS (SELECT 1 FROM cases WHERE number > :last AND status = 'delivered')",
}
"""What the record says of a case above :last at this stage or past it: a lease may be over between two looks."""
PATIENCE = 240.0
FAULT_SECONDS = float(os.environ.get("SKINGPT_FAULTS_SECONDS") or 90)


@pytest.fixture(scope="module")
def seed() -> int:
    chosen = int(os.environ.get("SKINGPT_FAULTS_SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"\nSKINGPT_FAULTS_SEED={chosen}")
    return chosen


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HouseUnderFault]:
    folder = tmp_path_factory.mktemp("faults")
    with _small_disk(folder / "var"), HouseUnderFault(folder, SETTINGS) as under_fault:
        yield under_fault


@contextlib.contextmanager
def _small_disk(place: Path) -> Iterator[None]:
    """A file system of its own for the house's data, where this machine lets us make one."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200m", "none", str(place)]
    mounted = shutil.which("mount") is not None and subprocess.run(mount, check=False).returncode == 0
    try:
        yield
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(place)], check=False)


@pytest.fixture
def patient(house: HouseUnderFault) -> Iterator[Patient]:
    """Somebody who has agreed."""
    with Patient.open(house.page) as someone:
        someone.start()
        someone.wait_for(lambda sent: texts.CONSENT_YES in str(sent), timeout=PATIENCE)
        someone.press(texts.CONSENT_YES)
        someone.wait_for(lambda sent: "Now send me a photo" in sent["text"], timeout=PATIENCE)
        yield someone


def said(patient: Patient) -> list[Json]:
    return [message for message in patient.messages() if message["from"]["is_bot"]]


def says(patient: Patient, words: str) -> Callable[[], bool]:
    return lambda: any(words in each.get("text", "") for each in said(patient))


def answered_once(patient: Patient, photos: int = 1) -> None:
    """Every photo has its answer and its notice; nothing is doubled, and nobody was given up."""
    until(lambda: len(set(answers_in(said(patient)))) == photos, PATIENCE, lambda: _told(patient))
    until(lambda: [each.get("text") for each in said(patient)].count(texts.READY) >= photos, PATIENCE)
    answers = answers_in(said(patient))
    assert len(answers) == len(set(answers)) == photos, _told(patient)
    assert not any("could not look at this" in each.get("text", "") for each in said(patient))


def apologised_once(patient: Patient) -> None:
    until(says(patient, "could not look at this"), PATIENCE, lambda: _told(patient))
    apologies = [each["text"] for each in said(patient) if "could not look at this" in each.get("text", "")]
    assert len(apologies) == 1
    assert "112" in apologies[0] and "See a doctor this week" in apologies[0], "the safety net"
    assert answers_in(said(patient)) == []


def _told(patient: Patient) -> str:
    return " | ".join(each.get("text", "")[:50] for each in said(patient))


def asked(house: HouseUnderFault, question: str, **values: object) -> int:
    with closing(sqlite3.connect(f"file:{house.data / 'cases.db'}?mode=ro", uri=True)) as record:
        return int(record.execute(question, values).fetchone()[0] or 0)


# ---------------------------------------------------------------- kills


def test_sigkill_of_any_part_at_any_stage_leaves_one_answer(
    house: HouseUnderFault, patient: Patient, seed: int
) -> None:
    """Whoever was killed, the next kill comes as soon as the patient has the answer."""
    chosen = list(product(PARTS, STAGES))
    random.Random(seed).shuffle(chosen)
    began = time.monotonic()
    for photos, (part, stage) in enumerate(chosen, start=1):
        if time.monotonic() - began > FAULT_SECONDS and photos > len(PARTS):
            break
        started = time.monotonic()
        last = asked(house, "SELECT max(number) FROM cases")
        patient.send_photo(PHOTOS[photos % 2])
        query = f"SELECT {STAGES[stage]}"
        until(lambda query=query, last=last: asked(house, query, last=last), PATIENCE)  # type: ignore[misc]
        killed = house.kill(part)
        if part == "supervisor":
            house.start()
        if part == "model":
            house.start_model()
        answered_once(patient, photos)
        took = time.monotonic() - started
        print(f"{part} killed when {stage}{'' if killed else ' (it was not running)'}: answered in {took:.1f} s")
    cards = [each["reply_to_message"]["message_id"] for each in said(patient) if each.get("text") == texts.READY]
    assert cards == sorted(cards), "notices came in the order of the photos"
    assert house.state() is not None
    assert " is started again in " in house.said("supervisor")


def test_a_queue_whose_data_is_deleted_while_cases_wait(house: HouseUnderFault, patient: Patient) -> None:
    with house.model_fault("busy"):
        for _ in range(3):
            patient.send_photo(PHOTOS[0])
        until(lambda: asked(house, "SELECT count(*) FROM cases WHERE status = 'received'") >= 3, PATIENCE)
        house.delete_queue()
    answered_once(patient, 3)


def test_an_album_whose_bot_is_killed_in_its_middle_is_one_case(house: HouseUnderFault, patient: Patient) -> None:
    last = asked(house, "SELECT max(number) FROM cases")
    patient.send_photo(*[PHOTOS[0]] * 6)
    until(lambda: asked(house, "SELECT count(*) FROM cases WHERE number > :last", last=last), PATIENCE)
    house.kill("bot")
    photos = "SELECT count(*) FROM photos WHERE case_id IN (SELECT id FROM cases WHERE number > :last)"
    until(lambda: asked(house, photos, last=last) == 6, PATIENCE)
    done = "SELECT count(*) FROM cases WHERE number > :last AND status = 'delivered'"
    until(lambda: asked(house, done, last=last) == 1, PATIENCE)
    answered_once(patient, 1)
    assert asked(house, photos, last=last) == 6


def test_random_kills_while_patients_send_photos_cost_nobody_an_answer(house: HouseUnderFault, seed: int) -> None:
    """The benchmark, small."""
    result = measure(house, cases=30, longest=40, patients=6, every=6, seed=seed, console=Console())
    show(result, Console())
    assert result.is_sound
    assert result.kills and result.cases


# ---------------------------------------------------------------- the model


@pytest.mark.parametrize("kind", ["busy", "unhealthy"])
def test_a_model_that_is_away_is_waited_for(house: HouseUnderFault, patient: Patient, kind: str) -> None:
    with house.model_fault(kind):
        patient.send_photo(PHOTOS[0])
        until(says(patient, "takes longer than usual"), PATIENCE)
        time.sleep(12)  # more than five attempts would take
    answered_once(patient)
    assert not says(patient, "takes longer than usual")(), "the answer takes its place"


@pytest.mark.parametrize("kind", ["failing", "nonsense"])
def test_a_model_that_fails_or_talks_nonsense_leads_to_one_apology(
    house: HouseUnderFault, patient: Patient, kind: str
) -> None:
    with house.model_fault(kind):
        patient.send_photo(PHOTOS[0])
        apologised_once(patient)


def test_a_slow_model_is_asked_again(house: HouseUnderFault, patient: Patient) -> None:
    with house.model_fault("slow"):
        patient.send_photo(PHOTOS[0])
        until(lambda: asked(house, "SELECT max(attempts) FROM cases WHERE status = 'received'") >= 1, PATIENCE)
    answered_once(patient)


# ---------------------------------------------------------------- Telegram


def test_telegram_away_slow_and_refusing_leaves_one_answer(house: HouseUnderFault, patient: Patient) -> None:
    chat = patient.chat_id
    add_fault(house.page, method="*", code=502, times=6, chat_id=chat)
    add_fault(house.page, method="editMessageText", code=429, retry_after=2, times=2, chat_id=chat)
    add_fault(house.page, method="editMessageText", delay=3, times=2, chat_id=chat)
    add_fault(house.page, method="sendMessage", code=502, when="after", times=1, chat_id=chat)
    add_fault(house.page, method="editMessageText", code=502, when="after", times=1, chat_id=chat)
    patient.send_photo(PHOTOS[0])
    answered_once(patient)
    httpx.delete(f"{house.page}/admin/faults")


def test_a_blocked_bot_answers_when_the_patient_comes_back(house: HouseUnderFault, patient: Patient) -> None:
    with house.model_fault("busy"):
        patient.send_photo(PHOTOS[0])
        until(says(patient, "I have"), PATIENCE)
        patient.block()
    dropped = "SELECT count(*) FROM outbox WHERE dropped = 'blocked' AND chat_id = :chat"
    until(lambda: asked(house, dropped, chat=patient.chat_id), PATIENCE)
    patient.say("/help")
    until(lambda: len(answers_in(said(patient))) == 1, PATIENCE)


# ---------------------------------------------------------------- the record


def test_a_record_locked_for_longer_than_anybody_waits(house: HouseUnderFault, patient: Patient) -> None:
    with closing(sqlite3.connect(house.data / "cases.db", isolation_level=None)) as record:
        record.execute("BEGIN IMMEDIATE")
        patient.send_photo(PHOTOS[0])
        time.sleep(WAIT_SECONDS + 5)
        record.execute("ROLLBACK")
    answered_once(patient)


def test_a_full_disk(house: HouseUnderFault, patient: Patient) -> None:
    """For the record and for the queue, which lie on one file system here."""
    if not os.path.ismount(house.data):
        pytest.skip("no file system of its own can be mounted here (root and CAP_SYS_ADMIN are needed)")
    filler = house.data / "filler"
    try:
        _give_up_spare_room(house.data / "cases.db")
        _fill(filler)
        patient.send_photo(PHOTOS[0])
        ends = time.monotonic() + 10
        while time.monotonic() < ends:
            _fill(filler)
            time.sleep(0.2)
        assert answers_in(said(patient)) == []
    finally:
        filler.unlink()
    answered_once(patient)


def _fill(filler: Path) -> None:
    """Until nothing more fits."""
    with filler.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(min(1 << 20, max(4096, shutil.disk_usage(filler.parent).free))))


def _give_up_spare_room(database: Path) -> None:
    """A write-ahead log keeps the length it once had, and so a full disk would still take a photo."""
    with closing(sqlite3.connect(database, isolation_level=None, timeout=WAIT_SECONDS)) as record:
        until(lambda: record.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0, PATIENCE)
