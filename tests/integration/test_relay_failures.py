"""The broker fails, goes away, comes back empty: its log is whole again. And the guard, switched off."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.embedded.servers import free_port, start_broker
from shared.contracts.topics import PATROLS
from shared.messaging.producer import open_producer
from shared.outbox.entries import Outbox
from shared.outbox.topic_relay import Parts
from shared.outbox.watermarks import Watermarks
from shared.settings import Settings
from shared.testing.recorder import eventually
from tests.integration.outbox_rig import OTHER, UNIT, commit, fresh_outbox, recording, relaying, settings_for


@pytest.fixture
async def outbox(store_uri: str) -> AsyncIterator[Outbox]:
    async with fresh_outbox(store_uri) as outbox:
        yield outbox


@pytest.fixture
def settings(kafka_bootstrap: str) -> Settings:
    return settings_for(kafka_bootstrap)


async def test_commits_go_on_while_the_broker_is_away(outbox: Outbox, tmp_path: Path) -> None:
    port = free_port()
    settings = settings_for(f"127.0.0.1:{port}")

    async with relaying(outbox, settings):
        await asyncio.wait_for(commit(outbox, times=10), 5)
        with start_broker(tmp_path, port=port):
            async with recording(settings, outbox) as log:
                await eventually(lambda: log.applied(UNIT) == list(range(1, 11)))


async def test_a_broker_that_comes_back_empty_gets_everything_again(outbox: Outbox, tmp_path: Path) -> None:
    port = free_port()
    settings = settings_for(f"127.0.0.1:{port}")

    async with relaying(outbox, settings), recording(settings, outbox) as log:
        with start_broker(tmp_path, port=port) as broker:
            await commit(outbox, events=300)
            await commit(outbox, OTHER)
            await eventually(lambda: len(log.events) == 301)
            broker.kill()
        await commit(outbox, times=3)
        with start_broker(tmp_path, port=port):
            await eventually(lambda: log.restarts == 1 and len(log.applied(UNIT)) == 303)
            await commit(outbox, OTHER)
            await eventually(lambda: log.applied(OTHER) == [1, 2])


async def test_a_topic_that_was_deleted_is_made_and_filled_again(outbox: Outbox, tmp_path: Path) -> None:
    with start_broker(tmp_path) as broker:
        settings = settings_for(broker.address)
        async with relaying(outbox, settings), recording(settings, outbox) as log:
            await commit(outbox, times=5)
            await eventually(lambda: log.positions(UNIT) == [1, 2, 3, 4, 5])
            admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
            await admin.start()
            await admin.delete_topics([PATROLS.name])
            await admin.close()

            await eventually(lambda: log.restarts == 1 and log.applied(UNIT) == [1, 2, 3, 4, 5])


class Faltering:
    """A producer whose broker rejects one record for good."""

    def __init__(self, producer: Any, rejected: int) -> None:
        self._producer, self._rejected = producer, rejected

    def __getattr__(self, name: str) -> Any:
        return getattr(self._producer, name)

    async def send(self, topic: str, *arguments: Any, **options: Any) -> asyncio.Future[Any]:
        if topic == PATROLS.name:
            self._rejected -= 1
            if self._rejected == 0:
                failed: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
                failed.set_exception(KafkaError("the record was rejected"))
                return failed
        sent: asyncio.Future[Any] = await self._producer.send(topic, *arguments, **options)
        return sent


async def test_after_a_rejected_record_a_new_producer_resumes_behind_the_last_acknowledged_one(
    outbox: Outbox, settings: Settings
) -> None:
    opened: list[Faltering] = []

    async def faltering_once(settings: Settings) -> Any:
        opened.append(Faltering(await open_producer(settings), rejected=0 if opened else 40))
        return opened[-1]

    await commit(outbox, events=100)
    async with recording(settings, outbox) as log, relaying(outbox, settings, parts=Parts(producer=faltering_once)):
        await eventually(lambda: len(log.applied(UNIT)) == 100)

    assert len(opened) == 2
    assert log.positions(UNIT)[-61:] == list(range(40, 101))


class Unheard:
    """A producer cut off from its broker: what is sent never arrives, nothing is acknowledged."""

    def __init__(self, producer: Any) -> None:
        self._producer = producer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._producer, name)

    async def send(self, *arguments: Any, **options: Any) -> asyncio.Future[Any]:
        return asyncio.get_running_loop().create_future()


class MarkedTooEarly(Watermarks):
    """The sabotage: the watermark moves before the acknowledgement."""

    async def after(self, acknowledged: Awaitable[object], unit: str, position: int) -> None:
        self.move(unit, position)
        await self.flush()
        await acknowledged


async def cut_off(settings: Settings) -> Any:
    return Unheard(await open_producer(settings))


@pytest.mark.parametrize(
    ("watermarks", "arrives"),
    [
        pytest.param(Watermarks, True, id="guarded"),
        pytest.param(MarkedTooEarly, False, id="sabotaged"),
    ],
)
async def test_a_watermark_moves_after_the_acknowledgement_or_events_are_lost(
    outbox: Outbox, settings: Settings, watermarks: type[Watermarks], arrives: bool
) -> None:
    await commit(outbox)
    async with relaying(outbox, settings, parts=Parts(watermarks=watermarks, producer=cut_off)) as relay:
        await eventually(lambda: relay.leading)
        if not arrives:
            await watermark_of(outbox)

    async with recording(settings, outbox) as log, relaying(outbox, settings):
        await commit(outbox)
        await eventually(lambda: 2 in log.positions(UNIT))

    assert log.positions(UNIT) == ([1, 2] if arrives else [2])


async def watermark_of(outbox: Outbox) -> None:
    watermarks = outbox.store.collection("outbox_watermarks")
    while await watermarks.find_one({"unit": UNIT}) is None:
        await asyncio.sleep(0.01)
