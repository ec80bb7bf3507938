"""What the chunks take from Faust's private side, pinned on a real broker: commits, rebalances, speed and delay."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from faust.types import TP, EventT, StreamT

from services.stats.folding.agents import make_app
from shared.messaging.producer import open_producer
from shared.settings import Settings
from tests.integration.worker_rig import PATIENCE_S, until

PARTITIONS = 12
VALUE = b"x" * 358  # as long as an event


class Tally:
    """Partitions that count what they get and resume behind it, like the worker's."""

    def __init__(self, delay_s: float = 0.0) -> None:
        self.seen: Counter[tuple[int, int]] = Counter()
        self.assigned: set[TP] = set()
        self.chunks = 0
        self._delay_s = delay_s
        self._next: dict[TP, int] = {}

    async def recover(self, assigned: set[TP]) -> None:
        self._next = {tp: offset for tp, offset in self._next.items() if tp in assigned}
        self.assigned = set(assigned)

    async def release(self) -> None:
        return None

    def resume_offsets(self, assigned: set[TP]) -> dict[TP, int]:
        return {tp: self._next.get(tp, 0) for tp in assigned}

    async def take(self, event: EventT, stream: StreamT) -> None:
        records = event.value
        self.seen.update((event.message.tp.partition, record.offset) for record in records)
        self.chunks += 1
        self._next[event.message.tp] = records[-1].offset + 1
        await asyncio.sleep(self._delay_s)
        await stream.ack(event)


@pytest.fixture
def settings(kafka_bootstrap: str) -> Settings:
    return Settings(KAFKA_BOOTSTRAP_SERVERS=kafka_bootstrap)


@pytest.fixture
async def topic(settings: Settings) -> AsyncIterator[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap_servers)
    await admin.start()
    name = f"chunks.{time.time_ns()}"
    await admin.create_topics([NewTopic(name, PARTITIONS, 1)])
    yield name
    await admin.delete_topics([name])
    await admin.close()


@pytest.fixture
async def producer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    producer = await open_producer(settings)
    yield producer
    await producer.stop()


async def produce(producer: AIOKafkaProducer, topic: str, count: int) -> None:
    sent = [await producer.send(topic, VALUE, partition=number % PARTITIONS) for number in range(count)]
    for one in sent:
        await one


async def produce_until(producer: AIOKafkaProducer, topic: str, enough: Callable[[], bool]) -> int:
    """How many records were sent before there were enough: at least some are on their way at any time."""
    count = 0
    while not enough():
        await produce(producer, topic, 1_200)
        count += 1_200
    return count


async def committed(settings: Settings, group: str, topic: str) -> int:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap_servers, group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        return sum([await consumer.committed(TopicPartition(topic, p)) or 0 for p in range(PARTITIONS)])
    finally:
        await consumer.stop()


async def test_everything_that_was_acknowledged_is_committed(
    settings: Settings, topic: str, producer: AIOKafkaProducer
) -> None:
    count = 120_000
    await produce(producer, topic, count)
    tally = Tally()
    app = make_app(settings, topics=[topic], group=topic, instance="a", partitions=tally)

    await app.start()
    try:
        await until(lambda: _true(len(tally.assigned) == PARTITIONS))
        began = time.monotonic()
        await until(lambda: _true(len(tally.seen) == count))
        print(f"{count / (time.monotonic() - began):,.0f} records/s in chunks of {count / tally.chunks:,.0f}")

        async def all_committed() -> bool:
            return await committed(settings, topic, topic) == count

        await until(all_committed)
    finally:
        await app.stop()
    assert max(tally.seen.values()) == 1


async def test_over_a_rebalance_every_record_comes_at_least_once(
    settings: Settings, topic: str, producer: AIOKafkaProducer
) -> None:
    first, second = Tally(delay_s=0.01), Tally(delay_s=0.01)
    one = make_app(settings, topics=[topic], group=topic, instance="a", partitions=first)
    two = make_app(settings, topics=[topic], group=topic, instance="b", partitions=second)

    await one.start()
    try:
        await until(lambda: _true(len(first.assigned) == PARTITIONS))
        producing = asyncio.create_task(produce_until(producer, topic, lambda: len(second.seen) > 1_000))
        await until(lambda: _true(len(first.seen) > 1_000))
        await two.start()
        try:
            count = await asyncio.wait_for(producing, PATIENCE_S)
            assert 0 < len(second.assigned) < PARTITIONS
            await until(lambda: _true(len(first.seen | second.seen) == count))
        finally:
            await two.stop()
    finally:
        await one.stop()


async def test_a_single_record_among_idle_partitions_arrives_at_once(
    settings: Settings, topic: str, producer: AIOKafkaProducer
) -> None:
    tally = Tally()
    app = make_app(settings, topics=[topic], group=topic, instance="a", partitions=tally)

    await app.start()
    delays_ms = []
    try:
        await until(lambda: _true(len(tally.assigned) == PARTITIONS))
        await produce(producer, topic, PARTITIONS)
        await until(lambda: _true(len(tally.seen) == PARTITIONS))
        for number in range(1, 31):
            began = time.perf_counter()
            await produce(producer, topic, 1)
            while len(tally.seen) < PARTITIONS + number:
                await asyncio.sleep(0.001)
            delays_ms.append((time.perf_counter() - began) * 1_000)
    finally:
        await app.stop()
    delays_ms.sort()
    print(f"from send to chunk: p50 {delays_ms[15]:.1f} ms, worst {delays_ms[-1]:.1f} ms")

    # Faust's own fetches would let half of them wait for 340 ms and more behind the idle partitions.
    assert delays_ms[15] < 150


async def _true(value: bool) -> bool:
    return value
