"""A whole house, real processes, one patient: nothing readable lies anywhere, nothing leaves, and /forget erases.

The house runs in a network of its own in which every packet that would leave the machine is recorded
(`sealed_network.py`). A patient plants words and a photo wherever a patient can; then every file, every log and every
message of the broker is searched for them (`traces.py`).

Run: ``./run test -m slow tests/privacy/test_house.py``
"""

import io
import json
import os
import socket
import sqlite3
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot import texts
from local.parts import SECRETS
from local.playground.patient import Patient, buttons
from local.playground.wire import Json
from tests.end_to_end import whole_house
from tests.end_to_end.conftest import PORTS
from tests.end_to_end.whole_house import WholeHouse
from tests.privacy.planting import PLANTED, photo_with_words
from tests.privacy.sealed_network import Recording, Unavailable, sealed_network
from tests.privacy.traces import found_below, found_in, slices

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

PATIENCE = 180.0
START_SECONDS = 500.0
"""The first start embeds all guidelines: on a machine that has much else to do it takes minutes."""
NAME, CAPTION, QUESTION, FOLLOW_UP, FILE, EXIF = (
    f"{PLANTED}{kind}" for kind in ("name", "caption", "question", "later", "file", "exif")
)


@dataclass
class Monitor:
    """Every command that reaches the broker, as Redis's MONITOR tells it."""

    port: int
    heard: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self._socket.sendall(b"MONITOR\r\n")
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        self._socket.settimeout(None)
        while piece := self._socket.recv(65536):
            self.heard += piece

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@dataclass
class Story:
    """What there is after the patient was answered and got the export."""

    house: WholeHouse
    network: Recording
    monitor: Monitor
    patient: Patient
    photo: bytes
    stored: list[bytes]
    record: Json

    @property
    def data(self) -> Path:
        return self.house.folder / "var"

    def traces(self) -> list[str]:
        """Planted words and photos in any file of the house or message of the broker."""
        return found_below(self.house.folder, [PLANTED], [self.photo, *self.stored]) + [
            f"broker: {trace}" for trace in found_in(bytes(self.monitor.heard), [PLANTED], [self.photo])
        ]


@pytest.fixture(scope="module")
def network() -> Iterator[Recording]:
    try:
        with sealed_network() as recording:
            yield recording
    except Unavailable as reason:
        pytest.skip(f"a network of its own cannot be made here: {reason}")


@pytest.fixture(scope="module")
def story(network: Recording, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    monkeypatch = pytest.MonkeyPatch()
    folder = tmp_path_factory.mktemp("house")
    (folder / "tmp").mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SKINGPT_")}
    ours = {
        "SKINGPT_DATA": str(folder / "var"),
        "SKINGPT_KEY_FILE": str(folder.with_name("home") / "key"),
        "SKINGPT_WORKER_SWEEP_SECONDS": "2",
        "SKINGPT_START_SECONDS": str(START_SECONDS),
        "TMPDIR": str(folder / "tmp"),
    }
    monkeypatch.setattr(whole_house, "START_SECONDS", START_SECONDS)
    house = WholeHouse(folder, {**kept, **{f"SKINGPT_{name}_PORT": "0" for name in PORTS}, **ours})
    try:
        house.start()
        broker = str(house.status()["environment"]["SKINGPT_BROKER_URL"])  # type: ignore[index]
        monitor = Monitor(int(broker.rsplit(":", 1)[1].split("/", maxsplit=1)[0]))
        yield _told(house, network, monitor)
        monitor.close()
    finally:
        house.stop()
        monkeypatch.undo()


def _told(house: WholeHouse, network: Recording, monitor: Monitor) -> Story:
    """A patient agrees, asks in words, sends a photo as photo and as file, asks on, and has it all exported."""
    photo = house.folder.with_name("phone") / f"{FILE}.jpg"
    photo.parent.mkdir()
    photo.write_bytes(photo_with_words(EXIF))
    patient = Patient.open(house.page, first_name=NAME)
    patient.start()
    patient.wait_for(_saying("SkinGPT"), timeout=PATIENCE)
    patient.press(texts.CONSENT_YES)
    patient.wait_for(_saying("send me a photo"), timeout=PATIENCE)
    asked = patient.say(f"I have a {QUESTION} and an itchy ring on my leg, is it contagious?")
    patient.wait_for(_is_answer, after=asked["message_id"], timeout=PATIENCE)
    for send in (patient.send_photo, patient.send_file):
        sent = send(photo, caption=f"my arm, {CAPTION}")
        patient.wait_for(_is_answer, after=sent[-1]["message_id"], timeout=PATIENCE)
    for words in (f"does {FOLLOW_UP} cream help?", f"my {FOLLOW_UP} had it too"):
        later = patient.say(words)
        patient.wait_for(_from_bot, after=later["message_id"], timeout=PATIENCE)
    exported = patient.say("/export")
    sent_back = patient.wait_for(lambda each: "document" in each, after=exported["message_id"], timeout=PATIENCE)
    archive = zipfile.ZipFile(io.BytesIO(patient.download(sent_back["document"]["file_id"])))
    stored = [archive.read(name) for name in archive.namelist() if name.startswith("photos/")]
    return Story(house, network, monitor, patient, photo.read_bytes(), stored, json.loads(archive.read("record.json")))


def _saying(words: str) -> Callable[[Json], bool]:
    return lambda message: words in message.get("text", "")


def _from_bot(message: Json) -> bool:
    return bool(message["from"]["is_bot"])


def _is_answer(message: Json) -> bool:
    return "Not helpful" in str(buttons(message))


def test_the_export_holds_everything_that_was_said_and_sent(story: Story) -> None:
    told = json.dumps(story.record)
    assert all(words in told for words in (QUESTION, CAPTION, FOLLOW_UP))
    assert len(story.stored) == 2
    assert all(photo.startswith(b"\xff\xd8") and EXIF.encode() not in photo for photo in story.stored)
    assert NAME not in told and FILE not in told, "neither name nor file name is kept"


def test_no_planted_word_or_photo_is_in_any_file_log_or_message(story: Story) -> None:
    names = {path.name for path in story.house.folder.rglob("*") if path.is_file()}
    looked_at = {
        "cases.db",
        "cases.db-wal",
        "memory.db",
        "knowledge.db",
        "playground.sqlite3",
        "running.json",
        "up.log",
    }
    assert looked_at | {"up.log"} <= names
    assert {"bot.log", "agent.log", "gpu.log"} <= names
    assert any("aof" in name for name in names) and any(name.startswith("chroma") for name in names)
    assert b"worker.examine" in story.monitor.heard, "the broker was listened to"
    assert story.traces() == []


def test_the_search_would_have_found_them(story: Story) -> None:
    left = story.house.folder / "tmp" / "left-behind"
    left.write_bytes(b"..." + story.stored[0][3000:5000])
    assert any("left-behind" in trace for trace in story.traces())
    left.write_text(json.dumps({"text": f"a {QUESTION}"}))
    assert any("left-behind" in trace for trace in story.traces())
    left.unlink()
    with closing(socket.create_connection(("127.0.0.1", story.monitor.port))) as broker:
        broker.sendall(f"ECHO {QUESTION}\r\n".encode())
        broker.recv(100)
    heard = len(story.monitor.heard)
    _until(lambda: any(trace.startswith("broker:") for trace in story.traces()))
    position = bytes(story.monitor.heard).find(QUESTION.encode())
    assert 0 <= position <= heard + 200
    story.monitor.heard[:] = bytes(story.monitor.heard).replace(QUESTION.encode(), b"")


def test_no_process_carries_a_secret_it_does_not_need_or_would_dump_its_memory(story: Story) -> None:
    key = next(iter((story.house.folder.with_name("home") / "key").read_text().split()))
    parts = story.house.status()["parts"]
    assert isinstance(parts, dict)
    seen = 0
    for name, part in parts.items():
        if not part["pid"]:
            continue
        process = Path(f"/proc/{part['pid']}")
        seen += 1
        assert key.encode() not in (process / "cmdline").read_bytes()
        environment = (process / "environ").read_bytes()
        assert key.encode() not in environment
        for secret, needed_by in SECRETS.items():
            assert name in needed_by or f"\0{secret}=".encode() not in environment
        core = next(line for line in (process / "limits").read_text().splitlines() if "core file" in line)
        assert core.split()[4:6] == ["0", "0"], f"{name}: {core}"
    assert seen >= 9


def test_only_its_owner_can_read_the_data(story: Story) -> None:
    assert story.data.stat().st_mode & 0o077 == 0
    open_to_others = [
        str(path.relative_to(story.data))
        for folder in ("redis", "chroma", "playground", "logs")
        for path in (story.data / folder).rglob("*")
        if path.stat().st_mode & 0o077
    ]
    assert open_to_others == []
    for name in ("cases.db", "memory.db", "running.json"):
        assert (story.data / name).stat().st_mode & 0o077 == 0, name


def test_after_forget_no_row_and_no_sealed_byte_is_left(story: Story) -> None:
    before = _sealed(story)
    # The checkpoints' own writes are pruned after each answer.
    assert {place for place, _ in before} >= {"cases", "photos", "turns", "checkpoints", "messages", "files"}
    asked = story.patient.say("/forget")
    story.patient.wait_for(_saying("Erase everything"), after=asked["message_id"], timeout=PATIENCE)
    story.patient.press(texts.FORGET_YES)
    last = story.patient.wait_for(_saying("is erased"), after=asked["message_id"], timeout=PATIENCE)

    assert story.patient.messages() == [last]
    rows = {name: count for name, count in _rows(story.data / "cases.db").items() if count}
    assert set(rows) <= {"key_check", "inbox", "forgotten", "chat_messages", "alembic_version"} | _NOT_OF_PATIENTS, rows
    assert rows["forgotten"] == 1
    with closing(sqlite3.connect(story.data / "cases.db")) as record:
        assert record.execute("SELECT count(*) FROM inbox WHERE payload IS NOT NULL").fetchone() == (0,)
    _until(lambda: _rows(story.data / "memory.db", "checkpoints", "writes") == {"checkpoints": 0, "writes": 0})

    pieces = {piece for _, value in before for piece in slices(value)}
    assert len(pieces) > 200
    _until(lambda: not _left(story, pieces))
    assert story.traces() == []


_NOT_OF_PATIENTS = {"heartbeats", "schema_support", "leases"}


def _left(story: Story, pieces: set[bytes]) -> list[str]:
    """Files in which a sealed piece of the patient's still is."""
    left = []
    for path in filter(Path.is_file, story.house.folder.rglob("*")):
        content = path.read_bytes()
        left += [str(path.relative_to(story.house.folder)) for piece in pieces if piece in content][:1]
    return left


def _sealed(story: Story) -> set[tuple[str, bytes]]:
    """Every sealed value of the only patient: in the record, the agent's memory and the playground."""
    queries = {
        "cases.db": {
            "cases": ("words", "history", "findings", "advice"),
            "photos": ("sealed",),
            "turns": ("sealed",),
            "inbox": ("payload",),
            "outbox": ("payload",),
        },
        "memory.db": {"checkpoints": ("checkpoint",), "writes": ("value",)},
        "playground/playground.sqlite3": {"messages": ("body",), "files": ("described",), "presses": ("answer",)},
    }
    found = set()
    for file, tables in queries.items():
        with closing(sqlite3.connect(story.data / file)) as database:
            for table, columns in tables.items():
                for row in database.execute(f"SELECT {', '.join(columns)} FROM {table}"):
                    found |= {(table, value) for value in row if value}
    files = filter(Path.is_file, (story.data / "playground" / "files").rglob("*"))
    return found | {("sealed files", path.read_bytes()) for path in files}


def _rows(file: Path, *tables: str) -> dict[str, int]:
    with closing(sqlite3.connect(file)) as database:
        names = tables or [
            name
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if not name.startswith("sqlite_")
        ]
        return {name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}


def _until(fact: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.5)


def test_nothing_tried_to_leave_the_machine(story: Story) -> None:
    assert story.network.packets == []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stray:
        stray.sendto(b"hello", ("192.0.2.1", 4321))
    _until(lambda: story.network.packets == ["udp to 192.0.2.1 port 4321"], 10)
    story.network.packets.clear()
