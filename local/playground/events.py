"""Live events for open chat pages: each page that listens has a queue."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator

from local.playground.wire import Json

KEEP_ALIVE_SECONDS = 15.0


class Events:
    """Hands what happens in a chat to every page that listens to it."""

    def __init__(self) -> None:
        self._listeners: dict[int, set[asyncio.Queue[tuple[str, Json] | None]]] = defaultdict(set)

    def publish(self, chat_id: int, kind: str, body: Json) -> None:
        """Tell the listeners of a chat; with none, nothing happens."""
        for queue in self._listeners.get(chat_id, ()):
            queue.put_nowait((kind, body))

    def publish_everywhere(self, kind: str, body: Json) -> None:
        """Tell the listeners of all chats."""
        for chat_id in list(self._listeners):
            self.publish(chat_id, kind, body)

    async def stream(self, chat_id: int) -> AsyncIterator[str]:
        """The chat's events as Server-Sent Events, until `close`; starts with a `hello`."""
        queue: asyncio.Queue[tuple[str, Json] | None] = asyncio.Queue()
        self._listeners[chat_id].add(queue)
        try:
            yield "event: hello\ndata: {}\n\n"
            while True:
                try:
                    event = await asyncio.wait_for(queue.get(), KEEP_ALIVE_SECONDS)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                if event is None:
                    return
                yield f"event: {event[0]}\ndata: {json.dumps(event[1])}\n\n"
        finally:
            self._listeners[chat_id].discard(queue)
            if not self._listeners[chat_id]:
                del self._listeners[chat_id]

    def close(self, chat_id: int | None = None) -> None:
        """End the streams of one chat, or all of them."""
        for listener in [chat_id] if chat_id is not None else list(self._listeners):
            for queue in self._listeners.get(listener, ()):
                queue.put_nowait(None)
