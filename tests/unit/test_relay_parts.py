"""A relay that lost a part of itself must not go on as if nothing had happened."""

import asyncio

import pytest

from shared.outbox.topic_relay import CancelledByNobody, unless_cancelled


async def cancelled_from_within() -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.cancel()
    await future


async def one_part_of_two() -> None:
    async with asyncio.timeout(5), asyncio.TaskGroup() as term:
        term.create_task(unless_cancelled(cancelled_from_within()))
        term.create_task(unless_cancelled(asyncio.Event().wait()))


async def test_a_part_that_a_library_cancelled_ends_the_term() -> None:
    with pytest.raises(ExceptionGroup, match="unhandled errors") as ended:
        await one_part_of_two()

    assert ended.group_contains(CancelledByNobody)


async def test_a_cancellation_that_was_asked_for_stays_one() -> None:
    part = asyncio.create_task(unless_cancelled(asyncio.Event().wait()))
    await asyncio.sleep(0)

    part.cancel()

    with pytest.raises(asyncio.CancelledError):
        await part
