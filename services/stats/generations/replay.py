"""Folds one partition of a topic from its beginning up to given positions; recovers nothing and writes nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.stats.engine import Fold
from services.stats.state.unreadable import place_of
from shared.clock import Clock
from shared.contracts.topics import FACT_TOPICS
from shared.messaging.admin import Admin
from shared.messaging.closing import close_consumer
from shared.messaging.codec import Record, Undecodable, decode
from shared.settings import Settings, kafka_client_options

READ_MS: Final = 250
RECORDS_AT_ONCE: Final = 500


class Replay:
    """Reads logs from zero, at a part of one processor's time."""

    def __init__(self, settings: Settings, clock: Clock, *, share: float) -> None:
        self._clock = clock
        self._share = share
        self._consumer: AIOKafkaConsumer = AIOKafkaConsumer(
            **kafka_client_options(settings), enable_auto_commit=False, auto_offset_reset="earliest"
        )

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await close_consumer(self._consumer)

    async def fold(self, fold: Fold, until: Mapping[str, int]) -> None:
        """Fold the log of the fold's partition, of each unit up to a position.

        The fold's offset is then before the first event that was left out. Raises: LineageChanged; one of
        BROKER_ERRORS.
        """
        at = TopicPartition(fold.topic, fold.partition)
        self._consumer.assign([at])
        self._consumer.seek(at, 0)
        end = (await self._consumer.end_offsets([at]))[at]
        left_out: int | None = None
        reached, came = 0, True
        # The embedded broker may tell an end before the last batch: what is missing then comes, or an empty fetch does.
        while reached < end or (came and _lacks(fold, until)):
            batch = (await self._consumer.getmany(at, timeout_ms=READ_MS, max_records=RECORDS_AT_ONCE)).get(at, [])
            came = bool(batch)
            if not came:  # the topic may have been made anew meanwhile
                end = (await self._consumer.end_offsets([at]))[at]
            began_s = time.monotonic()
            for record in batch:
                if not self._take(fold, record, until) and left_out is None:
                    left_out = record.offset
                reached = record.offset + 1
            await asyncio.sleep((time.monotonic() - began_s) * (1 / self._share - 1))
        fold.offset = reached if left_out is None else left_out

    def _take(self, fold: Fold, record: Record, until: Mapping[str, int]) -> bool:
        """Fold a record, or tell that it lies beyond."""
        try:
            envelope = decode(record.value)
            if envelope.position > until.get(envelope.partitionkey, 0):
                return False
            fold.apply(envelope, record.offset, self._clock.now())
        except Undecodable:
            place = place_of(record)
            if place is None:
                return True
            if place[1] > until.get(place[0], 0):
                return False
            fold.skip(*place, record.offset)
        return True


async def has_events(settings: Settings) -> bool:
    """Whether the log has ever held anything to fold. Raises: one of BROKER_ERRORS."""
    admin = Admin(settings)
    try:
        ends = [await admin.ends(topic.name, settings.kafka_partitions) for topic in FACT_TOPICS]
    finally:
        await admin.close()
    return any(offset for each in ends for offset in each.values())


def _lacks(fold: Fold, until: Mapping[str, int]) -> bool:
    positions = fold.positions
    return any(positions.get(unit, 0) < position for unit, position in until.items())
