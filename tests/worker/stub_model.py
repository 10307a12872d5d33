"""A small real HTTP server that answers like TGI, or as wrongly as a test wants.

Run: ``python -m tests.worker.stub_model PORT`` for one as a process of its own, to be killed; ``POST /fault`` with
``{"kind": "busy"}`` (see `FAULTS`) lets it fail until ``{"kind": null}``.
"""

import base64
import io
import json
import math
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from PIL import Image

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


OVERLAY_SIZE = (400, 300)


def explain_answer() -> dict[str, Any]:
    """What the model server's ``/explain`` gives; TGI has no such route."""
    content = io.BytesIO()
    Image.new("RGB", OVERLAY_SIZE, "orange").save(content, "JPEG")
    address = f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode('ascii')}"
    return {"choice": "melanocytic-naevus", "heat": [[0.0, 1.0]], "overlay": address}


def ok(body: dict[str, Any]) -> Answer:
    return 200, {}, json.dumps(body).encode()


def error(status: int, kind: str, headers: dict[str, str] | None = None) -> Answer:
    return status, headers or {}, json.dumps({"error": "no", "error_type": kind}).encode()


FAULTS: dict[str, Answer] = {
    "busy": error(429, "overloaded"),
    "unhealthy": error(503, "unhealthy"),
    "failing": error(500, "generation"),
    "nonsense": ok({"hello": "world"}),
}


class StubModel:
    """`answers`: called with each request's JSON; the default is a confident mole, described in two sentences.
    `explains`: whether there is a route ``/explain``, as in our model server and not in TGI.
    """

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: Callable[[dict[str, Any]], Answer] = self.usual
        self.choice = choice_answer({slug: 0.9 if slug == "melanocytic-naevus" else 0.01 for slug in CHOICES})
        self.url = ""
        self.fault: str | None = None
        self.explains = False

    def usual(self, request: dict[str, Any]) -> Answer:
        if self.fault == "slow":
            time.sleep(SLOW_SECONDS)
        elif self.fault:
            return FAULTS[self.fault]
        if request["path"] == "/explain":
            return ok(explain_answer()) if self.explains else error(404, "not_found")
        if CHOICE_QUESTION in request["inputs"]:
            return ok(self.choice)
        return ok(prose_answer("A round brown spot. About 4.5 mm wide and even### junk"))


SLOW_SECONDS = 5.0


@contextmanager
def stub_model(port: int = 0) -> Iterator[StubModel]:
    stub = StubModel()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path == "/fault":
                stub.fault = json.loads(body)["kind"]
                self._reply(200, {}, b"{}")
                return
            stub.requests.append({**json.loads(body), "path": self.path, "size": len(body)})
            stub.headers.append({key.lower(): value for key, value in self.headers.items()})
            self._reply(*stub.answers(stub.requests[-1]))

        def do_GET(self) -> None:
            if self.path == "/explain":
                self._reply(405 if stub.explains else 404, {}, b"")
                return
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

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    stub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    with stub_model(int(sys.argv[1])) as served:
        print(f"The stub of the model is ready at {served.url}", flush=True)
        threading.Event().wait()
