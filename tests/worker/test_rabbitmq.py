"""The queues on a real RabbitMQ: quorum, confirmed, in small bites, and nobody waits for a broker that is away.

Run: ``python -m tests.topology.servers pytest tests/worker/test_rabbitmq.py``
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kombu import Connection, pools

from tests.topology.servers import RabbitServer
from worker import enqueue
from worker.app import QUEUES, make_app
from worker.settings import WorkerSettings

RABBITMQ = os.environ.get("SKINGPT_TEST_RABBITMQ")
ROOT = Path(__file__).resolve().parents[2]
needs_rabbitmq = pytest.mark.skipif(
    RABBITMQ is None, reason="SKINGPT_TEST_RABBITMQ names no broker: see this file's top"
)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty broker that `enqueue` sends to."""
    assert RABBITMQ is not None
    monkeypatch.setenv("SKINGPT_BROKER_URL", RABBITMQ)
    app = make_app(WorkerSettings())
    monkeypatch.setattr(enqueue, "app", app)
    _delete_queues(RABBITMQ)
    yield RABBITMQ
    pools.reset()
    _delete_queues(RABBITMQ)


def _delete_queues(url: str) -> None:
    with Connection(url) as connection:
        for name in QUEUES:
            connection.default_channel.queue_delete(name)


def _waiting(url: str, queue: str) -> int:
    with Connection(url) as connection:
        return int(connection.default_channel.queue_declare(queue, passive=True).message_count)


@needs_rabbitmq
def test_a_message_stands_in_a_quorum_queue_and_outlives_its_sender(broker: str) -> None:
    assert enqueue.enqueue_examine("c" * 32)
    _until(lambda: _waiting(broker, "gpu") == 1)
    with Connection(broker) as connection:
        with pytest.raises(Exception, match="x-queue-type"):
            connection.default_channel.queue_declare("gpu", durable=True, auto_delete=False)
        message = connection.channel().basic_get("gpu")
        assert message is not None
        assert json.loads(message.body)[0] == ["c" * 32]
        assert message.properties["delivery_mode"] == 2


@needs_rabbitmq
def test_a_message_that_the_broker_refuses_is_not_taken_for_sent(broker: str) -> None:
    assert enqueue.enqueue_examine("c" * 32)
    assert not enqueue._send("worker.examine.examine", "c" * 100_000), "larger than the broker takes"
    assert enqueue.enqueue_examine("d" * 32), "the next one goes through on a fresh connection"
    _until(lambda: _waiting(broker, "gpu") == 2)


@needs_rabbitmq
def test_a_queue_that_was_deleted_is_noticed_and_made_again(broker: str) -> None:
    assert enqueue.enqueue_examine("c" * 32)
    _delete_queues(broker)
    assert not enqueue.enqueue_examine("d" * 32), "nobody holds this message"
    assert enqueue.enqueue_examine("d" * 32)
    _until(lambda: _waiting(broker, "gpu") == 1)


@needs_rabbitmq
def test_a_killed_worker_gives_its_task_back_and_declares_no_queue_too_many(broker: str, tmp_path: Path) -> None:
    """Two lives of a worker: the first is killed with the task in hand, the second gets it again."""
    plan = tmp_path / "plan.py"
    plan.write_text(
        "import pathlib, time\n"
        "from worker.app import make_app\n"
        "from worker.settings import WorkerSettings\n"
        "app = make_app(WorkerSettings())\n"
        "app.conf.include = []\n"
        "@app.task(name='worker.examine.examine')\n"
        "def examine(case_id):\n"
        f"    began = pathlib.Path({str(tmp_path)!r}, case_id + '.began')\n"
        "    first = not began.exists()\n"
        "    began.touch()\n"
        "    time.sleep(600 if first else 0)\n"
        f"    pathlib.Path({str(tmp_path)!r}, case_id + '.done').touch()\n"
    )
    assert enqueue.enqueue_examine("first")
    worker = _worker(tmp_path)
    try:
        _until((tmp_path / "first.began").exists)
        assert enqueue.enqueue_examine("second")
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        worker = _worker(tmp_path)
        _until((tmp_path / "first.done").exists)
        _until((tmp_path / "second.began").exists)
        with Connection(broker) as connection:
            exchange = connection.default_channel
            with pytest.raises(Exception, match="NOT_FOUND"):
                exchange.exchange_declare("celery_delayed_27", "topic", passive=True)
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


def _worker(folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            (sys.executable, "-m", "celery", "-A", "plan:app", "worker", "-Q", "gpu", "-c", "1", "-l", "INFO"),
            cwd=folder,
            env={**os.environ, "PYTHONPATH": f"{folder}:{ROOT}"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _until(fact: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not fact():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.2)


@pytest.mark.parametrize("kind", ["closed", "silent"])
def test_nobody_waits_long_for_a_broker_that_is_away(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if kind == "silent":  # takes connections and never says a word
            listener.listen(50)
        url = f"amqp://u:w@127.0.0.1:{listener.getsockname()[1]}//"
        app = make_app(WorkerSettings(broker_url=url))
        monkeypatch.setattr(enqueue, "app", app)
        began = time.monotonic()
        assert not enqueue.enqueue_examine("c" * 32)
        assert time.monotonic() - began < 60  # not a speed: without a limit it would be for ever
        pools.reset()


@pytest.mark.slow
@needs_rabbitmq
def test_a_full_broker_blocks_nobody_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    server = RabbitServer()
    try:
        server.start()
        app = make_app(WorkerSettings(broker_url=server.url))
        monkeypatch.setattr(enqueue, "app", app)
        assert enqueue.enqueue_examine("c" * 32)
        server.control("set_vm_memory_high_watermark", "0.0000001")
        _until(lambda: not enqueue.enqueue_examine("d" * 32))
        server.control("set_vm_memory_high_watermark", "0.6")
        _until(lambda: enqueue.enqueue_examine("e" * 32))
        pools.reset()
    finally:
        server.remove()
