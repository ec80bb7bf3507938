"""The relay of all fact topics in a process of its own; on SIGUSR1 the next record is spoiled on its way."""

import asyncio
import signal
import sys
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from shared.contracts.topics import FACT_TOPICS
from shared.messaging.producer import open_producer
from shared.outbox.relay import Relay
from shared.outbox.topic_relay import Parts
from shared.settings import Settings
from shared.store.client import Store
from shared.telemetry.logs import configure_logging

POISON: Final = b"\xff no event"
FACTS: Final = frozenset(topic.name for topic in FACT_TOPICS)

to_spoil = 0


def spoil_one_more(*_: object) -> None:
    global to_spoil
    to_spoil += 1


async def open_spoiling(settings: Settings) -> AIOKafkaProducer:
    producer = await open_producer(settings)
    send = producer.send

    async def spoiled(topic: str, value: bytes, *rest: Any, **more: Any) -> Any:
        global to_spoil
        if to_spoil and topic in FACTS:
            to_spoil -= 1
            value = POISON
        return await send(topic, value, *rest, **more)

    producer.send = spoiled
    return producer


async def relay(uri: str, database: str) -> None:
    parts = Parts(producer=open_spoiling)
    await Relay(Store.open(uri, database), Settings.load(), FACT_TOPICS, parts=parts).run(asyncio.Event())


if __name__ == "__main__":
    configure_logging("relay", "INFO")
    signal.signal(signal.SIGUSR1, spoil_one_more)
    asyncio.run(relay(*sys.argv[1:]))
