"""The relay of one topic: terms of office from taking the lease to losing it, the broker or the store."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import structlog
from aiokafka import AIOKafkaProducer

from shared.clock import Clock
from shared.contracts.topics import REGISTRY, Topic
from shared.messaging.admin import BROKER_ERRORS, Admin
from shared.messaging.closing import abandon_producer
from shared.messaging.producer import open_producer
from shared.outbox.broker import BrokerLost, least_ends, what_was_lost
from shared.outbox.entries import Hints
from shared.outbox.heartbeats import BEAT_S, Heartbeats
from shared.outbox.leases import RENEW_S, Lease
from shared.outbox.lineage import lineage_of
from shared.outbox.publisher import Publisher
from shared.outbox.sequences import Sequences
from shared.outbox.stream import CommitStream
from shared.outbox.watermarks import Publication, Publications, Watermarks
from shared.outbox.wishes import wishes_for
from shared.settings import Settings
from shared.store.client import Store, StoreError
from shared.telemetry.metrics import BROKER_LOST, RELAY_LEADER

LOOK_S: Final = 1.0  # between looks at all counters while no change stream tells of commits elsewhere
LOOK_WATCHED_S: Final = 5.0  # while one does: 3,321 counters cost an embedded store 70 ms a look
BROKER_CHECK_S: Final = 0.4  # a lost broker is noticed within a second
DRAIN_S: Final = 3.0  # for what was committed just before a stop

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class CancelledByNobody(Exception):
    """A library let a cancellation of its own out: a task group would take it for the wished end of a part."""


async def unless_cancelled(part: Coroutine[Any, Any, T]) -> T:
    """What the part gives. Raises: CancelledByNobody where it is cancelled and nobody has asked for that."""
    try:
        return await part
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise CancelledByNobody("a part of the relay was cancelled from within") from None


class TermEnded(Exception):
    """The lease went to another relay, or a stop was asked for."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a term is made of; tests put in parts that break a rule, and show that it mattered."""

    watermarks: Callable[[Store, Publication], Watermarks] = Watermarks
    producer: Callable[[Settings], Awaitable[AIOKafkaProducer]] = open_producer


class TopicRelay:
    """Publishes one topic whenever it holds the topic's lease."""

    def __init__(
        self, store: Store, settings: Settings, topic: Topic, *, hints: Hints, clock: Clock, parts: Parts
    ) -> None:
        self._store = store
        self._settings = settings
        self._partitions = settings.kafka_partitions
        self._topic = topic
        self._hints = hints
        self._clock = clock
        self._parts = parts
        self._admin = Admin(settings)
        self._lease = Lease(store, topic.name)
        self._sequences = Sequences(store, topic.name)
        # Without one, every commit is of this process and comes with a hint.
        self._stream = CommitStream(store, topic.name, hints) if settings.outbox_shared else None
        self._leading = False

    @property
    def leading(self) -> bool:
        """Whether this relay publishes the topic now."""
        return self._leading

    async def run_term(self, stop: asyncio.Event) -> bool:
        """Serve one term if the lease can be had; whether it could.

        Raises: BrokerLost, StoreError, TopicMismatch or one of BROKER_ERRORS, alone or in a group.
        """
        if stop.is_set() or not await self._lease.acquire():
            return False
        RELAY_LEADER.labels(self._topic.name).set(1)
        try:
            await self._serve(stop)
        except* TermEnded:
            pass
        finally:
            RELAY_LEADER.labels(self._topic.name).set(0)
        return True

    async def close(self) -> None:
        """Let another relay follow at once."""
        with suppress(StoreError):
            await self._lease.release()
        await self._admin.close()

    async def _serve(self, stop: asyncio.Event) -> None:
        publication = await self._publication()
        watermarks = self._parts.watermarks(self._store, publication)
        published, committed = await watermarks.load(), await self._sequences.committed()
        producer = await self._parts.producer(self._settings)
        publisher = Publisher(
            self._sequences,
            partitions=self._partitions,
            published=published,
            watermarks=watermarks,
            producer=producer,
            clock=self._clock,
            carried=self._hints.entry,
        )
        publisher.offer(committed.items())
        self._leading = True
        _log.info("relaying", topic=self._topic.name, cluster=publication.cluster_id, epoch=publication.epoch)
        try:
            async with asyncio.TaskGroup() as term:
                term.create_task(unless_cancelled(watermarks.run()))
                term.create_task(unless_cancelled(publisher.run()))
                term.create_task(unless_cancelled(self._hold_lease()))
                term.create_task(unless_cancelled(self._look(publisher)))
                term.create_task(unless_cancelled(self._watch_broker(publisher, publication)))
                term.create_task(unless_cancelled(self._beat(publisher, publication, producer)))
                if self._stream is not None:
                    term.create_task(unless_cancelled(self._stream.run()))
                term.create_task(
                    unless_cancelled(wishes_for(self._topic.name, self._settings, publisher.rewind).run(stop))
                )
                term.create_task(self._end(stop, publisher))
        finally:
            self._leading = False
            await abandon_producer(producer)
            with suppress(StoreError):
                await watermarks.flush()

    async def _publication(self) -> Publication:
        """The life of the topic that this broker holds; a new one when it holds none, or not all of it."""
        publications = Publications(self._store)
        publication = await publications.current(self._topic.name)
        view = await self._admin.look([self._topic.name])
        if publication is not None:
            published = await self._parts.watermarks(self._store, publication).load()
            reason = await what_was_lost(self._admin, view, publication, least_ends(published, self._partitions))
            if reason is None:
                return publication
            BROKER_LOST.inc()
            _log.warning("broker lost its data: publishing all again", topic=self._topic.name, reason=reason)
        await self._admin.ensure_topics(REGISTRY, self._partitions)
        return await publications.begin(self._topic.name, view.cluster_id, after=publication)

    async def _hold_lease(self) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            if not await self._lease.acquire():
                raise TermEnded

    async def _look(self, publisher: Publisher) -> None:
        """Offer what is committed: at once where a hint says so, and everything again and again."""
        while True:
            publisher.offer((await self._sequences.committed()).items())
            publisher.tell_lag()
            wait_s = LOOK_WATCHED_S if self._stream is None or self._stream.works else LOOK_S
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    while True:
                        await self._hints.wake.wait()
                        publisher.offer(self._hints.take().items())

    async def _watch_broker(self, publisher: Publisher, publication: Publication) -> None:
        while True:
            await asyncio.sleep(BROKER_CHECK_S)
            ends = dict(publisher.ends)
            try:
                view = await self._admin.look([self._topic.name])
                reason = await what_was_lost(self._admin, view, publication, ends)
            except BROKER_ERRORS:
                continue  # away is not lost: the producer keeps trying
            if reason is not None:
                raise BrokerLost(reason)

    async def _beat(self, publisher: Publisher, publication: Publication, producer: AIOKafkaProducer) -> None:
        heartbeats = Heartbeats(
            self._topic,
            publication,
            lineage=await lineage_of(self._store),
            partitions=self._partitions,
            clock=self._clock,
        )
        while True:
            await heartbeats.send(heartbeats.next(publisher.committed), producer)
            await asyncio.sleep(BEAT_S)

    async def _end(self, stop: asyncio.Event, publisher: Publisher) -> None:
        await stop.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                publisher.offer(self._hints.take().items())
                await publisher.drained()
        raise TermEnded
