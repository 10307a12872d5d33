"""Putting work on the queues. Never raises when the broker is down: the case is stored already and the sweep
finds it.

With the broker down or full a call may block for seconds: code in an event loop calls these in a thread.
"""

import logging

from kombu.exceptions import ChannelError

from worker import metrics
from worker.app import app

_log = logging.getLogger(__name__)


_SEND_SECONDS = 5
"""Longest wait for a connection of the pool, for the message to be taken, and for the broker to confirm it."""


def _send(task: str, *arguments: str | int) -> bool:
    try:
        with app.producer_pool.acquire(block=True, timeout=_SEND_SECONDS) as producer:
            try:
                # By name, so that whoever enqueues (the bot, the clinic) need not import the agent.
                app.send_task(
                    task,
                    args=list(arguments),
                    producer=producer,
                    mandatory=True,  # RabbitMQ confirms a message for a queue that somebody deleted, and drops it
                    timeout=_SEND_SECONDS,
                    confirm_timeout=_SEND_SECONDS,
                )
            except BaseException:
                # A confirmation that comes late must not count for the next message on this connection, and a queue
                # that is gone is declared again on the next one.
                producer.connection.collect()
                raise
    except Exception as error:  # each transport has its own; the full disk of a broker is none of those it promises
        _log.warning(
            "%s(%s) not queued, the sweep will: %s",
            task,
            ", ".join(map(str, arguments)),
            type(error).__name__,
        )
        metrics.ENQUEUE_FAILURES.inc()
        return False
    _log.info("%s(%s) queued", task, ", ".join(map(str, arguments)))
    return True


def is_empty(queue: str) -> bool:
    """Whether nothing waits in this queue, also because the broker has lost it. False: the broker is down."""
    try:
        with app.connection_for_read() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0.2)
            return int(connection.channel().queue_declare(queue, passive=True).message_count) == 0
    except ChannelError:
        return True
    except Exception as error:
        _log.warning("queue %s not seen: %s", queue, type(error).__name__)
        return False


def enqueue_examine(case_id: str) -> bool:
    """Have the model look at the photos of a case. False: the broker is down and the sweep will queue it."""
    return _send("worker.examine.examine", case_id)


def enqueue_explain(case_id: str) -> bool:
    """Have the model show what it looked at. False: the broker is down; nobody asks again but the patient."""
    return _send("worker.explain.explain", case_id)


def enqueue_advise(case_id: str) -> bool:
    """Have the agent write, or rewrite, the advice of a case. False: the broker is down and the sweep will
    queue it.
    """
    return _send("worker.advise.advise", case_id)


def enqueue_reply(turn_id: int) -> bool:
    """Have the agent answer a patient's words. False: the broker is down and the sweep will queue it."""
    return _send("worker.advise.reply", turn_id)


def enqueue_read(number: int) -> bool:
    """Have a submission to the guideline library read. False: the broker is down and the sweep will queue it."""
    return _send("worker.ingest.read_submission", number)


def enqueue_publish_due() -> bool:
    """Have the submissions published whose day has come. False: the broker is down; the hourly upkeep asks again."""
    return _send("worker.ingest.publish_due")


def enqueue_remind() -> bool:
    """Have dermatologists reminded of reviews that are due. False: the broker is down; the hourly upkeep asks again."""
    return _send("worker.reminding.remind")


def enqueue_forget(case_id: str) -> bool:
    """Have the agent's memory of an erased case erased too. False: the broker is down; the hourly upkeep does it."""
    return _send("worker.forget.forget", case_id)


def enqueue_forget_erased() -> bool:
    """Have the agent's memory of all erased cases erased. False: the broker is down; the sweep asks again."""
    return _send("worker.forget.forget_erased")
