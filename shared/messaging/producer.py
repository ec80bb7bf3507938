"""Producers whose acknowledgements mean something, and the partition of a unit; decides nothing about order."""

from functools import lru_cache
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.partitioner import murmur2
from aiokafka.protocol.transaction import InitProducerIdRequest

from shared.messaging.packing import compress_quickly
from shared.settings import Settings, kafka_client_options

BATCH_BYTES: Final = 262_144  # a few hundred records: a backlog goes out in few requests, a single event waits for none
DELIVERY_MS: Final = 15_000  # a broker that takes longer is treated as away, and the producer is replaced


@lru_cache(maxsize=65_536)
def partition_of(key: str, partitions: int) -> int:
    """The partition of a unit, as Kafka's own default partitioner finds it (clients in other languages agree)."""
    return int((murmur2(key.encode()) & 0x7FFFFFFF) % partitions)


async def open_producer(settings: Settings, **options: Any) -> AIOKafkaProducer:
    """A started producer with acks=all, idempotent where the broker knows how.

    Await the future of each record: `flush()` does not raise. One request is in flight per broker, so records of one
    partition stay in order; after an error close this producer and open another, a failed batch may have used up its
    sequence number.
    """
    compress_quickly()
    producer = AIOKafkaProducer(
        **{
            **kafka_client_options(settings),
            "acks": "all",
            "linger_ms": 0,
            "compression_type": "gzip",  # JSON shrinks to a sixth, and the embedded broker keeps all of it in memory
            "max_batch_size": BATCH_BYTES,
            "request_timeout_ms": DELIVERY_MS,
            "enable_idempotence": await _knows_idempotence(settings),
            **options,
        }
    )
    try:
        await producer.start()
    except BaseException:
        await producer.stop()
        raise
    return producer


async def _knows_idempotence(settings: Settings) -> bool:
    """Asked, because the embedded broker lists the request among those it serves and then fails it."""
    client = AIOKafkaClient(**kafka_client_options(settings))
    try:
        await client.bootstrap()
        answer = await client.send(client.get_random_node(), InitProducerIdRequest(None, 0))
        return bool(answer.error_code == 0)
    finally:
        await client.close()
