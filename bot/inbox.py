"""Updates are written down before Telegram is told that they came.

`telegram.ext.Updater` confirms a batch of updates with its next ``getUpdates``, after it has put them all on
the queue. So a queue whose `put` writes to the database first loses none: what a killed bot did not finish is
replayed at the next start.
"""

import asyncio
import json
import logging
from collections.abc import Sequence

from telegram import Bot, Update
from telegram.error import NetworkError

from bot import metrics
from cases import inbox, outbox
from cases.database import CaseDatabase
from cases.errors import CasesError

_log = logging.getLogger(__name__)


class InboxQueue(asyncio.Queue[object]):
    """The application's update queue. Updates seen before are dropped; what is no update passes through."""

    def __init__(self, db: CaseDatabase) -> None:
        """A queue that writes to `db`."""
        super().__init__()
        self._db = db
        self._replayed: set[int] = set()

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

    async def hand_on(self, update: Update) -> None:
        """Hand on an update that is written down."""
        await super().put(update)

    def cut_off(self, update_ids: Sequence[int]) -> None:
        """A crash cut these updates off: `begin_again` counts it."""
        self._replayed.update(update_ids)

    async def replay(self, bot: Bot) -> int:
        """Hand on again what was written down and not finished; how many there were."""
        pending = await asyncio.to_thread(inbox.pending, self._db)
        replayed = 0
        for update_id, payload in pending:
            update = Update.de_json(json.loads(payload), bot)
            self._replayed.add(update_id)
            await super().put(update)
            replayed += 1
            _log.info("update %d replayed", update_id)
        return replayed

    def begin_again(self, db: CaseDatabase, update: Update) -> int:
        """Before an update is dealt with: how often a crash has cut it off, as far as is known."""
        if update.update_id not in self._replayed:
            return 0
        self._replayed.discard(update.update_id)
        return inbox.begin_again(db, update.update_id)

    @staticmethod
    def finish(db: CaseDatabase, chat_id: int, update_ids: Sequence[int]) -> None:
        """Forget these updates of a chat: they are dealt with. Who writes has not blocked the bot: what it could not be
        told is due now.
        """
        inbox.done(db, *update_ids)
        revived = outbox.revive(db, chat_id)
        if revived:
            _log.info("%d answers that a block held up are due", revived)
