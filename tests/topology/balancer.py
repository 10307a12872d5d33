"""What stands before several bots: hands each connection to the next one that is there."""

import socket
import socketserver
import threading
from collections.abc import Sequence
from itertools import count

from local.addresses import HOST


class Balancer(socketserver.ThreadingTCPServer):
    """Round robin over TCP, on a free port of this machine."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, backends: Sequence[int]) -> None:
        super().__init__((HOST, 0), _Connection)
        self._backends = backends
        self._turn = count()
        self.port: int = self.server_address[1]
        self.taken: dict[int, int] = dict.fromkeys(backends, 0)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def connect(self) -> socket.socket | None:
        """A connection to the next bot that listens."""
        for _ in self._backends:
            port = self._backends[next(self._turn) % len(self._backends)]
            try:
                connection = socket.create_connection((HOST, port), timeout=5)
            except OSError:
                continue
            self.taken[port] += 1
            return connection
        return None


class _Connection(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Balancer)
        bot = self.server.connect()
        if bot is None:
            return
        bot.settimeout(None)
        with bot:
            answering = threading.Thread(target=_pump, args=(bot, self.request), daemon=True)
            answering.start()
            _pump(self.request, bot)
            answering.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue
