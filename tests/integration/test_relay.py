"""What has been committed reaches the log: in order, at least once, whatever dies."""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import datetime

import orjson
import pytest

from shared.contracts.outbox import Heartbeat, ResendRequest
from shared.contracts.topics import HEADS, PATROLS, REGISTRY, RESEND
from shared.messaging.admin import TopicMismatch, ensure_topics
from shared.messaging.codec import Record
from shared.messaging.consumer import Reader
from shared.messaging.producer import open_producer, partition_of
from shared.outbox.entries import Outbox
from shared.outbox.relay import Relay
from shared.settings import Settings
from shared.testing.recorder import eventually
from tests.integration.outbox_rig import (
    OTHER,
    UNIT,
    commit,
    fresh_outbox,
    outbox_on,
    recording,
    relaying,
    settings_for,
)


@pytest.fixture
async def outbox(store_uri: str) -> AsyncIterator[Outbox]:
    async with fresh_outbox(store_uri) as outbox:
        yield outbox


@pytest.fixture
def settings(kafka_bootstrap: str) -> Settings:
    return settings_for(kafka_bootstrap)


async def test_events_reach_their_units_partition_in_order(outbox: Outbox, settings: Settings) -> None:
    async with recording(settings, outbox) as log, relaying(outbox, settings):
        for _ in range(20):
            await commit(outbox, UNIT, events=3)
            await commit(outbox, OTHER)
        await eventually(lambda: len(log.events) == 80)

        assert log.positions(UNIT) == list(range(1, 61))
        assert log.positions(OTHER) == list(range(1, 21))
        records = [record for record in log.records if outbox.lineage.encode() in (record.value or b"")]
        assert {record.partition for record in records if record.key == UNIT.encode()} == {
            partition_of(UNIT, settings.kafka_partitions)
        }
        for record in records:
            headers = dict(record.headers)
            assert headers["content-type"] == b"application/cloudevents+json"
            event = orjson.loads(record.value or b"")
            assert int(headers["position"]) == event["position"]
            assert record.timestamp == int(datetime.fromisoformat(event["recordedtime"]).timestamp() * 1000)


async def test_what_another_process_commits_is_published_too(outbox: Outbox, settings: Settings) -> None:
    elsewhere = outbox_on(outbox.store)
    await elsewhere.open()

    async with recording(settings, outbox) as log, relaying(outbox, settings, hinted=False):
        await commit(elsewhere, times=5)
        await eventually(lambda: log.positions(UNIT) == [1, 2, 3, 4, 5])


async def test_a_backlog_is_published_whole(outbox: Outbox, settings: Settings) -> None:
    units = [f"{number:05d}" for number in range(1, 40)]
    for unit in units:
        await commit(outbox, unit, events=50)
    await commit(outbox, UNIT, events=2_500)

    async with recording(settings, outbox) as log, relaying(outbox, settings):
        await eventually(lambda: len(log.events) == 39 * 50 + 2_500)

        assert log.positions(UNIT) == list(range(1, 2_501))
        assert all(log.positions(unit) == list(range(1, 51)) for unit in units)


async def test_a_relay_goes_on_where_the_one_before_stopped(outbox: Outbox, settings: Settings) -> None:
    async with recording(settings, outbox) as log:
        async with relaying(outbox, settings):
            await commit(outbox, times=5)
            await eventually(lambda: log.positions(UNIT) == [1, 2, 3, 4, 5])
        await commit(outbox, times=2)

        async with relaying(outbox, settings):
            await eventually(lambda: log.positions(UNIT)[-1] == 7)

        assert log.positions(UNIT) == [1, 2, 3, 4, 5, 6, 7]


async def test_one_relay_publishes_at_a_time_and_another_follows_at_once(outbox: Outbox, settings: Settings) -> None:
    async with relaying(outbox, settings) as second:
        async with relaying(outbox, settings) as first:
            await eventually(lambda: first.leading or second.leading)
            assert not (first.leading and second.leading)

        await eventually(lambda: second.leading)


async def test_a_second_relay_by_accident_does_no_harm(outbox: Outbox, settings: Settings) -> None:
    async with recording(settings, outbox) as log, relaying(outbox, settings) as first:
        await eventually(lambda: first.leading)
        await outbox.store.collection("outbox_leases").delete_many({})

        async with relaying(outbox, settings, hinted=False) as second:
            await eventually(lambda: second.leading)
            await commit(outbox, times=30)
            await eventually(lambda: len(log.applied(UNIT)) == 30)


async def test_a_relay_killed_under_load_loses_nothing(
    outbox: Outbox, settings: Settings, store_uri: str, kafka_bootstrap: str
) -> None:
    command = [sys.executable, "-m", "tests.integration.relay_process", store_uri, outbox.store.name, kafka_bootstrap]

    committed = 0
    enough = asyncio.Event()

    async def load() -> None:
        nonlocal committed
        while not enough.is_set():
            await commit(outbox)
            committed += 1

    async with recording(settings, outbox) as log, asyncio.TaskGroup() as loading:
        loading.create_task(load())
        for _ in range(2):
            already = len(log.applied(UNIT))
            relay = await asyncio.create_subprocess_exec(*command)
            await eventually(lambda above=already: len(log.applied(UNIT)) > above + 20)  # type: ignore[misc]
            relay.kill()
            await relay.wait()
        enough.set()
        async with relaying(outbox, settings):
            await eventually(lambda: len(log.applied(UNIT)) == committed)


async def test_a_consumers_wish_is_sent_again(outbox: Outbox, settings: Settings) -> None:
    request = ResendRequest(topic=PATROLS.name, unit=UNIT, after=3, requested_by="test")

    async with recording(settings, outbox) as log, relaying(outbox, settings):
        await commit(outbox, times=5)
        await eventually(lambda: log.positions(UNIT) == [1, 2, 3, 4, 5])
        producer = await open_producer(settings)
        while len(log.positions(UNIT)) < 7:  # a relay hears what is asked after it has begun to listen
            await producer.send_and_wait(RESEND.name, request.model_dump_json().encode(), UNIT.encode())
            await asyncio.sleep(0.2)
        await producer.stop()

        assert log.positions(UNIT)[5:7] == [4, 5]


async def test_an_unreadable_wish_is_passed_over(outbox: Outbox, settings: Settings) -> None:
    async with recording(settings, outbox) as log, relaying(outbox, settings) as relay:
        await eventually(lambda: relay.leading)
        producer = await open_producer(settings)
        await producer.send_and_wait(RESEND.name, b"\xff", UNIT.encode())
        await producer.stop()
        await commit(outbox)

        await eventually(lambda: log.positions(UNIT) == [1])


async def test_heartbeats_tell_all_units_first_and_then_those_that_changed(outbox: Outbox, settings: Settings) -> None:
    beats: list[Heartbeat] = []

    def apply(records: list[Record]) -> None:
        told = [Heartbeat.model_validate_json(record.value or b"") for record in records]
        beats.extend(beat for beat in told if beat.lineage == outbox.lineage)

    stop = asyncio.Event()
    reading = asyncio.create_task(Reader(settings, [HEADS], apply=apply).run(stop))  # type: ignore[arg-type]
    await commit(outbox, UNIT, times=2)
    await commit(outbox, OTHER)
    async with relaying(outbox, settings):
        await eventually(lambda: len(beats) == 1)
        await commit(outbox, OTHER)
        await eventually(lambda: len(beats) == 2)
    stop.set()
    await reading

    assert (beats[0].topic, beats[0].service, beats[0].full) == (PATROLS.name, "patrols", True)
    assert beats[0].positions == {UNIT: 2, OTHER: 1}
    assert (beats[1].full, beats[1].positions) == (False, {OTHER: 2})


async def test_another_number_of_partitions_ends_the_relay_with_the_ways_out(
    outbox: Outbox, settings: Settings
) -> None:
    await ensure_topics(settings, REGISTRY)
    other = settings.model_copy(update={"kafka_partitions": settings.kafka_partitions + 1})

    with pytest.raises(ExceptionGroup) as ended:
        await asyncio.wait_for(Relay(outbox.store, other, outbox.topics).run(asyncio.Event()), 20)

    (error,) = ended.value.exceptions
    assert isinstance(error, TopicMismatch)
    assert f"PULSE_KAFKA_PARTITIONS={settings.kafka_partitions}" in str(error)
