"""Whether memory stays bound: a steady stream of events, and what worker and API hold, minute by minute.

Facts lie at a few fixed moments in a few communes, so that the first minutes fill every cell of their panes, those of
the rarest metrics too: what grows then is a leak. (With all communes and a whole hour, cells go on being filled for
longer than anybody watches.) Events go straight to the broker, numbered as an outbox numbers them; worker and API are
the real ones, and the API is asked.
"""

import asyncio
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Annotated, Final

import httpx
import typer

from deploy.embedded.memory import resident_mb
from deploy.keys import JWT_PUBLIC, make_keys
from shared.contracts.outbox import Heartbeat
from shared.contracts.topics import FACT_TOPICS, HEADS
from shared.messaging.admin import cluster_id
from shared.messaging.producer import partition_of
from shared.places import places
from shared.settings import Settings
from tests import servers
from tests.chaos.load import CITY
from tests.chaos.stories import Chance, Stories
from tests.integration.worker_rig import Log, WorkerProcess

WARM_UP_MINUTES: Final = 5
GROWTH_LIMIT: Final = 0.01
TICK_S: Final = 0.1
BEAT_S: Final = 5.0
COMMUNES: Final = 4
MOMENTS: Final = tuple(timedelta(minutes=minutes) for minutes in (20, 40, 60))
WINDOWS: Final = ("PT1H", "PT24H", "P30D", "year")


class ApiProcess(WorkerProcess):
    """The statistics API, open to a local reader."""

    def __init__(self, settings: Settings, *, keys: Path, store_uri: str) -> None:
        super().__init__(settings, instance="api")
        make_keys(keys)
        self._command = [sys.executable, "-m", "services.stats", "api"]
        self._environment |= {
            "PULSE_PORT": str(self.port),
            "PULSE_LOCAL_READER": "true",
            "PULSE_JWT_PUBLIC_KEY_FILE": str(keys / JWT_PUBLIC),
            "MONGODB_URI": store_uri,
        }

    async def ask(self, window: str) -> None:
        """Read one table as a console does."""
        url = f"http://127.0.0.1:{self.port}/v1/figures"
        async with httpx.AsyncClient(timeout=30.0) as client:
            (await client.get(url, params={"city": CITY, "window": window})).raise_for_status()


@dataclass
class Soak:
    """A stream of events and everything that takes it in."""

    log: Log
    worker: WorkerProcess
    api: ApiProcess
    held_mb: dict[str, list[float]] = field(default_factory=lambda: {"worker": [], "api": []})
    events: int = 0

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator["Soak"]:
        kind = servers.chosen()
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            with servers.broker(kind, directory) as address, servers.store(kind, directory) as uri:
                settings = Settings(KAFKA_BOOTSTRAP_SERVERS=address)
                log = await Log.open(settings)
                api = ApiProcess(settings, keys=directory / "keys", store_uri=uri)
                async with WorkerProcess(settings) as worker, api:
                    yield cls(log, worker, api)
                await log.close()

    async def run(self, *, minutes: int, events_per_s: int) -> None:
        """Stream, ask and weigh."""
        tasks = [asyncio.create_task(work) for work in (self._stream(events_per_s), beat(self.log), self._ask())]
        weighing = asyncio.create_task(self._weigh(minutes))
        try:
            done, _ = await asyncio.wait({*tasks, weighing}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _stream(self, events_per_s: int) -> None:
        began_at = datetime.now(UTC)
        units = [CITY, *(unit.code for unit in places().communes_of(CITY)[:COMMUNES])]
        chance = Chance(Random(1), units, lambda rng, now: now - rng.choice(MOMENTS))
        stories, began = Stories(chance, name="soak"), time.monotonic()
        while True:
            due = int((time.monotonic() - began) * events_per_s) - self.events
            some = [event for _ in range(due) for event in stories.next(began_at)]
            await self.log.publish(some)
            self.log.records.clear()  # nothing is sent again here
            self.events += len(some)
            await asyncio.sleep(TICK_S)

    async def _ask(self) -> None:
        await self.api.ready()
        while True:
            for window in WINDOWS:
                await self.api.ask(window)
                await asyncio.sleep(1.0)

    async def _weigh(self, minutes: int) -> None:
        for minute in range(1, minutes + 1):
            await asyncio.sleep(60.0)
            for name, process in (("worker", self.worker), ("api", self.api)):
                self.held_mb[name].append(resident_mb(process.pid))
            lag = await self.worker.metric("pulse_worker_lag_events")
            held = ", ".join(f"{name} {held[-1]:.1f} MB" for name, held in self.held_mb.items())
            print(f"minute {minute:>3}: {held}, {self.events:,} events, {lag:,.0f} not folded yet", flush=True)

    def growth(self, name: str) -> float | None:
        """By how much a process has grown since the warm-up; None while that lasts."""
        held = self.held_mb[name]
        return held[-1] / held[WARM_UP_MINUTES - 1] - 1 if len(held) > WARM_UP_MINUTES else None


async def beat(log: Log) -> None:
    """Say every few seconds what is committed, as relays do."""
    cluster = await cluster_id(log.settings)
    while True:
        for topic in FACT_TOPICS:
            positions = {unit: at for (name, unit), at in Counter(log.positions).items() if name == topic.name}
            told = Heartbeat(
                topic=topic.name, service="soak", lineage=log.lineage, cluster_id=cluster,
                at=datetime.now(UTC), full=True, positions=positions,
            )  # fmt: skip
            partition = partition_of(topic.name, log.settings.kafka_partitions)
            await log.producer.send(HEADS.name, told.model_dump_json().encode(), topic.name.encode(), partition)
        await asyncio.sleep(BEAT_S)


async def soak(minutes: int, events_per_s: int) -> bool:
    """Whether nothing has grown."""
    async with Soak.running() as running:
        await running.run(minutes=minutes, events_per_s=events_per_s)
    growths = {name: running.growth(name) for name in running.held_mb}
    for name, growth in growths.items():
        print(f"{name}: {'too short to tell' if growth is None else f'{growth:+.2%} after the first 5 minutes'}")
    return all(growth is None or growth < GROWTH_LIMIT for growth in growths.values())


def main(
    minutes: Annotated[int, typer.Option(help="how long")] = 30,
    rate: Annotated[int, typer.Option(help="events a second")] = 2_000,
) -> None:
    """Exit code 1 if worker or API has grown by one per cent or more after the first five minutes."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # topics that were just made have no leader yet
    sys.exit(0 if asyncio.run(soak(minutes, rate)) else 1)


if __name__ == "__main__":
    typer.run(main)
