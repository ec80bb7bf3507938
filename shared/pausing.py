"""Waits that a process which is told to end cuts short."""

import asyncio
from contextlib import suppress


async def pause(seconds: float, stop: asyncio.Event) -> None:
    """Return after this time, or at once when the process stops."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
