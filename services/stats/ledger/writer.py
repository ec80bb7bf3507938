"""Books the four fact topics: reads on where the heads stand, writes blocks, then their heads.

One writer has the ledger at a time, by a lease. A second one, paused past its lease, cannot harm: entries are the same
whoever writes them, and heads are no longer its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

import structlog

from services.stats.ledger.blocks import BlockDocument
from services.stats.ledger.partition import LedgerHead, Partition
from services.stats.ledger.repository import LedgerRepository, Place, Superseded
from shared.contracts.topics import FACT_TOPICS
from shared.ids import new_id
from shared.messaging.codec import Record
from shared.messaging.consumer import Reader, Resume
from shared.outbox.leases import RENEW_S, Lease
from shared.settings import Settings
from shared.store.client import StoreError
from shared.telemetry import metrics

BATCH: Final = 5_000  # entries, some MB: the more at once, the fewer blocks
# What explains a figure may be a moment behind it, and every write of an embedded store waits for its disk.
FLUSH_S: Final = 0.5
LOADED_FLUSH_S: Final = 3.0
FEW_ENTRIES: Final = 100
FETCH_WAIT_MS: Final = 200  # shorter fetches would only heat an idle machine
PARTITION_BYTES: Final = 1 << 17  # of some fifty partitions: a long log must not lie in memory
PAUSE_S: Final = 0.2  # many small portions would heat the broker and the store for nobody
RECORDS_AT_ONCE: Final = 500  # the event loop, and with it the probes, waits for a few hundredths of a second
RETRY_S: Final = 1.0

_log = structlog.get_logger(__name__)

T = TypeVar("T")
NewPartition = Callable[[LedgerHead], Partition]


class Writer:
    """One term of writing: from taking the ledger over until somebody else does, or the process ends."""

    def __init__(
        self, settings: Settings, repository: LedgerRepository, lease: Lease, *, new_partition: NewPartition
    ) -> None:
        self._settings = settings
        self._repository = repository
        self._lease = lease
        self._new_partition = new_partition
        self._name = new_id()
        self._partitions: dict[Place, Partition] = {}
        self._touched: set[Place] = set()
        self._waiting = 0  # entries
        self._unwritten: list[BlockDocument] = []
        self._flushing = asyncio.Lock()
        self._reader: Reader | None = None

    @property
    def trouble(self) -> str | None:
        """Why nothing is being booked, if so."""
        return None if self._reader is not None and self._reader.connected else "waiting for the broker"

    async def run(self, stop: asyncio.Event) -> None:
        """Book until `stop`. Raises: Superseded, LineageChanged or HistoryReplaced, alone or in a group."""
        places = [(topic.name, number) for topic in FACT_TOPICS for number in range(self._settings.kafka_partitions)]
        heads = await self._insist("take over", lambda: self._repository.take_over(self._name, places))
        self._partitions = {(head.topic, head.partition): self._new_partition(head) for head in heads}
        resume = _resume(heads)
        if resume is None:
            self._read_anew()
        self._reader = Reader(
            self._settings,
            FACT_TOPICS,
            apply=self.take,
            restarted=self._read_anew,
            resume=resume,
            fetch_wait_ms=FETCH_WAIT_MS,
            partition_bytes=PARTITION_BYTES,
            pause_s=PAUSE_S,
        )
        async with asyncio.TaskGroup() as tasks:
            beside = [tasks.create_task(self._keep_flushing()), tasks.create_task(self._keep_holding())]
            await self._reader.run(stop)
            for task in beside:
                task.cancel()
        await self.flush()

    async def take(self, records: Sequence[Record]) -> None:
        """Book the next records of one partition. Returns once there is room for more."""
        place = (records[0].topic, records[0].partition)
        partition = self._partitions[place]
        partition.cluster_id = (self._reader.cluster_id if self._reader else None) or partition.cluster_id
        booked = 0
        for start in range(0, len(records), RECORDS_AT_ONCE):
            for record in records[start : start + RECORDS_AT_ONCE]:
                booked += partition.take(record)
            self._touched.add(place)  # after each part: a flush may come in between
            await asyncio.sleep(0)
        metrics.LEDGER_BOOKED.labels(partition.topic).inc(booked)
        self._waiting += booked
        if self._waiting >= BATCH:
            await self.flush()

    async def flush(self) -> None:
        """Write what waits: blocks, then heads. Raises: Superseded."""
        async with self._flushing:
            touched, self._touched, self._waiting = sorted(self._touched), set(), 0
            partitions = [self._partitions[place] for place in touched]
            blocks = self._unwritten + [block for partition in partitions for block in partition.drained()]
            heads = [partition.head() for partition in partitions]
            self._unwritten = blocks  # until the end: the next heads of these partitions vouch for them too
            try:
                # A head vouches for the blocks before it: no reader may see it first.
                await self._insist("add blocks", lambda: self._repository.add(blocks))
                await self._insist("write heads", lambda: self._repository.vouch(self._name, heads))
            except BaseException:
                self._touched.update(touched)
                raise
            self._unwritten = []

    def _read_anew(self) -> None:
        for place, partition in self._partitions.items():
            partition.read_anew()
            self._touched.add(place)

    async def _keep_flushing(self) -> None:
        waited_s = 0.0
        while True:
            await asyncio.sleep(FLUSH_S)
            waited_s += FLUSH_S
            # More since the last flush is load: waiting lets many entries of a unit share a block.
            if self._touched and (self._waiting <= FEW_ENTRIES or waited_s >= LOADED_FLUSH_S):
                await self.flush()
                waited_s = 0.0
            metrics.LEDGER_CAUGHT_UP.set(self._reader is not None and self._reader.caught_up.is_set())

    async def _keep_holding(self) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            try:
                mine = await self._lease.acquire() and await self._repository.is_of(self._name)
            except StoreError:
                continue  # nobody else can take it over meanwhile
            if not mine:
                raise Superseded("another writer holds the lease, or the ledger was discarded")

    async def _insist(self, what: str, attempt: Callable[[], Awaitable[T]]) -> T:
        """Try until the store does it: nothing is read meanwhile, and nothing is lost."""
        while True:
            try:
                return await attempt()
            except StoreError as error:
                _log.warning("the store is away, trying again", what=what, error=type(error).__name__)
                metrics.LEDGER_ERRORS.inc()
                await asyncio.sleep(RETRY_S)


def _resume(heads: Sequence[LedgerHead]) -> Resume | None:
    """Where the log was left, if all heads that have read anything have read the same one."""
    clusters = {head.cluster_id for head in heads if head.offset}
    if len(clusters) != 1:
        return None
    return Resume(clusters.pop(), {(head.topic, head.partition): head.offset for head in heads})
