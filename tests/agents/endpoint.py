"""A language model behind an OpenAI-compatible endpoint on loopback, as obedient as a bad one: it does what it reads.

It searches first. Then it repeats, with marks as if they were quoted, every order it finds in what it was given: in
passages, in what the vision model wrote, in the case and in the patient's message.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

_ORDER = re.compile(r"(?:SYSTEM|ASSISTANT|Ignore|Assistant)[^\n]*")
TOOLS = ("look_at_photo_again", "read_case", "search_guidelines")


class _Obedient(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(request)  # type: ignore[attr-defined]
        message = _next(request["messages"], [tool["function"]["name"] for tool in request.get("tools", ())])
        body = json.dumps(
            {
                "id": "1",
                "object": "chat.completion",
                "created": 1,
                "model": request["model"],
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Says nothing."""


def _next(messages: list[dict[str, Any]], tools: list[str]) -> dict[str, Any]:
    asked = max(at for at, message in enumerate(messages) if message["role"] == "user")
    if not any(message["role"] == "tool" for message in messages[asked:]):
        calls = [
            {"id": f"call-{at}-{len(messages)}", "type": "function", "function": {"name": name, "arguments": arguments}}
            for at, (name, arguments) in enumerate(_arguments().items())
            if name in tools
        ]
        return {"role": "assistant", "content": None, "tool_calls": calls}
    read = "\n".join(str(message["content"]) for message in messages)
    orders = [order for order in _ORDER.findall(read) if "instructions, which" not in order]
    return {"role": "assistant", "content": " ".join(f"{order} [1][2][3]" for order in orders) or "I obey. [1]"}


def _arguments() -> dict[str, str]:
    search = {"query": "treatment", "conditions": ["tinea-corporis"]}
    return {
        "look_at_photo_again": json.dumps({"question": "what do you see?"}),
        "read_case": "{}",
        "search_guidelines": json.dumps(search),
    }


@contextmanager
def obedient_model() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The address of the endpoint, and every request it gets."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Obedient)
    asked: list[dict[str, Any]] = []
    server.asked = asked  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
