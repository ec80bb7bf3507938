"""Publishes the sequences of one topic, each strictly in order and many at a time; decides neither when nor who."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol

from aiokafka.structs import RecordMetadata

from shared.clock import Clock
from shared.messaging.codec import record_headers, recorded_ms
from shared.messaging.producer import partition_of
from shared.outbox.entries import Entry
from shared.outbox.sequences import BrokenSequence, Sequences
from shared.outbox.watermarks import Watermarks
from shared.telemetry.metrics import OUTBOX_LAG, OUTBOX_PUBLISH_SECONDS, OUTBOX_PUBLISHED

UNITS_AT_ONCE: Final = 16  # hides the store's round trips; with full pages in hand about 30 MB


class SendsRecords(Protocol):
    """The part of a producer that publishing needs."""

    async def send(
        self,
        topic: str,
        value: bytes,
        key: bytes,
        partition: int,
        *,
        timestamp_ms: int | None = None,
        headers: list[tuple[str, bytes]],
    ) -> asyncio.Future[RecordMetadata]:
        """Hand over one record; the future is the broker's acknowledgement."""
        ...


class Publisher:
    """Brings the broker to what is committed. One task per unit with work; any failure ends `run`."""

    def __init__(
        self,
        sequences: Sequences,
        *,
        partitions: int,
        published: Mapping[str, int],
        watermarks: Watermarks,
        producer: SendsRecords,
        clock: Clock,
        carried: Callable[[str, int], Entry | None] = lambda _unit, _first: None,
    ) -> None:
        self.ends: dict[int, int] = {}  # by partition, the offset after the highest acknowledged one
        self._sequences = sequences
        self._topic = sequences.topic
        self._partitions = partitions
        self._published = dict(published)
        self._committed: dict[str, int] = {}
        self._rewound: dict[str, int] = {}
        self._busy: set[str] = set()
        self._due: asyncio.Queue[str] = asyncio.Queue()
        self._slots = asyncio.Semaphore(UNITS_AT_ONCE)
        self._idle = asyncio.Event()
        self._idle.set()
        self._watermarks = watermarks
        self._producer = producer
        self._clock = clock
        self._carried = carried  # what need not be read from the store

    @property
    def committed(self) -> Mapping[str, int]:
        """Highest committed position by unit, as far as it was offered."""
        return self._committed

    @property
    def lag(self) -> int:
        """How many committed events the broker has not acknowledged."""
        return sum(max(0, position - self._published.get(unit, 0)) for unit, position in self._committed.items())

    def offer(self, positions: Iterable[tuple[str, int]]) -> None:
        """Take note of what is committed, in any order and as often as anybody likes."""
        for unit, position in positions:
            if position > self._committed.get(unit, 0):
                self._committed[unit] = position
            if self._committed[unit] > self._published.get(unit, 0):
                self._schedule(unit)

    def rewind(self, unit: str, after: int) -> None:
        """Publish the unit again from the position after `after`; its watermark stays where it is."""
        if after < self._published.get(unit, 0):
            self._rewound[unit] = min(after, self._rewound.get(unit, after))
            self._schedule(unit)

    async def run(self) -> None:
        """Publish what is offered, until cancelled. Raises: what the broker or the store raised, in a group."""
        async with asyncio.TaskGroup() as units:
            while True:
                unit = await self._due.get()
                units.create_task(self._drain(unit))

    async def drained(self) -> None:
        """Return when nothing offered is left to publish."""
        await self._idle.wait()

    def tell_lag(self) -> None:
        OUTBOX_LAG.labels(self._topic).set(self.lag)

    def _schedule(self, unit: str) -> None:
        if unit not in self._busy:
            self._busy.add(unit)
            self._idle.clear()
            self._due.put_nowait(unit)

    async def _drain(self, unit: str) -> None:
        async with self._slots:
            while self._next(unit) < self._committed.get(unit, 0):
                after = self._next(unit)
                carried = self._carried(unit, after + 1)
                entries = [carried] if carried else await self._sequences.page(unit, after)
                if not entries:
                    raise BrokenSequence(f"{self._topic}/{unit}: position {after + 1} has no entry.")
                await self._publish(unit, entries)
        self._busy.discard(unit)
        if not self._busy:
            self._idle.set()

    def _next(self, unit: str) -> int:
        """The position after which the unit is due, a wish to go back included."""
        if unit in self._rewound:
            self._published[unit] = min(self._rewound.pop(unit), self._published.get(unit, 0))
        return self._published.get(unit, 0)

    async def _publish(self, unit: str, entries: Sequence[Entry]) -> None:
        """Hand over a page and await each acknowledgement in turn: what follows a failed record is not marked."""
        key, partition = unit.encode(), partition_of(unit, self._partitions)
        handed_over: list[tuple[int, asyncio.Future[RecordMetadata]]] = []
        try:
            for entry in entries:
                for position, value in enumerate(entry.records, entry.first):
                    # Stamped by the client it would tell when exactly an anonymous tip came in.
                    at, headers = recorded_ms(value), record_headers(position)
                    future = await self._producer.send(
                        self._topic, value, key, partition, timestamp_ms=at, headers=headers
                    )
                    handed_over.append((position, future))
            for position, future in handed_over:
                await self._watermarks.after(future, unit, position)
                self._published[unit] = position
        finally:
            _let_go(future for _, future in handed_over)
        if handed_over:
            self.ends[partition] = max(self.ends.get(partition, 0), handed_over[-1][1].result().offset + 1)
            OUTBOX_PUBLISHED.labels(self._topic).inc(len(handed_over))
            if entries[-1].is_exact:
                age = self._clock.now() - entries[-1].recorded_at
                OUTBOX_PUBLISH_SECONDS.labels(self._topic).observe(max(0.0, age.total_seconds()))


def _let_go(futures: Iterable[asyncio.Future[RecordMetadata]]) -> None:
    """Nobody asks any more: one failure has been told, the others would be logged as forgotten."""
    for future in futures:
        if not future.done():
            future.cancel()
        elif not future.cancelled():
            future.exception()
