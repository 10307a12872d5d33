"""Photos are decoded in processes of their own, within limits of memory and time.

What a patient sends is read by C libraries (libjpeg, libpng, libwebp, libheif). A file made to crash one of them, or
to keep it busy, ends that one process: the patient is told that the picture is damaged, and the bot lives on. Without
this, the bot would come up again, find the same update in its inbox, and fall over it for ever.
"""

import asyncio
import logging
import multiprocessing
import resource
import signal
from concurrent.futures import TimeoutError as Overdue
from concurrent.futures.process import BrokenProcessPool

from pebble import ProcessExpired, ProcessPool

from bot.errors import PhotoRefused, RefusalReason
from bot.intake import take_in

_log = logging.getLogger(__name__)

PROCESSES = 2
MEMORY_BYTES = 5 * 1024**3 // 4
"""Address space of one process: its code takes 0.25 GB of it, 52 megapixels as WebP 0.8 GB, otherwise half that."""
CPU_SECONDS = 10
"""For one photo; the largest that is taken needs about two."""
PHOTOS_EACH = 200
"""After so many a process makes room for a fresh one: refused files leave memory behind in the C libraries."""
WALL_SECONDS = 60.0
"""For one photo, on a machine that is busy with other things."""


def _confine() -> None:
    """Limit this process; nothing of a photo is left in a core file, and Ctrl-C is the bot's business."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _take_in(data: bytes) -> bytes | RefusalReason:
    """`take_in`, ended by the kernel (SIGPROF) if it computes too long: a C library cannot be interrupted otherwise."""
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    try:
        return take_in(data)
    except PhotoRefused as refusal:
        return refusal.reason
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


class Decoders:
    """The processes; they start with the first photo."""

    def __init__(self, processes: int = PROCESSES) -> None:
        """`processes`: how many photos are decoded at once."""
        self._processes = processes
        self._pool = self._started()

    async def take_in(self, data: bytes) -> bytes:
        """The photo in `data`, as `bot.intake.take_in` gives it.

        Raises:
            PhotoRefused: as there; and BROKEN where it crashed its process or went over the limits.
        """
        try:
            taken = await self._decoded(data)
        except (ProcessExpired, Overdue, MemoryError) as error:
            _log.warning("a photo of %d bytes ended its decoder: %s", len(data), type(error).__name__)
            raise PhotoRefused(RefusalReason.BROKEN) from None
        if isinstance(taken, RefusalReason):
            raise PhotoRefused(taken)
        return taken

    async def _decoded(self, data: bytes) -> bytes | RefusalReason:
        try:
            return await self._scheduled(data)
        except BrokenProcessPool:  # an idle process was ended from outside: the whole pool gives up then
            return await self._scheduled(data)

    async def _scheduled(self, data: bytes) -> bytes | RefusalReason:
        if not self._pool.active:
            self.close()
            self._pool = self._started()
        return await asyncio.wrap_future(self._pool.schedule(_take_in, args=(data,), timeout=WALL_SECONDS))

    def _started(self) -> ProcessPool:
        # Spawned, not forked: this process has threads, and the database open.
        context = multiprocessing.get_context("spawn")
        return ProcessPool(max_workers=self._processes, initializer=_confine, max_tasks=PHOTOS_EACH, context=context)

    def close(self) -> None:
        """End the processes at once."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()
