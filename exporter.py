"""Prometheus metrics of a process on a port of its own: `GET /metrics`.

    SKINGPT_METRICS_PORT=9464 SKINGPT_METRICS_HOST=0.0.0.0    (no port: none is opened; loopback unless told otherwise)

Each room defines its metrics in a `metrics.py`; every process that counts something calls `export` once it has forked.
The port is served by a thread of its own, and a port that is taken is tried again until it is free: whatever goes wrong
here, the process goes on. Labels hold words of fixed lists, never an id.
"""

import logging
import threading

from prometheus_client import start_http_server
from pydantic import Field

from room_settings import RoomSettings

_log = logging.getLogger(__name__)

_AGAIN_SECONDS = 5.0


class ExporterSettings(RoomSettings):
    """Where this process shows its metrics: `SKINGPT_METRICS_PORT`, `SKINGPT_METRICS_HOST`."""

    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    metrics_host: str = "127.0.0.1"


def export(offset: int = 0) -> None:
    """Serve the metrics of this process in the background; `offset` is added to the port (the place in a pool)."""
    settings = ExporterSettings()
    if settings.metrics_port:
        serve(settings.metrics_host, settings.metrics_port + offset)


def serve(host: str, port: int) -> None:
    """Serve the metrics of this process at `host` and `port`, in the background."""
    threading.Thread(target=_serve, args=(host, port), name="metrics", daemon=True).start()


def _serve(host: str, port: int) -> None:
    pause = threading.Event()
    while True:
        try:
            start_http_server(port, addr=host)
            return
        except OSError as error:  # the process before this one may still be ending
            _log.warning("metrics port %d cannot be opened (%s), again in 5 s", port, type(error).__name__)
            pause.wait(_AGAIN_SECONDS)
