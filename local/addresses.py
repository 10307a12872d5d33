"""Where each part listens on this machine: the wished-for port, or a free one where that is taken."""

import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from local.settings import LocalSettings

HOST = "127.0.0.1"
SUPERVISOR = "supervisor"
MEASURED = ("bot", "gpu", "agent", "library", "sweep", "clinic", "playground", SUPERVISOR)
"""Who shows metrics on a port of its own, in the order of the ports; the embedder and the model do so on theirs."""


@dataclass(frozen=True, slots=True)
class Ports:
    """One loopback port per server."""

    playground: int
    clinic: int
    chroma: int
    embedder: int
    model: int
    broker: int
    metrics: Mapping[str, int] = field(default_factory=dict)
    """Where each part that has no other port for it shows its metrics."""

    @classmethod
    def choose(cls, settings: LocalSettings) -> Self:
        """The ports in the settings where they are free, any free ones otherwise."""
        wished = (
            settings.playground_port,
            settings.clinic_port,
            settings.chroma_port,
            settings.embedder_port,
            settings.model_port,
            settings.broker_port,
        )
        first = settings.metrics_port
        measured = [first + index if first else 0 for index in range(len(MEASURED))]
        ports = free_ports([*wished, *measured])
        metrics = dict(zip(MEASURED, ports[len(wished) :], strict=True))
        return cls(*ports[: len(wished)], metrics)  # type: ignore[arg-type, call-arg]

    def of(self, part: str) -> int:
        """The port of the part with this name."""
        port: int = getattr(self, part)
        return port

    def url(self, part: str) -> str:
        """The HTTP address of the part with this name."""
        return f"http://{HOST}:{self.of(part)}"


def free_ports(wished: Iterable[int]) -> list[int]:
    """As many different free ports as wishes; a wish is granted where its port is free (0: any)."""
    held: list[socket.socket] = []
    try:
        for port in wished:
            held.append(_bound(port) or _bound(0) or _none_left())
        return [listener.getsockname()[1] for listener in held]
    finally:
        for listener in held:
            listener.close()


def _bound(port: int) -> socket.socket | None:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # As the servers do: a port whose last connections are only lingering counts as free.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        # SO_REUSEADDR lets two bound sockets share a port; only listening proves that it is ours.
        listener.listen(1)
    except OSError:
        listener.close()
        return None
    return listener


def _none_left() -> socket.socket:
    raise OSError("no free port is left on 127.0.0.1")
