"""Webhooks: setWebhook and its kin, and the delivery (https://core.telegram.org/bots/api#setwebhook).

Telegram wants HTTPS addresses; the playground delivers to this machine alone, so plain HTTP is taken and any
other host is refused. Updates of one chat go in order, those of different chats side by side. A delivery that
fails is tried again, ever more slowly, until it succeeds or the webhook is removed.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import httpx

from local.playground.errors import BadRequest
from local.playground.parameters import Parameters
from local.playground.playground import Playground
from local.playground.wire import Json, now

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
CONNECTIONS = 40
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 30.0
_KEY = "webhook"
_FAILURE = "webhook_failure"

log = logging.getLogger(__name__)

Reply = Callable[[str, Parameters], Awaitable[None]]


async def set_webhook(playground: Playground, parameters: Parameters) -> bool:
    """setWebhook; an empty address removes it."""
    url = parameters.text("url")
    if not url:
        return await delete_webhook(playground, parameters)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise BadRequest("bad webhook: An HTTPS URL must be provided for webhook")
    if parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise BadRequest("bad webhook: the playground delivers to this machine only (127.0.0.1 or localhost)")
    secret = parameters.text("secret_token")
    if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", secret):
        raise BadRequest("secret token contains unallowed characters")
    connections = min(max(parameters.integer("max_connections", CONNECTIONS) or CONNECTIONS, 1), 100)
    playground.updates.allow(parameters)
    _drop_pending(playground, parameters)
    playground.store.set_profile(_FAILURE, None)
    playground.store.set_profile(_KEY, {"url": url, "secret_token": secret, "max_connections": connections})
    playground.updates.wake()
    return True


async def delete_webhook(playground: Playground, parameters: Parameters) -> bool:
    """deleteWebhook."""
    _drop_pending(playground, parameters)
    playground.store.set_profile(_KEY, None)
    playground.store.set_profile(_FAILURE, None)
    playground.updates.wake()
    return True


def _drop_pending(playground: Playground, parameters: Parameters) -> None:
    if parameters.boolean("drop_pending_updates"):
        playground.updates.confirm(below=1 << 62)


async def get_webhook_info(playground: Playground, parameters: Parameters) -> Json:
    """getWebhookInfo; never the secret."""
    hook = playground.store.profile(_KEY) or {}
    info: Json = {
        "url": hook.get("url", ""),
        "has_custom_certificate": False,
        "pending_update_count": playground.store.pending_count(),
    }
    if hook:
        info["max_connections"] = hook["max_connections"]
        info |= playground.store.profile(_FAILURE) or {}
    if allowed := playground.updates.allowed():
        info["allowed_updates"] = allowed
    return info


class WebhookSender:
    """Delivers updates while a webhook is set; `reply` does the call a bot may answer a delivery with."""

    def __init__(self, playground: Playground, reply: Reply) -> None:
        self._playground = playground
        self._reply = reply
        self._deliveries: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
            try:
                while True:
                    hook = self._playground.store.profile(_KEY)
                    for chat_id in self._playground.store.chats_pending() if hook else []:
                        if hook and chat_id not in self._deliveries and len(self._deliveries) < hook["max_connections"]:
                            self._deliveries[chat_id] = asyncio.create_task(self._deliver(client, chat_id))
                    await self._playground.updates.change()
            finally:
                for task in self._deliveries.values():
                    task.cancel()
                await asyncio.gather(*self._deliveries.values(), return_exceptions=True)

    async def _deliver(self, client: httpx.AsyncClient, chat_id: int) -> None:
        """Deliver one chat's updates, one after the other."""
        pause = _FIRST_PAUSE_SECONDS
        try:
            while hook := self._playground.store.profile(_KEY):
                waiting = self._playground.store.pending(limit=1, chat_id=chat_id)
                if not waiting:
                    return
                response = await self._post(client, hook, waiting[0].as_json())
                if response is not None:
                    pause = _FIRST_PAUSE_SECONDS
                    self._playground.updates.confirm(exactly=waiting[0].update_id)
                    await self._answered(response)
                    continue
                await self._pause(hook, pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        finally:
            del self._deliveries[chat_id]
            self._playground.updates.wake()

    async def _pause(self, hook: Json, seconds: float) -> None:
        """Wait, but no longer than the webhook stays the same."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and self._playground.store.profile(_KEY) == hook:
            await self._playground.updates.change(left)

    async def _post(self, client: httpx.AsyncClient, hook: Json, update: Json) -> httpx.Response | None:
        """Send one update; None where it must be tried again, with the reason kept for getWebhookInfo."""
        headers = {SECRET_HEADER: hook["secret_token"]} if hook["secret_token"] else {}
        try:
            response = await client.post(hook["url"], json=update, headers=headers)
        except httpx.HTTPError as error:
            reason = f"Connection failed: {type(error).__name__}"
        else:
            if response.is_success:
                return response
            reason = f"Wrong response from the webhook: {response.status_code} {response.reason_phrase}"
        log.warning("update %s was not delivered: %s", update["update_id"], reason)
        failure = {"last_error_date": now(), "last_error_message": reason}
        self._playground.store.set_profile(_FAILURE, failure)
        return None

    async def _answered(self, response: httpx.Response) -> None:
        """A bot may answer a delivery with one call: a JSON object that names a `method`."""
        try:
            body = response.json() if response.content else None
        except json.JSONDecodeError:
            return
        if isinstance(body, dict) and isinstance(body.get("method"), str):
            await self._reply(body["method"], Parameters(body))
