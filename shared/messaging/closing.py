"""Ends Kafka clients in whatever state they are; the only module that touches aiokafka's private parts."""

import asyncio
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import ProducerClosed

CANCEL_S: Final = 0.05
STOP_S: Final = 0.5


async def abandon_producer(producer: AIOKafkaProducer) -> None:
    """Close a producer without waiting for what the broker has not acknowledged; its futures fail."""
    # `stop` alone waits until every batch is delivered or expired, and there is no public way to give them up.
    # The sending task takes a first cancellation as a wish to finish the requests under way, a second as an end.
    sending = producer._sender.sender_task
    while sending is not None and not sending.done():
        sending.cancel()
        await asyncio.wait({sending}, timeout=CANCEL_S)
    producer._message_accumulator.fail_all(ProducerClosed())
    await producer.stop()


async def close_consumer(consumer: AIOKafkaConsumer) -> None:
    """Close a consumer, its broker being there or not."""
    # With a request under way `stop` may end in the cancellation of its own fetch and leave the connections open, or
    # wait for a fetching task that took its cancellation for that of a request, and never end.
    stopping = asyncio.create_task(consumer.stop())
    await asyncio.wait({stopping}, timeout=STOP_S)
    while not stopping.done():
        consumer._fetcher._fetch_task.cancel()
        await asyncio.wait({stopping}, timeout=CANCEL_S)
    await consumer._client.close()
    if not stopping.cancelled() and (error := stopping.exception()) is not None:
        raise error
