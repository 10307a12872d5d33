"""The HTTP routes: TGI's, with TGI's error bodies `{error, error_type}` and statuses 413, 422, 424, 429, 500.

Run: `python -m model.server`.
"""

import hashlib
import json
import logging
import time
from asyncio import get_running_loop
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from model.errors import RequestError
from model.network import load_skingpt
from model.server import chat, metrics
from model.server.contract import (
    ChatRequest,
    CompatGenerateRequest,
    ExplainRequest,
    ExplainResponse,
    GenerateRequest,
    GenerateResponse,
    Info,
    Token,
)
from model.server.engine import Engine, Job
from model.server.prompts import prompt_of_inputs
from model.server.queue import Overloaded, RequestQueue
from model.settings import ModelSettings

PAYLOAD_LIMIT = 2_000_000
"""Bytes of a request body, TGI's default."""

PICTURES = ThreadPoolExecutor(1, thread_name_prefix="pictures")
"""Decodes what requests hold: off the event loop, and one after the other, since a picture may take 100 MB."""

Asked = TypeVar("Asked")
Told = TypeVar("Told")

log = logging.getLogger(__name__)


def build_app(settings: ModelSettings) -> FastAPI:
    """The application with the weights loaded.

    Raises:
        WeightsError: the weights folder cannot be used.
    """
    engine = Engine(load_skingpt(settings.weights, settings.device), settings.cached_pictures)
    queue = RequestQueue(engine, settings.max_batch, settings.max_waiting)
    info = _info(settings, engine)
    app = FastAPI(title="SkinGPT model server", version=info.version, docs_url="/docs", redoc_url=None)
    app.add_middleware(_BodyLimit)
    _measure(app)
    _map_errors(app)
    _add_state_routes(app, info)
    _add_generation_routes(app, queue)

    @app.post("/v1/chat/completions", response_model=None)
    async def chat_completions(request: ChatRequest) -> Response | dict[str, object]:
        job = await _off_the_loop(chat.job_of_chat, request)
        if request.stream:
            decode = partial(engine.tokenizer.decode, skip_special_tokens=True)
            return _streamed(chat.chunks(await queue.stream(job), info.model_id, decode))
        return chat.completion(info.model_id, request, await queue.answer(job))

    return app


def _info(settings: ModelSettings, engine: Engine) -> Info:
    total = engine.max_total_tokens
    return Info(
        model_id=settings.weights.name,
        model_sha=_digest(settings.weights),
        max_concurrent_requests=settings.max_waiting,
        max_input_tokens=total - 1,
        max_total_tokens=total,
        max_client_batch_size=settings.max_batch,
        version=version("skingpt"),
    )


def _digest(weights: Path) -> str:
    return hashlib.sha256((weights / "model.safetensors").read_bytes()).hexdigest()


class _BodyLimit:
    """Counts the bytes of a request as they come, since one that is sent in chunks does not tell how many they are."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > PAYLOAD_LIMIT:
                raise HTTPException(413)
            return message

        await self._app(scope, counted, send)


def _measure(app: FastAPI) -> None:
    @app.middleware("http")
    async def measure(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        started = time.monotonic()
        response = await answer(request)
        if request.url.path not in ("/health", "/metrics"):
            metrics.REQUESTS.labels(request.url.path, response.status_code).inc()
            metrics.DURATION.labels(request.url.path).observe(time.monotonic() - started)
        return response


def _map_errors(app: FastAPI) -> None:
    for kind in (RequestError, Overloaded, RuntimeError, Exception):
        app.add_exception_handler(kind, _failed)

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part != "body")
        return _error(422, f"Input validation error: {where}: {first['msg']}", "validation")

    @app.exception_handler(413)
    async def too_large(_: Request, error: HTTPException) -> JSONResponse:
        return _error(413, f"the request is larger than {PAYLOAD_LIMIT:,} bytes: send a smaller picture", "validation")


async def _failed(_: Request, error: Exception) -> JSONResponse:
    return _error(*_told(error))


def _told(error: Exception) -> tuple[int, str, str]:
    """Status, words and kind of what went wrong."""
    if isinstance(error, RequestError):
        return 422, f"Input validation error: {error}", "validation"
    if isinstance(error, Overloaded):
        return 429, str(error), "overloaded"
    log.error("generation failed: %s", type(error).__name__)
    if isinstance(error, RuntimeError):
        return 424, "Request failed during generation: the model could not compute this", "generation"
    return 500, "Incomplete generation: the server could not answer this", "incomplete_generation"


def _error(status: int, text: str, kind: str) -> JSONResponse:
    return JSONResponse({"error": text, "error_type": kind}, status_code=status)


async def _off_the_loop(read: Callable[[Asked], Told], asked: Asked) -> Told:
    return await get_running_loop().run_in_executor(PICTURES, read, asked)


def _streamed(events: AsyncIterator[str]) -> StreamingResponse:
    return StreamingResponse(_or_error(events), media_type="text/event-stream")


async def _or_error(events: AsyncIterator[str]) -> AsyncIterator[str]:
    """The events; what goes wrong once the status is sent is told by a last one."""
    try:
        async for event in events:
            yield event
    except Exception as error:
        _, text, kind = _told(error)
        yield f"data: {json.dumps({'error': text, 'error_type': kind})}\n\n"


def _add_state_routes(app: FastAPI, info: Info) -> None:
    @app.get("/health")
    async def health() -> Response:
        return Response(status_code=200)

    @app.get("/info")
    async def tell_info() -> Info:
        return info

    @app.get("/v1/models")
    async def models() -> dict[str, object]:
        card = {"id": info.model_id, "object": "model", "created": 0, "owned_by": info.model_id}
        return {"object": "list", "data": [card]}

    @app.get("/metrics")
    async def tell_metrics() -> PlainTextResponse:
        return PlainTextResponse(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _add_generation_routes(app: FastAPI, queue: RequestQueue) -> None:
    @app.post("/generate")
    async def generate(request: GenerateRequest) -> GenerateResponse:
        return await queue.answer(Job(await _off_the_loop(prompt_of_inputs, request.inputs), request.parameters))

    @app.post("/generate_stream", response_model=None)
    async def generate_stream(request: GenerateRequest) -> StreamingResponse:
        job = Job(await _off_the_loop(prompt_of_inputs, request.inputs), request.parameters)
        return _streamed(_events(await queue.stream(job), queue.engine.given(job)))

    @app.post("/explain")
    async def explain(request: ExplainRequest) -> ExplainResponse:
        pictures = (await _off_the_loop(prompt_of_inputs, request.inputs)).pictures
        if len(pictures) != 1:
            raise RequestError(f"one picture is needed to explain, not {len(pictures)}")
        return await queue.explain(pictures[0], request.way)

    @app.post("/", response_model=None)
    async def compatible(request: CompatGenerateRequest) -> StreamingResponse | list[GenerateResponse]:
        if request.stream:
            return await generate_stream(request)
        return [await generate(request)]


async def _events(steps: AsyncIterator[Token | GenerateResponse], given: int) -> AsyncIterator[str]:
    """Server-sent events of TGI's StreamResponse; `given` is how many tokens the prompt has."""
    index = 0
    last: Token | None = None
    async for step in steps:
        if isinstance(step, GenerateResponse):
            details = step.details and step.details.model_dump(include={"finish_reason", "generated_tokens", "seed"})
            ending = {
                "index": index,
                "token": last.model_dump() if last else None,
                "generated_text": step.generated_text,
                "details": details and details | {"input_length": given},
            }
            yield f"data: {json.dumps(ending)}\n\n"
            return
        if last is not None:
            yield f"data: {json.dumps({'index': index, 'token': last.model_dump(), 'generated_text': None})}\n\n"
        index += 1
        last = step
