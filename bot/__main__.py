"""Start the bot.

Run: ``python -m bot``; it talks to the playground, or to Telegram where ``SKINGPT_TELEGRAM_TOKEN`` is set.
"""

import asyncio
import logging
import signal
import sys
from functools import partial

from bot import metrics
from bot.application import running
from bot.errors import BotError, TokenRefused
from bot.guidelines.desk import Desk, open_with
from bot.settings import BotSettings
from cases.database import CaseDatabase, open_cases
from cases.errors import CasesError
from cases.heartbeat import keep_beating
from cases.settings import CasesSettings
from exporter import export
from knowledge.settings import KnowledgeSettings
from logs import start_logging

_ROUND_SECONDS = 5.0

_log = logging.getLogger(__name__)


async def _run(settings: BotSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    db = open_cases(CasesSettings())
    keep_beating(lambda: db, "bot")
    try:
        going_round = asyncio.create_task(_go_round())
        serving = asyncio.create_task(_serve(settings, db, stop))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        await serving
        going_round.cancel()
    finally:
        db.close()


async def _go_round() -> None:
    """Tell by a metric that the event loop does not stand still; the supervisor looks at it."""
    while True:
        metrics.ROUND.set_to_current_time()
        await asyncio.sleep(_ROUND_SECONDS)


async def _serve(settings: BotSettings, db: CaseDatabase, stop: asyncio.Event) -> None:
    desk = Desk(partial(open_with, KnowledgeSettings()))
    async with running(settings, db, desk) as refused:
        ends = [asyncio.create_task(event.wait()) for event in (stop, refused)]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
        if refused.is_set():
            _log.error("Telegram does not know the token any more: the bot ends")
    if refused.is_set():
        raise TokenRefused("Telegram does not know its token any more: put the new one into SKINGPT_TELEGRAM_TOKEN.")


def main() -> int:
    """Run until SIGTERM or SIGINT. 0: stopped; 2: a setting is wrong, and which; 3: the token was revoked."""
    try:
        settings = BotSettings()
        start_logging("bot", settings.token)
        export()
        asyncio.run(_run(settings))
    except TokenRefused as error:
        print(f"The bot has ended: {error}", file=sys.stderr)
        return 3
    except (BotError, CasesError, ValueError) as error:
        print(f"The bot cannot start: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
