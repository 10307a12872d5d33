"""Waiting requests, answered in batches by one thread: first come, first served, alike ones together."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from model.errors import ModelError
from model.explain import Way
from model.server import metrics
from model.server.contract import ExplainResponse, GenerateParameters, GenerateResponse, Token
from model.server.engine import Engine, Job
from model.server.prompts import Picture

Done = TypeVar("Done")


class Overloaded(ModelError):
    """Too many requests wait; mapped to 429."""


@dataclass(frozen=True)
class _Waiting:
    job: Job
    answer: "asyncio.Future[GenerateResponse]"


class RequestQueue:
    """Static batching: what waits when the engine is free is answered together, up to `max_batch` alike jobs."""

    def __init__(self, engine: Engine, max_batch: int, max_waiting: int) -> None:
        self.engine = engine
        self._max_batch, self._max_waiting = max_batch, max_waiting
        self._waiting: deque[_Waiting] = deque()
        self._apart = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="engine")
        self._runner: asyncio.Task[None] | None = None

    async def answer(self, job: Job) -> GenerateResponse:
        """The response to `job`.

        Raises:
            RequestError: it cannot be answered as it stands.
            Overloaded: too many wait already.
        """
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self.engine.check, job)
        self._refuse_if_full()
        waiting = _Waiting(job, loop.create_future())
        self._waiting.append(waiting)
        metrics.QUEUE_SIZE.set(len(self._waiting))
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run())
        return await waiting.answer

    async def stream(self, job: Job) -> AsyncIterator[Token | GenerateResponse]:
        """Tokens as they are generated, then the whole response; what is refused is refused before the first.

        Raises:
            RequestError: it cannot be answered as it stands.
            Overloaded: too many wait already.
        """
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self.engine.check, job)
        tokens = asyncio.Queue[Token | None]()

        def tell(token: Token) -> None:
            loop.call_soon_threadsafe(tokens.put_nowait, token)

        running = self._alone(lambda: self.engine.answer([job], tell))
        running.add_done_callback(lambda _: tokens.put_nowait(None))
        return _steps(tokens, running)

    async def explain(self, picture: Picture, way: Way) -> ExplainResponse:
        """What the answer looks at in `picture`; waits its turn like an answer.

        Raises:
            RequestError: this network cannot tell.
            Overloaded: too many wait already.
        """
        return await self._alone(lambda: self.engine.explain(picture, way))

    def _alone(self, work: Callable[[], Done]) -> "asyncio.Future[Done]":
        """Work of the engine that no batch can take with it."""
        self._refuse_if_full()
        running = asyncio.get_running_loop().run_in_executor(self._thread, work)
        self._apart += 1
        running.add_done_callback(lambda _: self._one_less())
        return running

    def _one_less(self) -> None:
        self._apart -= 1

    def _refuse_if_full(self) -> None:
        if len(self._waiting) + self._apart >= self._max_waiting:
            raise Overloaded("Model is overloaded")

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch = self._take()
            metrics.QUEUE_SIZE.set(len(self._waiting))
            metrics.BATCH_SIZE.observe(len(batch))
            try:
                answers = await loop.run_in_executor(
                    self._thread, self.engine.answer, [waiting.job for waiting in batch]
                )
            except Exception as error:
                for waiting in batch:
                    if not waiting.answer.done():
                        waiting.answer.set_exception(error)
                continue
            for waiting, answer in zip(batch, answers, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(answer)

    def _take(self) -> list[_Waiting]:
        """The first in line and those behind it that are decoded alike; a sampled job goes alone."""
        first = self._waiting.popleft()
        batch = [first]
        if _decoding(first.job.parameters) is None:
            return batch
        for waiting in list(self._waiting):
            if len(batch) == self._max_batch:
                break
            if _decoding(waiting.job.parameters) == _decoding(first.job.parameters):
                self._waiting.remove(waiting)
                batch.append(waiting)
        return batch


async def _steps(
    tokens: "asyncio.Queue[Token | None]", running: "asyncio.Future[list[GenerateResponse]]"
) -> AsyncIterator[Token | GenerateResponse]:
    while (token := await tokens.get()) is not None:
        yield token
    yield (await running)[0]


def _decoding(asked: GenerateParameters) -> tuple[object, ...] | None:
    if asked.sampled:
        return None
    return (asked.stop, asked.repetition_penalty)
