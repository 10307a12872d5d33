"""A small real HTTP server that answers like TGI, or as wrongly as a test wants."""

import json
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from conditions import CHOICE_QUESTION, CHOICES

Answer = tuple[int, dict[str, str], bytes]


def token(text: str, probability: float, number: int = 7) -> dict[str, Any]:
    return {"id": number, "text": text, "logprob": math.log(probability), "special": False}


def choice_answer(probabilities: dict[str, float], domain: str = "phone") -> dict[str, Any]:
    ranked = sorted(probabilities.items(), key=lambda item: -item[1])
    best = token(f"<{ranked[0][0]}>", ranked[0][1])
    return {
        "generated_text": f"<{domain}><{ranked[0][0]}>",
        "details": {
            "finish_reason": "length",
            "generated_tokens": 2,
            "seed": None,
            "prefill": [],
            "tokens": [token(f"<{domain}>", 0.99), best],
            "top_tokens": [
                [token(f"<{domain}>", 0.99)],
                [token(f"<{slug}>", p) for slug, p in ranked],
            ],
        },
    }


def prose_answer(text: str) -> dict[str, Any]:
    details = {"finish_reason": "stop_sequence", "generated_tokens": 9, "seed": None, "prefill": [], "tokens": []}
    return {"generated_text": text, "details": details}


def ok(body: dict[str, Any]) -> Answer:
    return 200, {}, json.dumps(body).encode()


def error(status: int, kind: str, headers: dict[str, str] | None = None) -> Answer:
    return status, headers or {}, json.dumps({"error": "no", "error_type": kind}).encode()


class StubModel:
    """`answers`: called with each request's JSON; the default is a confident mole, described in two sentences."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: Callable[[dict[str, Any]], Answer] = self.usual
        self.choice = choice_answer({slug: 0.9 if slug == "melanocytic-naevus" else 0.01 for slug in CHOICES})
        self.url = ""

    def usual(self, request: dict[str, Any]) -> Answer:
        if CHOICE_QUESTION in request["inputs"]:
            return ok(self.choice)
        return ok(prose_answer("A round brown spot. About 4.5 mm wide and even### junk"))


@contextmanager
def stub_model() -> Iterator[StubModel]:
    stub = StubModel()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            stub.requests.append({**json.loads(body), "path": self.path, "size": len(body)})
            stub.headers.append({key.lower(): value for key, value in self.headers.items()})
            self._reply(*stub.answers(stub.requests[-1]))

        def do_GET(self) -> None:
            self._reply(200, {}, b'{"model_id": "stub-1"}')

        def _reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    stub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
