"""A lease held by a coroutine: taken and given back in a thread, while the event loop goes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from cases import leases
from cases.database import CaseDatabase


@asynccontextmanager
async def leased(db: CaseDatabase, name: str, owner: str, seconds: float) -> AsyncIterator[None]:
    """Hold the lease `name` inside the block. Raises LeaseTaken, DatabaseUnavailable."""
    ending = ExitStack()
    await asyncio.to_thread(ending.enter_context, leases.lease(db, name, owner, seconds))
    try:
        yield
    finally:
        await asyncio.to_thread(ending.close)
