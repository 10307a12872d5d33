"""How the queue is set up, and what enqueueing does when nobody is there."""

import json
import logging

import pytest
from kombu import Connection

from worker import enqueue
from worker.app import QUEUES, ROUTES, make_app
from worker.settings import WorkerSettings


def test_a_task_outlives_its_worker_on_redis() -> None:
    app = make_app(WorkerSettings(broker_url="redis://127.0.0.1:1/0", worker_task_seconds=100))
    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.result_backend is None
    assert not app.conf.worker_send_task_events
    options = app.conf.broker_transport_options
    assert app.conf.task_time_limit < options["visibility_timeout"] <= 200
    assert options["unacked_restore_interval"] == options["unacked_restore_throttle"] == 1
    assert {queue.name for queue in app.conf.task_queues} == set(QUEUES)


def test_rabbitmq_gets_quorum_queues() -> None:
    app = make_app(WorkerSettings(broker_url="amqp://127.0.0.1:1//"))
    assert all(queue.queue_arguments == {"x-queue-type": "quorum"} for queue in app.conf.task_queues)


def test_every_route_names_a_task_that_exists() -> None:
    app = make_app(WorkerSettings(broker_url="memory://"))
    app.loader.import_default_modules()
    from worker.app import app as real

    real.loader.import_default_modules()
    assert set(ROUTES) <= set(real.tasks)
    assert {name for name in real.tasks if name.startswith("worker.")} == set(ROUTES)


def test_a_message_holds_an_id_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app(WorkerSettings(broker_url="memory://"))
    monkeypatch.setattr(enqueue, "app", app)
    assert enqueue.enqueue_examine("c" * 32)
    assert enqueue.enqueue_reply(42)
    with Connection("memory://") as connection:
        for queue, argument in (("gpu", "c" * 32), ("agent", 42)):
            message = connection.SimpleQueue(queue).get(block=False)
            assert json.loads(message.body)[0] == [argument]


def test_a_broker_that_is_down_is_no_error(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(enqueue, "app", make_app(WorkerSettings(broker_url="redis://127.0.0.1:9/0")))
    with caplog.at_level(logging.WARNING):
        assert not enqueue.enqueue_examine("a1b2")
    assert "a1b2" in caplog.text, "the id is logged"


def test_a_broker_that_refuses_for_a_while_is_come_back_to() -> None:
    """Redis with a full disk: an error of the channel, which Celery by itself takes for the end."""
    assert make_app(WorkerSettings()).conf.broker_channel_error_retry
