"""When and how long answers go out that must not tell what was found; knows no clock but that of the event loop."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from math import ceil
from typing import Final

from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.types import Message, Receive, Scope, Send

STEP_S = 0.05  # above what the work takes: an embedded store with all the rest on 2 cores needs 10 to 30 ms
AWAKE_S: Final = 0.002  # a selector's millisecond, and how late a kernel wakes whoever sleeps
LEAST_BYTES: Final = 512  # status, `sent`, an empty dialogue and refusals are all shorter


class SteadyRoute(APIRoute):
    """A route whose finished answer is held until the step ends: found or not, refusals and faults included.

    All that depends on what was found is done by then: the look-ups, the answer's making, and the end of whatever
    was opened for them. What follows adds the same headers and writes the same line of the log to every answer of the
    same status. Spaces after its end, which neither JSON nor HTML counts, fill an answer up to a power of two: whoever
    watches the line sees its length through any encryption, and would tell `received` from `unknown` by it.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        held: list[Message] = []

        async def hold(message: Message) -> None:
            held.append(message)

        async with steady():
            await super().handle(scope, receive, hold)
            held = filled_up(held)
        for message in held:
            await send(message)


@asynccontextmanager
async def steady() -> AsyncIterator[None]:
    """Let the block end at a whole number of steps after it began, however long its work took, refusals included."""
    loop, step_s = asyncio.get_running_loop(), STEP_S
    began = loop.time()
    try:
        yield
    finally:
        steps = max(1, ceil((loop.time() - began) / step_s))
        await _reached(began + steps * step_s)


async def _reached(at_s: float) -> None:
    """Wait for a time of the loop, the last of it awake.

    A selector waits for whole milliseconds from when it is asked, rounded up: sleep alone would end up to one too late,
    by as much as the work before it took beyond a whole one, and so tell its length.
    """
    loop = asyncio.get_running_loop()
    await asyncio.sleep(at_s - AWAKE_S - loop.time())
    while loop.time() < at_s:  # noqa: ASYNC110 - time itself is waited for, and nothing tells of it
        await asyncio.sleep(0)


def filled_up(answer: Sequence[Message]) -> list[Message]:
    """The answer with spaces up to a power of two at its end, in one piece; one without a body stays as it is."""
    body = b"".join(message.get("body", b"") for message in answer)
    if not body:
        return list(answer)
    size = max(LEAST_BYTES, 1 << (len(body) - 1).bit_length())
    start = {**answer[0], "headers": list(answer[0]["headers"])}
    MutableHeaders(scope=start)["content-length"] = str(size)
    return [start, {"type": "http.response.body", "body": body.ljust(size)}]
