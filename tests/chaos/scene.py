"""What a chaos run consists of: broker, store, relay, workers and a reader of the figures; breaks none of them."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, Self

import orjson

from services.stats.catalogue import CATALOGUE
from services.stats.view import View
from shared.clock import SystemClock
from shared.contracts.topics import FACT_TOPICS, REGISTRY
from shared.messaging.admin import ensure_topics
from shared.messaging.codec import Record
from shared.messaging.consumer import Reader
from shared.outbox.entries import Outbox
from shared.places import Places, places
from shared.settings import Settings
from shared.store.client import Store
from tests.chaos.broker import Broker
from tests.chaos.oracle import Accepted, Source
from tests.chaos.worker import NO_FENCE
from tests.integration.worker_rig import GENERATION, PATIENCE_S, STATE, WorkerProcess, shared_by, until

CAUGHT_UP_S: Final = 240.0  # everything so far again, on a machine that has two cores for all of it


class ChaosWorker(WorkerProcess):
    """A worker that can be told to die at the worst moment."""

    def __init__(self, settings: Settings, *, instance: str, fence: bool) -> None:
        super().__init__(settings, instance=instance)
        self.name = instance
        self._command = [sys.executable, "-m", "tests.chaos.worker", *([] if fence else [NO_FENCE])]

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)


class RelayProcess(ChaosWorker):
    """The relay of all fact topics."""

    def __init__(self, settings: Settings, *, store_uri: str, database: str) -> None:
        super().__init__(settings, instance="relay", fence=True)
        self._command = [sys.executable, "-m", "tests.chaos.relay", store_uri, database]

    async def ready(self, within_s: float = PATIENCE_S) -> None:
        """Return when it publishes every topic."""

        async def relaying() -> bool:
            told = [orjson.loads(line) for line in self.output if '"relaying"' in line]
            return {line["topic"] for line in told} >= {topic.name for topic in FACT_TOPICS}

        await until(relaying, within_s=within_s, what="the relay to publish all topics")


class Follower:
    """The figures as any reader of the panes topic has them."""

    def __init__(self, settings: Settings, known: Places) -> None:
        self.restarts = 0
        self._known = known
        self.view = self._new_view()
        self._reader = Reader(settings, [STATE], apply=self._apply, restarted=self._restarted)

    async def run(self, stop: asyncio.Event) -> None:
        await self._reader.run(stop)

    @property
    def total(self) -> int:
        """How many events the figures contain."""
        return sum(head.position for head in self.view.heads.values())

    @property
    def holes(self) -> dict[str, Any]:
        """What keeps any unit from being whole."""
        return {
            "/".join(source): {"waiting_for": head.waiting_for, "skipped": list(head.skipped)}
            for source, head in self.view.heads.items()
            if head.waiting_for is not None or head.skipped
        }

    def contains(self, positions: Mapping[Source, int]) -> bool:
        """Whether the figures contain everything up to these positions, without a hole."""
        heads = self.view.heads
        reached = all(source in heads and heads[source].position >= last for source, last in positions.items())
        return reached and not self.holes

    def _new_view(self) -> View:
        topics = {metric.id: metric.topic for metric in CATALOGUE.metrics.values()}
        return View(generation=GENERATION, city_of=self._known.city_of, topic_of=topics)

    def _apply(self, records: Sequence[Record]) -> None:
        for record in records:
            if record.key is not None:
                self.view.take(record.key, record.value)

    def _restarted(self) -> None:
        self.restarts += 1
        self.view = self._new_view()


@dataclass(slots=True)
class Scene:
    """Everything that faults are made to and that must come right afterwards."""

    settings: Settings
    broker: Broker
    outbox: Outbox
    relay: RelayProcess
    workers: list[ChaosWorker]
    spare: ChaosWorker
    follower: Follower
    places: Places
    rng: Random
    accepted: Accepted = field(default_factory=Accepted)

    @classmethod
    @asynccontextmanager
    async def set(cls, broker: Broker, store_uri: str, rng: Random, *, fence: bool) -> AsyncIterator[Self]:
        """Two workers, one to spare, a relay and a reader, on a fresh broker and a database of their own."""
        settings = Settings(KAFKA_BOOTSTRAP_SERVERS=broker.address)
        await ensure_topics(settings, [*REGISTRY, STATE])
        database = f"chaos_{os.getpid()}"
        outbox = Outbox(Store.open(store_uri, database), clock=SystemClock(), topics=FACT_TOPICS)
        await outbox.open()
        known = places()
        first, second, spare = (ChaosWorker(settings, instance=name, fence=fence) for name in "abc")
        relay = RelayProcess(settings, store_uri=store_uri, database=database)
        follower, stop = Follower(settings, known), asyncio.Event()
        following = asyncio.create_task(follower.run(stop))
        try:
            for process in (relay, first, second):
                await process.start()
            await relay.ready()
            await shared_by(first, second)
            yield cls(settings, broker, outbox, relay, [first, second], spare, follower, known, rng)
        finally:
            for process in (first, second, spare, relay):
                with suppress(AssertionError, ProcessLookupError):  # never started
                    await process.kill()
            stop.set()
            await following
            await outbox.store.drop()
            outbox.store.close()

    def others(self, worker: ChaosWorker) -> list[ChaosWorker]:
        return [other for other in self.workers if other is not worker]

    async def all_ready(self) -> None:
        """Every process does its work."""
        for worker in self.workers:
            await worker.ready()

    async def caught_up(self, positions: Mapping[Source, int]) -> None:
        """Wait until the figures contain this much. Raises: TimeoutError."""

        async def contained() -> bool:
            return self.follower.contains(positions)

        await until(contained, within_s=CAUGHT_UP_S, what="the figures to contain what was committed")
