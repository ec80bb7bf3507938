"""Publications and alerts over figures that a test sets: the real routes and store, without broker and worker.

As a program it keeps an alert of five fires until it is killed:
`python -m tests.integration.desk_rig URI DATABASE KEYS`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self, cast
from uuid import uuid4

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from deploy.keys import rotate_webhook_key
from services.stats.app import make_app
from services.stats.catalogue import CATALOGUE
from services.stats.desk import Desk
from services.stats.feed import Feed
from services.stats.queries.composition import Composition
from services.stats.records import Records
from services.stats.settings import StatsSettings
from services.stats.windows import Interval
from services.stats.writing import LeasedWriter
from shared.clock import Clock, SystemClock
from shared.contracts.stats import Tier
from shared.contracts.topics import Topic
from shared.outbox.sequences import Sequences
from shared.places import places
from shared.security import Role
from shared.store.client import Store
from shared.testing.tokens import TokenMint
from tests.support.console_rig import ZONE, ScriptedFeed

UNIT, OTHER, CITY = "00070", "00004", "01"
NOWHERE = "127.0.0.1:1"  # no broker answers here
FIRES = "fire_incidents_handled"
DAILY = {"patrols_completed": 12, "violations_detected": 1, "crime_reports_received": 1}

Json = dict[str, Any]


@dataclass(frozen=True)
class Booked:
    """An entry of a ledger that the test keeps itself."""

    unit: str
    position: int
    amount: int
    topic: str = "patrols.v1"
    type: str = "patrol.corrected.v1"
    id: str = field(default_factory=lambda: str(uuid4()))
    time: datetime = field(default_factory=lambda: datetime.now(ZONE))
    recordedtime: datetime = field(default_factory=lambda: datetime.now(ZONE))


class Ledger:
    """What the test says was booked."""

    def __init__(self) -> None:
        self.entries: list[Booked] = []
        self.caught_up = True

    async def since(
        self,
        row: str,
        metric: str,
        interval: Interval,
        positions: Mapping[tuple[str, str], int],
        *,
        repaired: Mapping[tuple[str, str], Collection[int]],
    ) -> Sequence[Booked]:
        return [
            each
            for each in self.entries
            for source in [(each.topic, each.unit)]
            if row in (each.unit, CITY)
            and (each.position > positions.get(source, each.position) or each.position in repaired.get(source, ()))
        ]

    async def known(self, positions: Mapping[tuple[str, str], int]) -> bool:
        return self.caught_up


class City:
    """Figures of a made-up city in which something of every topic has happened each day."""

    def __init__(self) -> None:
        self.feed = ScriptedFeed()
        self.noon = datetime.now(ZONE).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
        for back in range(45):
            for metric, amount in (
                ("patrols_completed", 12),
                ("violations_detected", 1),
                ("crime_reports_received", 1),
            ):
                for unit in (UNIT, OTHER):
                    self.feed.put(unit, metric, amount, self.noon - timedelta(days=back), tuple(Tier))
        self.show()

    def happened(self, unit: str, metric: str, amount: int = 1, at: datetime | None = None) -> int:
        """Count it, and show it. Returns the position of its event."""
        source = self.feed.put(unit, metric, amount, at or datetime.now(ZONE), tuple(Tier))
        self.feed.commit(source)
        self.feed.apply(source)
        return self.feed.position(source)

    def show(self) -> None:
        for source in list(self.feed._amounts):
            self.feed.commit(source)
            self.feed.apply(source)


@dataclass
class DeskRig:
    """The API with a scripted feed on a database of its own, and who may call it."""

    city: City
    ledger: Ledger
    desk: Desk
    app: FastAPI
    client: httpx.AsyncClient
    mint: TokenMint

    def as_(self, role: Role, *units: str) -> dict[str, str]:
        return self.mint.headers(role, *(units or (CITY,)), subject=f"{role}-{'-'.join(units)}")

    @property
    def administrator(self) -> dict[str, str]:
        return self.as_(Role.ADMINISTRATOR, CITY)

    async def post(
        self, path: str, body: Any = None, *, by: Mapping[str, str] | None = None, key: str = ""
    ) -> httpx.Response:
        headers = {"Idempotency-Key": key or str(uuid4()), **(by or self.administrator)}
        return await self.client.post(path, json=body, headers=headers)

    async def get(self, path: str, by: Mapping[str, str] | None = None, **query: Any) -> Json:
        answer = await self.client.get(path, params=query, headers=by or self.administrator)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def events(self, topic: Topic, unit: str) -> list[Json]:
        """What the journal of the statistics tells."""
        page = await self.get("/v1/journal", by=self.as_(Role.INTEGRATOR, "*"), topic=topic.name, unit=unit, limit=5000)
        return list(page["events"])

    async def committed(self, topic: Topic) -> int:
        return sum((await Sequences(self.desk.records.runtime.store, topic.name).committed()).values())

    @classmethod
    @asynccontextmanager
    async def running(
        cls, store_uri: str, directory: Path, *, writes: bool = True, clock: Clock | None = None, **said: Any
    ) -> AsyncIterator[Self]:
        """The API; with `writes` its writer works, otherwise a test takes each step itself."""
        mint = TokenMint(directory)
        settings = StatsSettings(
            mongodb_uri=SecretStr(store_uri),
            kafka_bootstrap_servers=NOWHERE,
            jwt_public_key_file=mint.public_key_file,
            **{
                "webhook_keys_file": rotate_webhook_key(directory),
                "alert_look_s": 0.2,
                "alert_settle_s": 0.05,
                "publication_settle_s": 0.1,
                **said,
            },
        )
        city, ledger = City(), Ledger()
        app = make_app(settings, clock or SystemClock(), database=f"test_{uuid4().hex[:12]}")
        desk = desk_of(settings, city, ledger, app.state.desk.records)
        app.state.feed, app.state.desk = city.feed, desk
        stop = asyncio.Event()
        if not writes:
            desk.writer = cast(LeasedWriter, Idle())
        running = asyncio.create_task(desk.run(stop))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://stats") as client:
            await asyncio.wait_for(desk.records.is_open.wait(), 30)
            yield cls(city, ledger, desk, app, client, mint)
        store = desk.records.runtime.store
        stop.set()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await _dropped(store_uri, store.name)


class Idle:
    """In the place of the writer, for tests that take each of its steps themselves."""

    async def run(self, stop: asyncio.Event) -> None:
        await stop.wait()


async def _dropped(store_uri: str, database: str) -> None:
    store = Store.open(store_uri, database)
    await store.drop()
    store.close()


def desk_of(settings: StatsSettings, city: City, ledger: Ledger, records: Records) -> Desk:
    """A desk over made-up figures."""
    return Desk(
        settings,
        SystemClock(),
        cast(Feed, city.feed),
        Composition(CATALOGUE),
        places(),
        city.feed.generation,
        ledger,
        records,
    )


async def _burn(store_uri: str, database: str, keys_file: str) -> None:
    settings = StatsSettings(
        mongodb_uri=SecretStr(store_uri),
        kafka_bootstrap_servers=NOWHERE,
        webhook_keys_file=Path(keys_file),
        webhooks_to_private=True,
        alert_look_s=0.2,
    )
    city = City()
    for _ in range(5):
        city.happened(UNIT, FIRES)
    records = Records(settings, SystemClock(), database=database)
    await desk_of(settings, city, Ledger(), records).run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(_burn(*sys.argv[1:]))
