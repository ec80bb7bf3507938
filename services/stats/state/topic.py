"""The panes topic as the state of the fold: written in flushes, read back at recovery, watched for old writes on top.

Knows keys, versions and partitions; what the records mean belongs to panes.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final, Protocol, TypeAlias

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata

from services.stats.panes import StateRecord, decode
from services.stats.state.broker import BrokerReplaced
from shared.messaging.admin import BROKER_ERRORS
from shared.messaging.codec import Fetched
from shared.messaging.fetching import as_fetched
from shared.messaging.producer import open_producer
from shared.settings import Settings, kafka_client_options

FETCH_WAIT_MS: Final = 100  # nobody waits for what others wrote; shorter fetches would only heat an idle machine
READ_TIMEOUT_MS: Final = 250
BETWEEN_READS_S: Final = 0.25  # an old record on top is harmless for minutes: reading in portions saves work
CLOSE_S: Final = 1.5


Entry: TypeAlias = tuple[bytes, bytes | None]
"""Key and value of one record of the panes topic; without a value it takes back what was under the key."""

Version: TypeAlias = tuple[int, int]
"""Orders the writes of one key as `age` of the records does: the higher holds, whenever it was written."""


class _Stamp(msgspec.Struct, gc=False):
    generation: str = ""
    fence: int = -1
    without: tuple[int, ...] = ()
    position: int = -1
    skipped: tuple[int, ...] = ()


_decode_stamp = msgspec.json.Decoder(_Stamp).decode


def version_of(key: bytes, value: bytes, generation: str) -> Version | None:
    """The version of a record; None if it is of another generation or cannot be read."""
    try:
        stamp = _decode_stamp(value)
    except msgspec.MsgspecError:
        return None
    if key.startswith(b"window/"):  # no rule of the figures changes a window
        return stamp.position, 0
    if stamp.generation != generation:
        return None
    if stamp.fence >= 0:
        return stamp.fence, -len(stamp.without)
    return stamp.position, -len(stamp.skipped)


class Writer(Protocol):
    """Where records go."""

    async def write(self, entries: Mapping[int, Sequence[Entry]]) -> None:
        """Return when all are acknowledged. Raises: if any is not; all may be written again."""
        ...


class TopicWriter:
    """Writes records into given partitions of one topic and returns when the broker has them all."""

    def __init__(self, settings: Settings, *, topic: str) -> None:
        self._settings = settings
        self._topic = topic
        self._producer: AIOKafkaProducer | None = None
        self._ends: dict[int, int] = {}

    async def write(self, entries: Mapping[int, Sequence[Entry]]) -> None:
        """Raises: one of BROKER_ERRORS if any record was not acknowledged; all may be written again.

        BrokerReplaced if the topic turns out to have been made anew: what was written before is gone.
        """
        if self._producer is None:
            self._producer = await open_producer(self._settings)
        try:
            await self._send(self._producer, entries)
        except BaseException:
            # A failed batch may have used up its sequence number: go on with another producer.
            await self.close()
            raise

    async def _send(self, producer: AIOKafkaProducer, entries: Mapping[int, Sequence[Entry]]) -> None:
        sent = [
            (await producer.send_batch(batch, self._topic, partition=partition), batch.record_count())
            for partition, some in entries.items()
            for batch in _batches(producer, some)
        ]
        # Wait for the fate of every batch: what is still under way would overtake the next flush.
        answers = await asyncio.gather(*(future for future, _ in sent), return_exceptions=True)
        for answer, (_, count) in zip(answers, sent, strict=True):
            if isinstance(answer, BaseException):
                raise answer
            self._follow(answer, count)

    def _follow(self, written: RecordMetadata, count: int) -> None:
        # A topic that was deleted and made again at once has the old name on the old broker: only its offsets tell.
        if 0 <= written.offset < self._ends.get(written.partition, 0):
            raise BrokerReplaced(f"{self._topic}/{written.partition} has begun anew at offset {written.offset}")
        self._ends[written.partition] = max(written.offset + count, self._ends.get(written.partition, 0))

    async def close(self) -> None:
        """Let go of the broker."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(*BROKER_ERRORS):
                async with asyncio.timeout(CLOSE_S):
                    await producer.stop()


def _batches(producer: AIOKafkaProducer, entries: Sequence[Entry]) -> Iterator[BatchBuilder]:
    """The records in as few batches as hold them: handed over one by one they cost ten times as much."""
    batch = producer.create_batch()
    for key, value in entries:
        if batch.append(timestamp=None, key=key, value=value) is None:
            yield batch
            batch = producer.create_batch()
            batch.append(timestamp=None, key=key, value=value)  # the first one always fits
    if batch.record_count():
        yield batch


class StateReader:
    """Reads partitions of the panes topic: what holds at recovery, afterwards what others write on top."""

    def __init__(self, settings: Settings, *, topic: str, generation: str) -> None:
        self.records_read = 0
        self._topic = topic
        self._generation = generation
        self._consumer = as_fetched(
            AIOKafkaConsumer(
                **kafka_client_options(settings),
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                fetch_max_wait_ms=FETCH_WAIT_MS,
                max_partition_fetch_bytes=4_194_304,
            )
        )
        self._next: dict[int, int] = {}
        self._highest: dict[int, dict[bytes, Version]] = {}
        self._older_on_top: dict[int, dict[bytes, bytes]] = {}
        self._reading = asyncio.Lock()

    async def start(self) -> None:
        """Connect to the broker."""
        await self._consumer.start()

    async def stop(self) -> None:
        """Leave the broker."""
        await self._consumer.stop()

    async def recover(self, keep: Iterable[int], load: Iterable[int]) -> dict[int, list[Entry]]:
        """What holds in the partitions of `load`: per key the highest version, not the last write.

        Those of `keep` stay watched; any other partition is let go. What a slow broker keeps back at the end of the log
        does no harm: the state before it is sound too, only older, and the rest is folded again.
        Raises: one of BROKER_ERRORS.
        """
        load = set(load)
        async with self._reading:
            watched = load | (set(keep) & self._next.keys())
            for kept in (self._next, self._highest, self._older_on_top):
                for partition in [p for p in kept if p not in watched or p in load]:
                    del kept[partition]
            self._watch(watched)
            return await self._load({TopicPartition(self._topic, p) for p in load})

    async def follow(self) -> list[tuple[int, StateRecord]]:
        """The records, with their partitions, that were written over newer ones; waits a moment for news.

        Raises: one of BROKER_ERRORS.
        """
        async with self._reading:
            if self._next:
                for tp, records in (await self._consumer.getmany(timeout_ms=READ_TIMEOUT_MS)).items():
                    self._see(tp.partition, records, {})
            found, self._older_on_top = self._older_on_top, {}
        await asyncio.sleep(BETWEEN_READS_S)
        return [(p, record) for p, entries in found.items() for entry in entries.items() if (record := _read(entry))]

    async def _load(self, partitions: set[TopicPartition]) -> dict[int, list[Entry]]:
        winners: dict[int, dict[bytes, Entry]] = {tp.partition: {} for tp in partitions}
        read_all = not partitions
        while not read_all:
            batches = await self._consumer.getmany(*partitions, timeout_ms=READ_TIMEOUT_MS)
            for tp, records in batches.items():
                self._see(tp.partition, records, winners[tp.partition])
            # The embedded broker may tell an end before the last batch: an empty fetch is needed as well. The ends are
            # asked for after it, each time: the topic may have been made anew meanwhile.
            if not batches:
                ends = await self._consumer.end_offsets(partitions)
                read_all = all(self._next[tp.partition] >= end for tp, end in ends.items())
        return {partition: list(entries.values()) for partition, entries in winners.items()}

    def _watch(self, partitions: set[int]) -> None:
        assigned = [TopicPartition(self._topic, p) for p in sorted(partitions)]
        self._consumer.assign(assigned)
        for tp in assigned:
            self._consumer.seek(tp, self._next.setdefault(tp.partition, 0))

    def _see(self, partition: int, records: Sequence[Fetched], winners: dict[bytes, Entry]) -> None:
        self.records_read += len(records)
        highest = self._highest.setdefault(partition, {})
        older = self._older_on_top.setdefault(partition, {})
        for record in records:
            key, value = record.key or b"", record.value
            if value is None:
                for forgotten in (highest, winners, older):
                    forgotten.pop(key, None)
            else:
                version, known = version_of(key, value, self._generation), highest.get(key)
                if version is None or (known is not None and version < known):
                    if known is not None:
                        older[key] = value
                    continue
                highest[key] = version
                winners[key] = key, value
                older.pop(key, None)
        if records:
            self._next[partition] = records[-1].offset + 1


def _read(entry: tuple[bytes, bytes]) -> StateRecord | None:
    try:
        return decode(*entry)
    except ValueError:
        return None
