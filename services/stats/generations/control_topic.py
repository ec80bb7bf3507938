"""Reads and writes stats.panes.v1 for the processes that fold; what its records mean belongs to control.py."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.stats.generations.control import Control, ControlRecord, key_of
from services.stats.state.topic import TopicWriter
from shared.clock import Clock
from shared.contracts.topics import PANES
from shared.messaging.admin import BROKER_ERRORS
from shared.messaging.closing import close_consumer
from shared.settings import Settings, kafka_client_options

PARTITION: Final = 0
READ_MS: Final = 250
FOLLOW_MS: Final = 2_000  # beats come every 5 s, and nobody waits for a pointer
FETCH_WAIT_MS: Final = 500
RETRY_S: Final = 1.0

_log = structlog.get_logger(__name__)


class ControlTopic:
    """What the topic says, as far as it has been read."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.control = Control()
        self._clock = clock
        self._at = TopicPartition(PANES.name, PARTITION)
        self._consumer: AIOKafkaConsumer = AIOKafkaConsumer(
            **kafka_client_options(settings),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )
        self._writer = TopicWriter(settings, topic=PANES.name)
        self._telling = asyncio.Lock()
        self._next = 0

    async def open(self) -> Control:
        """Read everything that is in the topic. Raises: one of BROKER_ERRORS."""
        await self._consumer.start()
        self._consumer.assign([self._at])
        await self.refresh()
        return self.control

    async def refresh(self) -> None:
        """Read up to the present end. Raises: one of BROKER_ERRORS."""
        self._consumer.seek(self._at, self._next)
        read_all = False
        while not read_all:
            # The embedded broker may tell an end before the last batch: an empty fetch is needed as well. The end is
            # asked for after it, each time: the topic may have been made anew meanwhile.
            if not await self._read(READ_MS):
                read_all = self._next >= (await self._consumer.end_offsets([self._at]))[self._at]

    async def follow(self) -> None:
        """Go on reading until cancelled."""
        while True:
            try:
                await self._read(FOLLOW_MS)
            except BROKER_ERRORS as error:
                _log.info("the states cannot be watched", error=repr(error))
                await asyncio.sleep(RETRY_S)

    async def tell(self, *records: ControlRecord) -> None:
        """Return once the broker has the records. Raises: one of BROKER_ERRORS; BrokerReplaced."""
        entries = [(key_of(record), record.model_dump_json().encode()) for record in records]
        async with self._telling:
            await self._writer.write({PARTITION: entries})

    async def take_back(self, keys: Iterable[bytes]) -> None:
        """Delete the records under these keys. Raises: one of BROKER_ERRORS; BrokerReplaced."""
        async with self._telling:
            await self._writer.write({PARTITION: [(key, None) for key in keys]})

    async def close(self) -> None:
        """Let go of the broker."""
        await self._writer.close()
        await close_consumer(self._consumer)

    async def _read(self, wait_ms: int) -> bool:
        batches = await self._consumer.getmany(self._at, timeout_ms=wait_ms)
        for records in batches.values():
            for record in records:
                try:
                    self.control.take(record.key or b"", record.value, now=self._clock.now())
                except ValueError as error:
                    _log.error("a record of the control topic is unreadable", error=str(error))
                self._next = record.offset + 1
        return bool(batches)
