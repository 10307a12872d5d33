"""The playground's HTTP server: the application, and ways to run it (in a process, or in a thread)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.formparsers import MultiPartParser

from local.playground import chat_routes
from local.playground.dispatch import bot_api, call
from local.playground.errors import BotApiError, PatientError
from local.playground.faults import Fault
from local.playground.guard import BODY_BYTES, Guard
from local.playground.parameters import Parameters
from local.playground.playground import Playground
from local.playground.settings import HOST, PlaygroundSettings
from local.playground.webhook import WebhookSender
from local.playground.wire import Json

PAGE = Path(__file__).parent / "page"

# Uploads stay in memory: a temporary file would put them on the disk unencrypted.
MultiPartParser.spool_max_size = BODY_BYTES

log = logging.getLogger(__name__)


def application(playground: Playground) -> FastAPI:
    """The whole server over one playground."""

    async def reply(method: str, parameters: Parameters) -> None:
        """Do the call a bot answered a webhook delivery with; Telegram tells nobody whether it worked."""
        try:
            await call(playground, method, parameters)
        except BotApiError as error:
            log.warning("the call in answer to a webhook delivery failed: %s %s", error.code, error.description)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        sender = asyncio.create_task(WebhookSender(playground, reply).run())
        try:
            yield
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
            playground.close()

    app = FastAPI(title="Playground", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Guard)
    app.state.playground = playground
    app.include_router(chat_routes.router)
    app.include_router(bot_api(playground))
    _add_admin(app, playground)

    @app.exception_handler(PatientError)
    async def patient_error(_: Request, error: PatientError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=error.status)

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
        # What was sent stays out of the answer: it may be a patient's words.
        fields = ", ".join(".".join(str(part) for part in item["loc"]) for item in error.errors())
        return JSONResponse({"error": f"These fields are missing or malformed: {fields}"}, status_code=422)

    @app.get("/health")
    async def health() -> Json:
        return {
            "status": "ok",
            "bot": playground.settings.username,
            "chats": playground.store.chat_count(),
            "pending_update_count": playground.store.pending_count(),
        }

    @app.get("/")
    async def page() -> Response:
        return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})

    app.mount("/page", StaticFiles(directory=PAGE), name="page")
    return app


def _add_admin(app: FastAPI, playground: Playground) -> None:
    """Faults on request; reachable, like everything here, from this machine only."""

    @app.get("/admin/faults")
    async def faults() -> list[Fault]:
        return playground.faults.waiting()

    @app.post("/admin/faults")
    async def add_fault(fault: Fault) -> list[Fault]:
        playground.faults.add(fault)
        return playground.faults.waiting()

    @app.delete("/admin/faults")
    async def clear_faults() -> list[Fault]:
        playground.faults.clear()
        return []


class _Server(uvicorn.Server):
    """Ends event streams and long polls before it waits for open requests, so it stops at once."""

    def __init__(self, playground: Playground) -> None:
        # The access log would hold the bot's token, which is part of every address.
        super().__init__(
            uvicorn.Config(
                application(playground),
                access_log=False,
                log_config=None,
                log_level="warning",
                timeout_graceful_shutdown=3,
            )
        )
        self._playground = playground

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        self._playground.updates.close()
        self._playground.events.close()
        await super().shutdown(sockets)


def _listen(port: int) -> socket.socket:
    """A socket on loopback; bound here so that the port is known before anything is served."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    return listener


def serve(settings: PlaygroundSettings) -> None:
    """Run the playground in this process until it is told to stop.

    Raises:
        OSError: the port is taken.
    """
    with _listen(settings.port) as listener:
        port = listener.getsockname()[1]
        print(f"Playground: http://{HOST}:{port}/ (Bot API: http://{HOST}:{port}/bot)", flush=True)
        _Server(Playground(settings)).run(sockets=[listener])


@contextlib.contextmanager
def serving(settings: PlaygroundSettings) -> Iterator[str]:
    """Run the playground in a thread while the block runs; yields its address, without a final slash.

    Raises:
        OSError: the port is taken.
    """
    with _listen(settings.port) as listener:
        server = _Server(Playground(settings))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="playground", daemon=True)
        thread.start()
        # The socket listens only once the server is up; until then a connection would be refused.
        while not server.started and thread.is_alive():
            thread.join(0.01)
        try:
            yield f"http://{HOST}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
