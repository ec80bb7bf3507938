"""Leases by the clock of the store."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from shared.outbox.leases import Lease
from shared.store.client import Store


@pytest.fixture
async def store(store_uri: str) -> AsyncIterator[Store]:
    store = Store.open(store_uri, f"leases_{uuid4().hex[:12]}")
    yield store
    await store.drop()
    store.close()


async def test_one_of_many_gets_the_lease_and_keeps_it(store: Store) -> None:
    rivals = [Lease(store, "patrols.v1") for _ in range(6)]

    first = await asyncio.gather(*(rival.acquire() for rival in rivals))
    again = await asyncio.gather(*(rival.acquire() for rival in rivals))

    assert sum(first) == 1
    assert again == first


async def test_a_lease_that_is_not_prolonged_goes_to_another(store: Store) -> None:
    short, patient = Lease(store, "patrols.v1", length_s=0.3), Lease(store, "patrols.v1")
    assert await short.acquire()
    assert not await patient.acquire()

    async with asyncio.timeout(10):
        while not await patient.acquire():
            await asyncio.sleep(0.02)

    assert not await short.acquire()


async def test_a_released_lease_is_free_at_once(store: Store) -> None:
    first, second = Lease(store, "patrols.v1"), Lease(store, "patrols.v1")
    assert await first.acquire()

    await second.release()
    assert not await second.acquire()
    await first.release()

    assert await second.acquire()
