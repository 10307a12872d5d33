"""Celery's consumer without native delayed delivery.

With quorum queues Celery would declare 28 queues and as many exchanges at each start, for tasks with a countdown. No
task here has one: what is to be done later is found by the sweep.
"""

from typing import ClassVar

from celery.worker.consumer import Consumer as CeleryConsumer


class Consumer(CeleryConsumer):
    """What `worker_consumer` names in `worker.app`."""

    class Blueprint(CeleryConsumer.Blueprint):
        default_steps: ClassVar[list[str]] = [
            step for step in CeleryConsumer.Blueprint.default_steps if "delayed_delivery" not in step
        ]
