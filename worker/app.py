"""The Celery app: three queues, nothing but ids in a message, no result backend.

Run: ``celery -A worker.app worker -Q gpu -c 1`` (likewise ``-Q agent``, ``-Q library``).

A message may come twice or never: tasks can be run twice without harm, and `worker.sweep` re-queues what was
lost. Results live in the case, so nothing is stored by Celery.
"""

import os
from typing import Any
from urllib.parse import urlsplit

from celery import Celery
from celery.signals import worker_process_init
from kombu import Queue

from worker import observing
from worker.orphans import die_with_parent
from worker.settings import WorkerSettings

QUEUES = ("gpu", "agent", "library")

ROUTES = {
    "worker.examine.examine": {"queue": "gpu"},
    "worker.explain.explain": {"queue": "gpu"},
    "worker.advise.advise": {"queue": "agent"},
    "worker.advise.reply": {"queue": "agent"},
    "worker.forget.forget": {"queue": "agent"},
    "worker.forget.forget_erased": {"queue": "agent"},
    "worker.ingest.read_submission": {"queue": "library"},
    "worker.ingest.publish_due": {"queue": "library"},
    "worker.reminding.remind": {"queue": "library"},
}

_LIBRARY_NICENESS = 10
"""Whoever reads documents, and the readers it starts, give way to whoever answers patients on the same machine."""
_MARGIN_SECONDS = 30
"""A task is redelivered this long after its time limit: never while it may still run."""


def _broker_options(scheme: str, task_seconds: int) -> dict[str, Any]:
    """Transport options. Redis: kombu's `transport/redis.py` redelivers an unacknowledged message only when
    its visibility timeout is over and every `interval x throttle` seconds; RabbitMQ: a message counts as sent
    when the broker has confirmed that it is written.
    """
    if scheme.startswith(("redis", "sentinel")):
        return {
            "visibility_timeout": task_seconds + _MARGIN_SECONDS,
            "unacked_restore_interval": 1,
            "unacked_restore_throttle": 1,
            "socket_connect_timeout": 3,
        }
    if scheme.startswith(("amqp", "pyamqp")):
        return {"confirm_publish": True}
    return {}


def make_app(settings: WorkerSettings) -> Celery:
    """The app for `settings`; connects to nothing yet."""
    scheme = urlsplit(settings.broker_url).scheme
    quorum = scheme.startswith(("amqp", "pyamqp"))
    arguments = {"x-queue-type": "quorum"} if quorum else None
    app = Celery(
        "worker",
        broker=settings.broker_url,
        include=[
            "worker.examine",
            "worker.explain",
            "worker.advise",
            "worker.forget",
            "worker.ingest",
            "worker.reminding",
        ],
    )
    app.conf.update(
        task_queues=[Queue(name, routing_key=name, queue_arguments=arguments) for name in QUEUES],
        task_default_queue="agent",
        task_default_queue_type="quorum" if quorum else "classic",
        task_routes=ROUTES,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_time_limit=settings.worker_task_seconds,
        task_soft_time_limit=settings.worker_task_seconds - 10,
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0.2},
        task_send_sent_event=False,
        worker_send_task_events=False,
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        # A Redis whose disk is full answers with an error that is none of the connection: without this a worker stops
        # consuming for ever, and lives on.
        broker_channel_error_retry=True,
        broker_connection_timeout=3,
        broker_heartbeat=30,
        # RabbitMQ 4 discourages queues that are neither durable nor one connection's own; and a connection's own would
        # be locked for a worker that comes back before the broker has noticed that its connection broke.
        control_queue_durable=True,
        control_queue_exclusive=False,
        worker_consumer="worker.consumer:Consumer",
        broker_transport_options=_broker_options(scheme, settings.worker_task_seconds),
        enable_utc=True,
    )
    return app


@worker_process_init.connect
def _tie_child_to_parent(**_: object) -> None:
    die_with_parent()
    if observing.part() == "library":
        os.nice(_LIBRARY_NICENESS)


app = make_app(WorkerSettings())
