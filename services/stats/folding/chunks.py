"""Faust's transport in chunks: one message is everything fetched of one partition. Decodes and folds nothing.

Leans on private names of faust-streaming 0.15.3; `tests/integration/test_chunks.py` pins what they do.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final, cast

import faust
import faust.streams
from aiokafka import AIOKafkaConsumer
from faust.transport.drivers import aiokafka as driver
from faust.transport.utils import DefaultSchedulingStrategy
from faust.types import TP, ConsumerMessage

from shared.messaging.codec import Fetched
from shared.messaging.fetching import as_fetched

FAUST_VERSION: Final = "0.15.3"
# aiokafka has one fetch in flight per broker: an idle partition makes its neighbours wait this long.
FETCH_MAX_WAIT_MS: Final = 20

Chunk = Sequence[Fetched]
ResumeOffsets = Callable[[set[TP]], Mapping[TP, int]]


class ChunkScheduler(DefaultSchedulingStrategy):  # type: ignore[misc]
    """Hands on what was fetched of each partition as one piece."""

    def iterate(self, records: Mapping[TP, list[Any]]) -> Iterator[tuple[TP, Any]]:
        """One (partition, chunk) for every partition that was fetched."""
        return ((tp, chunk) for tp, chunk in records.items() if chunk)


class ChunkConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """The thread that owns the Kafka consumer, with short fetches."""

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_MAX_WAIT_MS  # Faust writes 1500 here and has no setting for it
        return as_fetched(consumer)


class ChunkConsumer(driver.Consumer):  # type: ignore[misc]
    """A consumer whose message is a chunk: its offset is that of its last record, its value the records."""

    def _new_consumer_thread(self) -> ChunkConsumerThread:
        return ChunkConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def _to_message(self, tp: TP, record: Chunk) -> ConsumerMessage:
        last = record[-1]
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            last.offset,
            last.timestamp / 1_000,
            0,
            None,
            None,
            cast(bytes, record),
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    def on_buffer_full(self, tp: TP) -> None:
        """Keep fetching: a full buffer blocks the reader, and a partition taken out would sleep for a second."""

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        # The offsets between two chunks are the records of the second one, not a gap.
        return None

    def _new_offset(self, tp: TP) -> int | None:
        acked: list[int] = self._acked[tp]
        if not acked:
            return None
        highest = max(acked)  # chunks are acknowledged in order, so everything below is done
        acked.clear()
        self._acked_index[tp].clear()
        return highest + 1

    async def perform_seek(self) -> None:
        """Read on where the state says; what the group committed is for lag metrics and may be ahead of it."""
        resume = cast(ChunkTransport, self.transport).resume_offsets(self.assignment())
        await self.seek_wait(resume)
        self._read_offset.update({tp: offset or None for tp, offset in resume.items()})
        self._committed_offset.update({tp: offset or None for tp, offset in resume.items()})


class ChunkTransport(driver.Transport):  # type: ignore[misc]
    """Faust's Kafka transport with chunks, resuming where `resume_offsets` says."""

    Consumer: ClassVar[type[ChunkConsumer]] = ChunkConsumer
    resume_offsets: ResumeOffsets


class RawChunks(faust.Schema):  # type: ignore[misc]
    """Leaves a chunk as it is; decoding belongs to the fold."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> None:
        """A chunk has no key of its own."""

    def loads_value(self, app: Any, message: Any, **_: Any) -> Chunk:
        """The records of the chunk."""
        return cast(Chunk, message.value)


def require_pinned_faust() -> None:
    """Raises: RuntimeError where the installed Faust is not the one that the chunks are written for."""
    installed = importlib.metadata.version("faust-streaming")
    if installed != FAUST_VERSION:
        raise RuntimeError(f"faust-streaming {installed} is installed; the chunks are written for {FAUST_VERSION}.")
    if faust.streams._CStreamIterator is None:
        # The pure-Python stream acknowledges events that it skipped in a rebalance: they would be lost.
        raise RuntimeError("Faust's compiled stream module is missing; install the wheel of faust-streaming.")


def use_chunks(app: faust.App, resume_offsets: ResumeOffsets) -> None:
    """Let `app` read chunks and resume where `resume_offsets` says; its scheduler must be ChunkScheduler."""
    transport = ChunkTransport(app.conf.broker_consumer, app)
    transport.resume_offsets = resume_offsets
    app.transport = transport
