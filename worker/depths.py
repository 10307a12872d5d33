"""How many messages stand in each queue of the broker, Redis or RabbitMQ."""

from kombu import Connection
from kombu.exceptions import ChannelError

from worker.app import QUEUES

_CONNECT_SECONDS = 3


def queue_depths(broker_url: str) -> dict[str, int]:
    """Messages that no worker has taken, by queue; 0 for a queue that nobody has used yet.

    Raises:
        OperationalError, OSError: the broker cannot be reached.
    """
    with Connection(broker_url, connect_timeout=_CONNECT_SECONDS) as connection:
        connection.ensure_connection(max_retries=1, interval_start=0.2, timeout=_CONNECT_SECONDS)
        return {queue: _depth(connection, queue) for queue in QUEUES}


def _depth(connection: Connection, queue: str) -> int:
    # A channel each: RabbitMQ closes the one on which a queue was asked for that is not there.
    with connection.channel() as channel:
        try:
            return int(channel.queue_declare(queue, passive=True).message_count)
        except (ChannelError, *connection.channel_errors):
            return 0
