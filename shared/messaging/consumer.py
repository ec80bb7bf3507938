"""Readers of whole topics: every partition from its start, then as records come; keeps no group and no offsets."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from shared.contracts.topics import Topic
from shared.errors import Unavailable
from shared.messaging.admin import BROKER_ERRORS, Admin, BrokerView
from shared.messaging.closing import close_consumer
from shared.messaging.codec import Record
from shared.messaging.fetching import as_fetched
from shared.pausing import pause
from shared.settings import Settings, kafka_client_options

FETCH_WAIT_MS: Final = 20  # an embedded broker looks for new records at half of it, and idle partitions delay busy ones
BATCH_RECORDS: Final = 5_000
PARTITION_BYTES: Final = 1 << 20  # what is fetched ahead of each partition
AWAY_S: Final = 15.0  # for how long somebody waits for a broker who asks once
EMPTY_MS: Final = 200  # ten fetches that bring nothing: what is in the log has been read
CHECK_S: Final = 0.4  # a lost broker is noticed within a second
RETRY_S: Final = 0.3

_log = structlog.get_logger(__name__)


class _StartOver(Exception):
    """The broker is another one, or has lost records; the text says how that showed."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Where an earlier reader of the same topics stopped: on which broker, before which offset of each partition."""

    cluster_id: str
    offsets: Mapping[tuple[str, int], int]


class Reader:
    """Follows topics from their beginning, from their ends, or from where an earlier reader stopped.

    `apply` gets the records of one partition in order, many at a time; if it is a coroutine, nothing more is read until
    it has ended. When the broker turns out to be another one, `restarted` is called and reading begins anew: forget
    what came from the log before.
    """

    def __init__(
        self,
        settings: Settings,
        topics: Sequence[Topic],
        *,
        apply: Callable[[Sequence[Record]], Awaitable[None] | None],
        restarted: Callable[[], None] | None = None,
        from_end: bool = False,
        resume: Resume | None = None,
        fetch_wait_ms: int = FETCH_WAIT_MS,
        partition_bytes: int = PARTITION_BYTES,
        pause_s: float = 0.0,
        at_once: int = BATCH_RECORDS,
        raw: bool = False,
    ) -> None:
        self.caught_up = asyncio.Event()  # all that was in the log has been applied
        self.connected = False  # the broker answered when last asked
        self.cluster_id: str | None = None
        self._settings = settings
        self._topics = tuple(topic.name for topic in topics)
        self._apply = apply
        self._restarted = restarted
        self._from_end = from_end
        self._fetch_wait_ms = fetch_wait_ms
        self._partition_bytes = partition_bytes
        self._pause_s = pause_s  # after each portion: a busy log then comes in fewer and larger ones
        self._raw = raw  # records without topic and partition, which cost less
        self._at_once = at_once  # records that `apply` gets before others have their turn
        self._admin = Admin(settings)
        self._offsets: dict[TopicPartition, int] = {}  # of the next record
        if resume is not None:
            self.cluster_id = resume.cluster_id
            self._offsets = {TopicPartition(*place): offset for place, offset in resume.offsets.items()}

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop`. Raises: what `apply` raises."""
        try:
            while not stop.is_set():
                try:
                    await self._read(stop)
                except _StartOver as error:
                    _log.warning("reading starts over", topics=self._topics, reason=str(error))
                    self._start_over()
                except BROKER_ERRORS as error:
                    self.connected = False
                    _log.debug("broker is away", topics=self._topics, error=repr(error))
                await pause(RETRY_S, stop)
        finally:
            await self._admin.close()

    def _start_over(self) -> None:
        self.cluster_id = None
        self.caught_up.clear()
        self._offsets.clear()
        self._from_end = False  # all that is on a new broker is new
        if self._restarted is not None:
            self._restarted()

    async def _read(self, stop: asyncio.Event) -> None:
        view = await self._admin.look(self._topics)
        if self.cluster_id not in (None, view.cluster_id):
            raise _StartOver(f"another broker answers: {view.cluster_id}, not {self.cluster_id}")
        if not all(topic in view.partitions for topic in self._topics):
            return  # the relays make the topics
        consumer = AIOKafkaConsumer(
            **kafka_client_options(self._settings),
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_wait_ms=self._fetch_wait_ms,
            max_partition_fetch_bytes=self._partition_bytes,
        )
        if self._raw:
            as_fetched(consumer)
        try:
            await consumer.start()
            await self._assign(consumer, view)
            self.cluster_id = view.cluster_id
            self.connected = True
            await self._follow(consumer, stop)
        except OffsetOutOfRangeError as error:
            raise _StartOver("the log was cut or made anew") from error
        finally:
            await close_consumer(consumer)

    async def _assign(self, consumer: AIOKafkaConsumer, view: BrokerView) -> None:
        """Go on where reading stopped; on first reading, begin."""
        assigned = [TopicPartition(topic, number) for topic in self._topics for number in range(view.partitions[topic])]
        consumer.assign(assigned)
        if not self._offsets:
            bounds = consumer.end_offsets if self._from_end else consumer.beginning_offsets
            self._offsets.update(await bounds(assigned))
        for at in assigned:
            consumer.seek(at, self._offsets[at])

    async def _follow(self, consumer: AIOKafkaConsumer, stop: asyncio.Event) -> None:
        check_due = time.monotonic() + CHECK_S
        while not stop.is_set():
            batches = await consumer.getmany(timeout_ms=EMPTY_MS, max_records=BATCH_RECORDS)
            for at, fetched in batches.items():
                for start in range(0, len(fetched), self._at_once):
                    records = fetched[start : start + self._at_once]
                    applying = self._apply(records)
                    if applying is not None:
                        await applying
                    self._offsets[at] = records[-1].offset + 1
                    await asyncio.sleep(0)  # others want to work while a long log is read
            if batches:
                await asyncio.sleep(self._pause_s)
            if not batches and not self.caught_up.is_set():
                # An empty fetch alone may be a slow broker, a told end alone may lie behind the true one.
                ends = await consumer.end_offsets(list(self._offsets))
                if all(self._offsets[at] >= end for at, end in ends.items()):
                    self.caught_up.set()
            if time.monotonic() > check_due:
                await self._check()
                check_due = time.monotonic() + CHECK_S

    async def _check(self) -> None:
        try:
            view = await self._admin.look(self._topics)
            reason = await self._what_was_lost(view)
        except BROKER_ERRORS:
            self.connected = False
            return  # away is not lost: the consumer reconnects
        self.connected = True
        if reason is not None:
            raise _StartOver(reason)

    async def _what_was_lost(self, view: BrokerView) -> str | None:
        if view.cluster_id != self.cluster_id:
            return f"another broker answers: {view.cluster_id}, not {self.cluster_id}"
        for topic in self._topics:
            if topic not in view.partitions:
                return f"{topic} is gone"
            read = sum(at.topic == topic for at in self._offsets)
            if read != view.partitions[topic]:
                return f"{topic} has {view.partitions[topic]} partitions, no longer {read}"
            ends = {at.partition: offset for at, offset in self._offsets.items() if at.topic == topic}
            lost = await self._admin.first_lost(topic, ends)
            if lost is not None:
                return f"{topic}/{lost[0]} ends at {lost[1]}, before {ends[lost[0]]}"
        return None


async def read_all(settings: Settings, topics: Sequence[Topic]) -> list[Record]:
    """Everything that is on these topics now, each partition in order. Raises: Unavailable without a broker."""
    found: list[Record] = []
    stop = asyncio.Event()
    reader = Reader(settings, topics, apply=found.extend, restarted=found.clear)
    reading = asyncio.create_task(reader.run(stop))
    caught_up = asyncio.create_task(reader.caught_up.wait())
    try:
        while not (reading.done() or caught_up.done()):
            await asyncio.wait({reading, caught_up}, timeout=AWAY_S, return_when=asyncio.FIRST_COMPLETED)
            if not (reading.done() or caught_up.done() or reader.connected):
                raise Unavailable(f"No broker answers, or it has no {' and '.join(topic.name for topic in topics)}.")
    finally:
        stop.set()
        caught_up.cancel()
        await reading
    return found
