"""The webhook: Telegram brings each update here. It is in the inbox before 200 is answered; otherwise the answer is
503, and Telegram brings it again.

    SKINGPT_WEBHOOK_URL=https://bot.example.org/telegram     the public address; TLS ends at the proxy in front
    SKINGPT_WEBHOOK_LISTEN=0.0.0.0:8443                       where this bot listens
    SKINGPT_WEBHOOK_SECRET=...                                16 to 256 of A-Z a-z 0-9 _ -, the same for all bots

Besides the address's own path there are `GET /health` (this process answers) and `GET /ready` (and reaches its record).
Source: core.telegram.org/bots/api#setwebhook.
"""

import asyncio
import contextlib
import hmac
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI, Request, Response
from telegram import Bot
from telegram.error import RetryAfter, TelegramError

from bot import metrics
from bot.errors import SettingsInvalid
from bot.pace import seconds
from bot.settings import BotSettings
from cases import inbox
from cases.database import CaseDatabase
from cases.errors import CasesError

_log = logging.getLogger(__name__)

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
MAX_BYTES = 1024 * 1024
"""Of one update; Telegram's own are a few kilobytes."""
_CONNECTIONS = 40
_AGAIN_SECONDS = 5.0


def application(db: CaseDatabase, path: str, secret: str, received: Callable[[], None]) -> FastAPI:
    """The routes. `received` is called when an update was written down that was not known."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.post(path)
    async def update(request: Request) -> Response:
        if not hmac.compare_digest(request.headers.get(SECRET_HEADER, "").encode(), secret.encode()):
            return Response(status_code=403)
        payload = await _body(request)
        if payload is None:
            return Response(status_code=413)
        update_id = _update_id(payload)
        if update_id is None:
            return Response(status_code=400)
        try:
            new = await asyncio.to_thread(inbox.receive, db, update_id, payload)
        except CasesError as error:
            _log.error("update %d not written down: %s", update_id, type(error).__name__)
            return Response(status_code=503)
        if new:
            metrics.RECEIVED.labels(metrics.update_kind(json.loads(payload))).inc()
            received()
        return Response(status_code=200)

    @app.get("/health")
    async def health() -> Response:
        return Response("ok")

    @app.get("/ready")
    async def ready() -> Response:
        try:
            await asyncio.to_thread(inbox.waiting, db)
        except CasesError:
            return Response("the record cannot be reached", status_code=503)
        return Response("ok")

    return app


async def _body(request: Request) -> bytes | None:
    """The body; None where it is too large, whatever its headers say."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            return None
    return bytes(body)


def _update_id(payload: bytes) -> int | None:
    try:
        update = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    number = update.get("update_id") if isinstance(update, dict) else None
    return number if type(number) is int and 0 <= number < 2**63 else None


@contextlib.asynccontextmanager
async def listening(settings: BotSettings, db: CaseDatabase, received: Callable[[], None]) -> AsyncIterator[None]:
    """Listen while the block runs.

    Raises:
        SettingsInvalid: the address cannot be listened on.
    """
    host, _, port = settings.webhook_listen.rpartition(":")
    path = urlsplit(settings.webhook_url or "").path or "/"
    app = application(db, path, settings.webhook_secret_text, received)
    with _socket(host.strip("[]"), int(port)) as listener:
        # The access log would hold nothing but noise; signals are the bot's own business.
        config = uvicorn.Config(
            app, access_log=False, log_config=None, log_level="warning", timeout_graceful_shutdown=5
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield
        finally:
            server.should_exit = True
            await serving


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the bot, which stops everything in order."""
        yield


def _socket(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise SettingsInvalid(f"SKINGPT_WEBHOOK_LISTEN={host}:{port} cannot be listened on: {error.strerror}") from None


async def register(bot: Bot, settings: BotSettings, allowed: list[str]) -> None:
    """Tell Telegram where to bring updates, until it listens; doing it twice, or by several bots, does no harm."""
    assert settings.webhook_url is not None
    while True:
        try:
            await bot.set_webhook(
                settings.webhook_url,
                secret_token=settings.webhook_secret_text,
                allowed_updates=allowed,
                max_connections=_CONNECTIONS,
            )
            return
        except TelegramError as error:
            wait = seconds(error) if isinstance(error, RetryAfter) else _AGAIN_SECONDS
            _log.warning("webhook not registered (%s), again in %.0f s", type(error).__name__, wait)
            await asyncio.sleep(wait)
