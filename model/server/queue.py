"""Waiting requests, answered in batches by one thread: first come, first served, alike ones together."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from torch import Tensor
from transformers.generation.streamers import BaseStreamer

from model.errors import ModelError
from model.explain import Way
from model.server import metrics
from model.server.contract import ExplainResponse, GenerateParameters, GenerateResponse
from model.server.engine import Engine, Job
from model.server.prompts import Picture


class Overloaded(ModelError):
    """Too many requests wait; mapped to 429."""


@dataclass(frozen=True)
class _Waiting:
    job: Job
    answer: "asyncio.Future[GenerateResponse]"


class _Tokens(BaseStreamer):
    """Hands every token id of a running generation to the event loop; None marks the end."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop, self.ids = loop, asyncio.Queue[int | None]()

    def put(self, value: Tensor) -> None:
        for token in value.flatten().tolist():
            self.loop.call_soon_threadsafe(self.ids.put_nowait, token)

    def end(self) -> None:
        self.loop.call_soon_threadsafe(self.ids.put_nowait, None)


class RequestQueue:
    """Static batching: what waits when the engine is free is answered together, up to `max_batch` alike jobs."""

    def __init__(self, engine: Engine, max_batch: int, max_waiting: int) -> None:
        self.engine = engine
        self._max_batch, self._max_waiting = max_batch, max_waiting
        self._waiting: deque[_Waiting] = deque()
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
        if len(self._waiting) >= self._max_waiting:
            raise Overloaded("Model is overloaded")
        waiting = _Waiting(job, loop.create_future())
        self._waiting.append(waiting)
        metrics.QUEUE_SIZE.set(len(self._waiting))
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run())
        return await waiting.answer

    async def stream(self, job: Job) -> AsyncIterator[int | GenerateResponse]:
        """Token ids as they are generated, then the whole response.

        Raises:
            RequestError: it cannot be answered as it stands.
        """
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self.engine.check, job)
        streamer = _Tokens(loop)
        running = loop.run_in_executor(self._thread, self.engine.answer, [job], streamer)
        running.add_done_callback(lambda _: streamer.ids.put_nowait(None))
        while (token := await streamer.ids.get()) is not None:
            yield token
        yield (await running)[0]

    async def explain(self, picture: Picture, way: Way) -> ExplainResponse:
        """What the answer looks at in `picture`; waits its turn like an answer.

        Raises:
            RequestError: this network cannot tell.
            Overloaded: too many wait already.
        """
        if len(self._waiting) >= self._max_waiting:
            raise Overloaded("Model is overloaded")
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.engine.explain, picture, way)

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


def _decoding(asked: GenerateParameters) -> tuple[object, ...] | None:
    if asked.sampled:
        return None
    return (asked.stop, asked.repetition_penalty)
