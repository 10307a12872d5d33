"""What `./run doctor` asks of Telegram, or of the playground in its place: the token, the webhook, what waits."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from telegram import Bot, WebhookInfo
from telegram.error import InvalidToken, TelegramError

from bot.errors import SettingsInvalid
from bot.settings import BotSettings
from checkup import Check, Finding, broken, warning, well

MANY: Final = 100
"""Updates that wait at Telegram from which the bot does not keep up."""
LATELY: Final = timedelta(hours=1)


def check_telegram(settings: BotSettings) -> Sequence[Finding]:
    """Whether the Bot API knows the token, who may talk to the bot, and how the webhook stands."""
    where = "the playground" if settings.uses_playground else "Telegram"
    try:
        name, webhook = asyncio.run(_ask(settings))
    except SettingsInvalid as error:
        return [broken("telegram", "The token cannot be used.", str(error))]
    except InvalidToken:
        remedy = "Check SKINGPT_TELEGRAM_TOKEN; BotFather shows the right one."
        return [broken("telegram", f"{where.capitalize()} does not know the token.", remedy)]
    except TelegramError as error:
        remedy = (
            "Start it (./run up)." if settings.uses_playground else "See that this machine reaches api.telegram.org."
        )
        return [broken("telegram", f"{where.capitalize()} does not answer ({type(error).__name__}).", remedy)]
    answers = well("telegram", f"{where.capitalize()} answers and knows the bot @{name}.", bot=name)
    return [answers, *_access(settings), *_webhook(webhook)]


async def _ask(settings: BotSettings) -> tuple[str, WebhookInfo]:
    base = settings.bot_api.rstrip("/")
    bot = Bot(settings.token, base_url=f"{base}/bot") if settings.uses_playground else Bot(settings.token)
    async with bot:
        return bot.username, await bot.get_webhook_info()


def _access(settings: BotSettings) -> list[Finding]:
    if settings.uses_playground or settings.clinician:
        return []
    if not settings.allowed:
        remedy = "Set SKINGPT_TELEGRAM_ALLOWED to user ids, or SKINGPT_CLINICIAN to the responsible clinician."
        return [warning("telegram", "Nobody may use the bot.", remedy, allowed=0)]
    says = f"Closed to {len(settings.allowed)} users until SKINGPT_CLINICIAN names a clinician."
    return [well("telegram", says, allowed=len(settings.allowed))]


def _webhook(webhook: WebhookInfo) -> list[Finding]:
    waiting = webhook.pending_update_count
    how = "by webhook" if webhook.url else "by polling"
    found = []
    if waiting > MANY:
        remedy = "See that the bot lives and, with a webhook, that Telegram reaches its address."
        found.append(warning("webhook", f"{waiting} updates wait at Telegram ({how}).", remedy, pending=waiting))
    failed = webhook.last_error_date
    if failed and datetime.now(UTC) - failed < LATELY:
        # Telegram's own words are left out: they may repeat the address, which is as good as a password.
        remedy = (
            "See that the address is reachable over HTTPS with a valid certificate and that the bot's log is quiet."
        )
        found.append(warning("webhook", f"Telegram could not deliver at {failed:%H:%M} UTC.", remedy, pending=waiting))
    return found or [well("webhook", f"Updates come {how}; {waiting} wait at Telegram.", pending=waiting)]


CHECKS: Mapping[str, Check] = {"telegram": lambda: check_telegram(BotSettings())}
