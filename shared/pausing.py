"""Waits that a process which is told to end cuts short, and what works beside others until then."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Final

STOP_S: Final = 5.0


async def pause(seconds: float, stop: asyncio.Event) -> None:
    """Return after this time, or at once when the process stops."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


@asynccontextmanager
async def at_work(
    work: Callable[[asyncio.Event], Coroutine[None, None, None]], name: str, *, stop_s: float = STOP_S
) -> AsyncIterator[asyncio.Task[None]]:
    """The task that works for as long as the block lasts; told to stop, it has this long to end by itself."""
    stop = asyncio.Event()
    running = asyncio.create_task(work(stop), name=name)
    try:
        yield running
    finally:
        stop.set()
        await asyncio.wait({running}, timeout=stop_s)
        running.cancel()
