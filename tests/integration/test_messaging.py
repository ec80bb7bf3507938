"""Topics, readers, producers and dead letters, on a real broker."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.client import AIOKafkaClient

from deploy.embedded.servers import start_broker
from shared.contracts.outbox import ResendRequest
from shared.contracts.topics import FOREVER, PATROLS, REGISTRY, RESEND, Topic, dead_letters_of
from shared.messaging.admin import Admin, TopicMismatch, cluster_id, ensure_topics
from shared.messaging.closing import abandon_producer
from shared.messaging.codec import Record, record_headers
from shared.messaging.consumer import Reader
from shared.messaging.dead_letters import DeadLetters, letters, replay
from shared.messaging.producer import open_producer
from shared.settings import Settings
from shared.testing.recorder import eventually


@pytest.fixture
def settings(kafka_bootstrap: str) -> Settings:
    return Settings(kafka_bootstrap_servers=kafka_bootstrap)


def a_topic() -> Topic:
    return Topic(
        name=f"test.{uuid4().hex[:8]}.v1", description="", partition_key="unit", producer="t", consumers=(),
        retention_ms=FOREVER,
    )  # fmt: skip


async def test_topics_are_made_once_with_the_number_that_is_set(settings: Settings) -> None:
    topic = a_topic()

    await asyncio.gather(*(ensure_topics(settings, [topic], 5) for _ in range(3)))
    view = await ensure_topics(settings, [topic], 5)

    assert view.partitions[topic.name] == 5
    assert view.cluster_id == await cluster_id(settings)


async def test_another_number_is_refused_with_the_ways_out(settings: Settings) -> None:
    topic = a_topic()
    await ensure_topics(settings, [topic], 4)

    with pytest.raises(TopicMismatch, match=r"has 4 partitions, but 12 are set.*PULSE_KAFKA_PARTITIONS=4"):
        await ensure_topics(settings, [topic], 12)


async def test_a_topic_that_an_embedded_broker_counted_a_record_for_before_it_was_made_can_be_read_to_its_end(
    tmp_path: Path,
) -> None:
    assert await read_to_its_end_after_a_record_in_vain(tmp_path, patience_s=10)


async def test_without_a_look_at_what_was_made_whoever_reads_to_the_end_waits_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing_counted(*_: object) -> set[str]:
        return set()

    monkeypatch.setattr(Admin, "_counted_in_vain", nothing_counted)

    assert not await read_to_its_end_after_a_record_in_vain(tmp_path, patience_s=3)


async def read_to_its_end_after_a_record_in_vain(tmp_path: Path, *, patience_s: float) -> bool:
    """Whether a topic can be read to its end that somebody wrote to before it was made on a broker that lost it."""
    topic = a_topic()
    lost = start_broker(tmp_path)
    settings = Settings(kafka_bootstrap_servers=lost.address)
    await ensure_topics(settings, [topic], 2)
    producer = await open_producer(settings)
    lost.kill()
    with start_broker(tmp_path, port=lost.port):
        await producer.send_and_wait(topic.name, b"for a topic that is not there", partition=1)
        await producer.stop()
        await ensure_topics(settings, [topic], 2)

        stop = asyncio.Event()
        reader = Reader(settings, [topic], apply=lambda _: None)
        reading = asyncio.create_task(reader.run(stop))
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await reader.caught_up.wait()
        stop.set()
        await reading
    return reader.caught_up.is_set()


async def test_asking_for_an_unknown_topic_does_not_create_it(settings: Settings) -> None:
    topic = a_topic()
    client = AIOKafkaClient(bootstrap_servers=settings.kafka_bootstrap_servers)
    await client.bootstrap()
    await client.add_topic(topic.name)  # as every producer and consumer does
    await client.close()

    admin = Admin(settings)
    try:
        assert topic.name not in (await admin.look()).partitions
    finally:
        await admin.close()


async def test_a_record_that_can_be_read_is_not_lost(settings: Settings) -> None:
    topic = a_topic()
    await ensure_topics(settings, [topic], 2)
    producer = await open_producer(settings)
    for _ in range(3):
        await producer.send_and_wait(topic.name, b"x", partition=1)
    await producer.stop()

    admin = Admin(settings)
    try:
        assert (await admin.ends(topic.name, 2))[0] == 0
        assert await admin.holds(topic.name, 1, 2)
        assert not await admin.holds(topic.name, 1, 3)
    finally:
        await admin.close()


async def test_a_reader_reads_all_and_then_what_comes(settings: Settings) -> None:
    topic = a_topic()
    await ensure_topics(settings, [topic], 3)
    producer = await open_producer(settings)
    for sent in [await producer.send(topic.name, b"%d" % n, partition=n % 3) for n in range(3_000)]:
        await sent
    read: list[int] = []

    def apply(records: Sequence[Record]) -> None:
        read.extend(int(record.value or b"") for record in records)

    stop = asyncio.Event()
    reader = Reader(settings, [topic], apply=apply)
    reading = asyncio.create_task(reader.run(stop))
    await asyncio.wait_for(reader.caught_up.wait(), 20)
    at_once = sorted(read)
    await producer.send_and_wait(topic.name, b"3000", partition=0)
    await eventually(lambda: 3_000 in read)
    stop.set()
    await reading
    await producer.stop()

    assert at_once == list(range(3_000))
    assert [n for n in read if n % 3 == 1] == list(range(1, 3_000, 3))


async def test_a_reader_from_the_end_leaves_out_what_was_there(settings: Settings) -> None:
    topic = a_topic()
    await ensure_topics(settings, [topic], 1)
    producer = await open_producer(settings)
    for value in (b"old", b"old", b"old"):
        await producer.send_and_wait(topic.name, value, partition=0)
    read: list[bytes | None] = []

    stop = asyncio.Event()
    reader = Reader(
        settings, [topic], apply=lambda records: read.extend(record.value for record in records), from_end=True
    )
    reading = asyncio.create_task(reader.run(stop))
    await asyncio.wait_for(reader.caught_up.wait(), 20)
    await producer.send_and_wait(topic.name, b"new", partition=0)
    await eventually(lambda: b"new" in read)
    stop.set()
    await reading
    await producer.stop()

    assert len(read) < 4  # an embedded broker may tell an end below the true one


async def test_a_reader_waits_for_a_broker_and_for_topics(tmp_path: Path) -> None:
    read: list[bytes | None] = []
    topic = a_topic()
    stop = asyncio.Event()
    with start_broker(tmp_path) as broker:
        settings = Settings(kafka_bootstrap_servers=broker.address)
        reader = Reader(settings, [topic], apply=lambda records: read.extend(record.value for record in records))
        reading = asyncio.create_task(reader.run(stop))
        await ensure_topics(settings, [topic], 2)
        producer = await open_producer(settings)
        await producer.send_and_wait(topic.name, b"first", partition=1)
        await producer.stop()

        await eventually(lambda: read == [b"first"])
        stop.set()
        await reading


async def test_an_abandoned_producer_does_not_wait_for_its_broker(tmp_path: Path) -> None:
    topic = a_topic()
    broker = start_broker(tmp_path)
    settings = Settings(kafka_bootstrap_servers=broker.address)
    await ensure_topics(settings, [topic], 1)
    producer = await open_producer(settings)
    await producer.send_and_wait(topic.name, b"heard", partition=0)
    broker.kill()

    unheard = await producer.send(topic.name, b"unheard", partition=0)
    async with asyncio.timeout(3):
        await abandon_producer(producer)

    assert unheard.done()
    assert unheard.cancelled() or unheard.exception() is not None


async def test_a_dead_letter_tells_its_origin_and_asks_the_owner_for_the_event(settings: Settings) -> None:
    await ensure_topics(settings, REGISTRY)
    producer = await open_producer(settings)
    unit = "26734"
    sent = await producer.send_and_wait(PATROLS.name, b"\xff not an event", unit.encode(), 0, headers=record_headers(7))
    await producer.stop()
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap_servers, fetch_max_wait_ms=20)
    await consumer.start()
    consumer.assign([TopicPartition(PATROLS.name, 0)])
    consumer.seek(TopicPartition(PATROLS.name, 0), sent.offset)
    record = await consumer.getone()
    await consumer.stop()

    dead = DeadLetters(settings, consumer="stats")
    await dead.send(record, "invalid JSON")
    await dead.close()
    (letter,) = [letter for letter in await letters(settings, [PATROLS]) if letter.unit == unit]
    wishes: list[ResendRequest] = []
    stop = asyncio.Event()
    reader = Reader(
        settings,
        [RESEND],
        apply=lambda records: wishes.extend(ResendRequest.model_validate_json(r.value or b"") for r in records
                                            if r.value and r.value.startswith(b"{")),
    )  # fmt: skip
    reading = asyncio.create_task(reader.run(stop))
    asked = await replay(settings, [letter])
    await eventually(lambda: any(wish.unit == unit for wish in wishes))
    stop.set()
    await reading

    assert asked == [letter]
    assert (letter.topic, letter.position, letter.reason) == (PATROLS.name, 7, "invalid JSON")
    assert letter.origin == f"{PATROLS.name}/0@{sent.offset}"
    assert [(wish.topic, wish.after) for wish in wishes if wish.unit == unit] == [(PATROLS.name, 6)]
    assert dead_letters_of(PATROLS).name == "patrols.v1.dlq"
