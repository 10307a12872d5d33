"""The bot's queue of updates, and getUpdates (https://core.telegram.org/bots/api#getupdates)."""

from __future__ import annotations

import asyncio
import time

from local.playground.errors import Conflict
from local.playground.events import Events
from local.playground.parameters import Parameters
from local.playground.store import Store
from local.playground.wire import KINDS_ONLY_ON_REQUEST, Json

LIMIT = 100
LONGEST_POLL_SECONDS = 50
_ALLOWED = "allowed_updates"


class Updates:
    """Queues updates in the store and wakes whoever waits for them."""

    def __init__(self, store: Store, events: Events) -> None:
        self._store = store
        self._events = events
        self._changed = asyncio.Event()
        self._poll = 0
        self._closed = False

    def envelope(self, kind: str, body: Json) -> Json | None:
        """The update to store, or None where the bot did not ask for updates of this kind."""
        chosen = (self._store.profile(_ALLOWED) or {}).get("kinds")
        wanted = kind in chosen if chosen else kind not in KINDS_ONLY_ON_REQUEST
        return {kind: body} if wanted else None

    def allow(self, parameters: Parameters) -> None:
        """Remember `allowed_updates` where it is given; an empty list means the default."""
        chosen = parameters.sequence("allowed_updates")
        if chosen is not None and {"kinds": chosen} != self._store.profile(_ALLOWED):
            self._store.set_profile(_ALLOWED, {"kinds": chosen})

    def allowed(self) -> list[str]:
        """The kinds asked for by name; empty for the default."""
        return list((self._store.profile(_ALLOWED) or {}).get("kinds", []))

    def wake(self) -> None:
        """Tell everyone who waits that something changed."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def change(self, timeout: float | None = None) -> None:
        """Wait until something changes, or `timeout` seconds."""
        try:
            await asyncio.wait_for(self._changed.wait(), timeout)
        except TimeoutError:
            return

    def close(self) -> None:
        """Let waiting polls return at once."""
        self._closed = True
        self.wake()

    def confirm(self, *, below: int | None = None, exactly: int | None = None) -> None:
        """Forget updates the bot has received, and show their messages as read."""
        for chat_id, message_id in self._store.confirm(below=below, exactly=exactly):
            self._events.publish(chat_id, "read", {"message_id": message_id})

    async def get(self, parameters: Parameters) -> list[Json]:
        """getUpdates: `offset` confirms what lies below it; waits up to `timeout` seconds for an update.

        Raises:
            Conflict: a webhook is set, or another getUpdates call took over.
        """
        if self._store.profile("webhook"):
            raise Conflict(
                "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            )
        self.allow(parameters)
        self._confirm_by_offset(parameters.integer("offset", 0) or 0)
        limit = min(max(parameters.integer("limit", LIMIT) or LIMIT, 1), LIMIT)
        timeout = min(max(parameters.integer("timeout", 0) or 0, 0), LONGEST_POLL_SECONDS)
        self._poll += 1
        mine = self._poll
        self.wake()
        deadline = time.monotonic() + timeout
        while True:
            waiting = self._store.pending(limit=limit)
            left = deadline - time.monotonic()
            if waiting or left <= 0 or self._closed:
                return [update.as_json() for update in waiting]
            await self.change(left)
            if mine != self._poll:
                raise Conflict(
                    "terminated by other getUpdates request; make sure that only one bot instance is running"
                )

    def _confirm_by_offset(self, offset: int) -> None:
        if offset > 0:
            self.confirm(below=offset)
        elif offset < 0 and (newest := self._store.newest_update_ids(-offset)):
            self.confirm(below=newest[0])
