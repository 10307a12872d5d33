"""Updates are written down before Telegram is told that they came.

`telegram.ext.Updater` confirms a batch of updates with its next ``getUpdates``, after it has put them all on
the queue. So a queue whose `put` writes to the database first loses none: what a killed bot did not finish is
replayed at the next start.
"""

import asyncio
import json
import logging

from telegram import Bot, Update
from telegram.error import NetworkError

from bot import metrics
from cases import inbox
from cases.database import CaseDatabase
from cases.errors import CasesError

_log = logging.getLogger(__name__)


class InboxQueue(asyncio.Queue[object]):
    """The application's update queue. Updates seen before are dropped; what is no update passes through."""

    def __init__(self, db: CaseDatabase) -> None:
        """A queue that writes to `db`."""
        super().__init__()
        self._db = db

    async def put(self, item: object) -> None:
        """Write the update down, then hand it on.

        Raises:
            NetworkError: it could not be written down; the updater then fetches it again.
        """
        if isinstance(item, Update):
            payload = item.to_json().encode()
            try:
                new = await asyncio.to_thread(inbox.receive, self._db, item.update_id, payload)
            except CasesError as error:
                raise NetworkError(f"update {item.update_id} not written down: {type(error).__name__}") from None
            if not new:
                return
            metrics.RECEIVED.labels(metrics.update_kind(item)).inc()
        await super().put(item)

    async def replay(self, bot: Bot) -> int:
        """Hand on again what was written down and not finished; how many there were."""
        pending = await asyncio.to_thread(inbox.pending, self._db)
        replayed = 0
        for update_id, payload in pending:
            update = Update.de_json(json.loads(payload), bot)
            await super().put(update)
            replayed += 1
            _log.info("update %d replayed", update_id)
        return replayed

    async def finish(self, update: Update) -> None:
        """Forget the update: it is dealt with."""
        await asyncio.to_thread(inbox.done, self._db, update.update_id)
