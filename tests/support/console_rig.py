"""The console over figures that a test sets itself: the real routes, queries and stream, without broker and worker.

Run as a program it serves a made-up city that changes every second: `python -m tests.support.console_rig 8099`.
"""

from __future__ import annotations

import asyncio
import random
import sys
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

import uvicorn
from fastapi import FastAPI

from deploy.embedded.servers import free_port
from services.stats.app import make_app
from services.stats.catalogue import CATALOGUE, generation
from services.stats.feed import Feed
from services.stats.feed.freshness import Freshness, Level
from services.stats.panes import Head, LastEvent, NamedWindow, PaneRecord, encode
from services.stats.queries import Queries
from services.stats.serving.changes import Changes
from services.stats.serving.figures import Figures
from services.stats.settings import StatsSettings
from services.stats.view import Source, View
from shared.clock import SystemClock
from shared.contracts.outbox import Heartbeat
from shared.contracts.stats import Tier
from shared.contracts.topics import FACT_TOPICS
from shared.places import places

ZONE: Final = ZoneInfo("Asia/Ho_Chi_Minh")
CITY: Final = "01"
CLUSTER: Final = "cluster"
LINEAGE: Final = "lineage"
# Per commune and day, as the published year has it.
DAILY: Final = {
    "patrols_completed": 11.6,
    "patrols_completed_security": 8.9,
    "patrols_completed_traffic": 2.7,
    "participant_turns": 36.0,
    "violations_detected": 0.068,
    "fire_incidents_handled": 0.041,
    "rescues_handled": 0.037,
    "security_information_received": 0.39,
    "security_information_valuable": 0.19,
    "crime_reports_received": 0.09,
    "crime_reports_checked": 0.085,
    "crime_reports_verified": 0.05,
    "advisory_documents_issued": 0.09,
    "outreach_sessions": 0.08,
    "outreach_attendances": 8.0,
    "awards_conferred": 0.02,
}
STANDING: Final = {"teams_active": 43, "members_active": 154}


def _cell(tier: Tier, at: datetime) -> tuple[str, int]:
    """The bucket of a local time and its place in it."""
    if tier is Tier.MINUTE:
        return at.strftime("%Y-%m-%dT%H"), at.minute
    if tier is Tier.HOUR:
        return at.strftime("%Y-%m-%d"), at.hour
    return at.strftime("%Y-%m"), at.day


class ScriptedFeed:
    """What the API serves: a view that the test fills, and owners and a worker that it stops at will."""

    def __init__(self) -> None:
        known = places()
        self.generation = generation(CATALOGUE, ZONE, known.digest())
        self.view = View(generation=self.generation, city_of=known.city_of, topic_of=CATALOGUE.topics)
        self.status = "live"
        self.progress: float | None = None
        self.broker_reachable = True
        self.simulated = False
        self.history: dict[str, Any] | None = None
        self.level: Level | None = None
        self.silent_topics: set[str] = set()
        self.worker: dict[str, Any] = {}
        self.skipped: dict[Source, tuple[int, ...]] = defaultdict(tuple)
        self._since = datetime.now(ZONE)
        self._freshness = Freshness(FACT_TOPICS, now=self._since)
        self._committed: dict[Source, int] = defaultdict(int)
        self._amounts: dict[Source, dict[tuple[Tier, str], dict[str, dict[int, int]]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
        )

    def put(self, unit: str, metric: str, amount: int, at: datetime, tiers: tuple[Tier, ...] = tuple(Tier)) -> Source:
        """Add an amount without showing it yet."""
        source = (CATALOGUE.metrics[metric].topic, unit)
        for tier in tiers:
            bucket, index = _cell(tier, at)
            self._amounts[source][tier, bucket][f"{metric}|{unit}"][index] += amount
        return source

    def commit(self, source: Source) -> None:
        """One more event in the owner's log."""
        self._committed[source] += 1

    def position(self, source: Source) -> int:
        return self._committed[source]

    def apply(self, source: Source, *, only: set[tuple[Tier, str]] | None = None) -> frozenset[str]:
        """Show what was put, up to the last committed event. Returns the rows that changed."""
        topic, unit = source
        position, now = self._committed[source], datetime.now(ZONE)
        for (tier, bucket), series in self._amounts[source].items():
            if only is None or (tier, bucket) in only:
                plain = {name: dict(amounts) for name, amounts in series.items()}
                record = PaneRecord(topic, unit, tier, bucket, position, self.generation, plain)
                self.view.take(record.key, encode(record))
        last_event = LastEvent("patrol.completed.v1", now, now)
        head = Head(
            topic=topic,
            unit=unit,
            position=position,
            offset=0,
            partition=0,
            horizon={},
            generation=self.generation,
            lineage=LINEAGE,
            cluster_id=CLUSTER,
            skipped=self.skipped[source],
            last_event=last_event,
        )
        return self.view.take(head.key, encode(head))

    def state(self) -> dict[str, Any]:
        return {"status": self.status, "progress": self.progress}

    def freshness(self, now: datetime) -> dict[str, Any]:
        for topic in FACT_TOPICS:
            if topic.name not in self.silent_topics:
                positions = {unit: at for (name, unit), at in self._committed.items() if name == topic.name}
                self._freshness.take(
                    Heartbeat(
                        topic=topic.name,
                        service=topic.producer,
                        lineage=LINEAGE,
                        cluster_id=CLUSTER,
                        at=now,
                        full=True,
                        positions=positions,
                    ),
                    now=now,
                )
        topics = self._freshness.of(self.view, now=now)
        worst = max((topic.level for topic in topics), key=list(Level).index)
        return {
            "as_of": now.astimezone(ZONE),
            **self.state(),
            "level": (self.level or worst).value,
            "broker_reachable": self.broker_reachable,
            "topics": topics,
            "worker": {"last_head_at": self._since, **self.worker},
            "incomplete_units": sorted({unit for (_, unit), head in self.view.heads.items() if head.skipped}),
            "simulated": self.simulated,
            "history": self.history,
        }


class ConsoleRig:
    """A server on one port that can go away and come back; with a public key it asks for tokens."""

    def __init__(self, port: int | None = None, *, public_key: Path | None = None) -> None:
        self.feed = ScriptedFeed()
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._settings = StatsSettings(port=self.port, local_reader=public_key is None, jwt_public_key_file=public_key)
        self._server: uvicorn.Server | None = None
        self._app: FastAPI | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    # -- the server

    def start(self) -> None:
        self._app = self._make_app()
        config = uvicorn.Config(
            self._app, host="127.0.0.1", port=self.port, log_level="warning", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(20), "the server did not start"

    def stop(self) -> None:
        assert self._server is not None
        assert self._thread is not None
        assert self._loop is not None
        assert self._app is not None
        self._loop.call_soon_threadsafe(self._app.state.readiness.stopping.set)
        self._server.should_exit = True
        self._thread.join(20)

    def _run(self, ready: threading.Event) -> None:
        async def main() -> None:
            assert self._server is not None
            self._loop = asyncio.get_running_loop()
            serving = asyncio.create_task(self._server.serve())
            while not self._server.started and not serving.done():
                await asyncio.sleep(0.01)
            ready.set()
            await serving

        asyncio.run(main())

    def _make_app(self) -> FastAPI:
        clock = SystemClock()
        app = make_app(self._settings, clock)
        queries = Queries(CATALOGUE, places(), ZONE)
        figures = Figures(cast(Feed, self.feed), queries)
        changes = Changes(figures, clock)
        app.state.feed, app.state.queries, app.state.figures, app.state.changes = self.feed, queries, figures, changes

        @asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            running = asyncio.create_task(changes.run())
            yield
            running.cancel()

        app.router.lifespan_context = lifespan
        return app

    def _in_loop(self, act: Callable[[], None]) -> None:
        """Do something to the state where the server reads it."""
        assert self._loop is not None
        done = threading.Event()

        def run() -> None:
            act()
            done.set()

        self._loop.call_soon_threadsafe(run)
        assert done.wait(10)

    # -- what happens in the city

    def record(self, unit: str, metric: str, amount: int = 1, *, counted: bool = True) -> None:
        """An event of this moment; not counted, it is committed by its owner and waits for the worker."""

        def act() -> None:
            now = datetime.now(ZONE)
            source = self.feed.put(unit, metric, amount, now)
            self.feed.commit(source)
            if counted:
                rows = self.feed.apply(source, only={(tier, _cell(tier, now)[0]) for tier in Tier})
                self._changes.notify(rows, source)

        self._in_loop(act)

    def skip(self, unit: str, metric: str) -> None:
        """An event that could not be read: the unit's figures are incomplete."""

        def act() -> None:
            source = (CATALOGUE.metrics[metric].topic, unit)
            self.feed.commit(source)
            self.feed.skipped[source] += (self.feed.position(source),)
            self._changes.notify(self.feed.apply(source, only=set()), source)

        self._in_loop(act)

    @property
    def _changes(self) -> Changes:
        assert self._app is not None
        changes: Changes = self._app.state.changes
        return changes

    def fill(self, *, days: int, except_for: frozenset[str] = frozenset(), seed: int = 7) -> None:
        """Made-up days of all communes up to now; to be called before the start."""
        chance = random.Random(seed)
        now = datetime.now(ZONE)
        for unit in places().communes_of(CITY):
            if unit.code in except_for:
                continue
            size = 0.4 + 1.2 * chance.random()
            for metric, amount in STANDING.items():
                self.feed.put(unit.code, metric, round(amount * size), now - timedelta(days=days), (Tier.DAY,))
            for metric, daily in DAILY.items():
                for back in range(days):
                    self._fill_day(unit.code, metric, daily * size, now - timedelta(days=back), now, chance)
        for source in list(self.feed._amounts):
            self.feed.commit(source)
            self.feed.apply(source)

    def _fill_day(
        self, unit: str, metric: str, mean: float, day: datetime, now: datetime, chance: random.Random
    ) -> None:
        count = max(0, round(chance.gauss(mean, mean**0.5))) if mean > 3 else int(chance.random() < mean)
        if day.date() == now.date():
            count = round(count * (now.hour * 60 + now.minute) / 1440)
        if (now - day).days > 3:
            if count:
                tiers = (Tier.DAY, Tier.HOUR) if (now - day).days < 62 else (Tier.DAY,)
                self.feed.put(unit, metric, count, day, tiers)
            return
        latest = now.hour * 60 + now.minute if day.date() == now.date() else 1439
        for _ in range(count):
            minute = chance.randint(0, latest)
            self.feed.put(unit, metric, 1, day.replace(hour=minute // 60, minute=minute % 60))

    def name_window(self, window: str, title: str, first: date, last: date | None = None) -> None:
        """A campaign with dates; to be called before the start."""
        record = NamedWindow(window, "campaign", CITY, title, first, to_date=last)
        self.feed.view.take(record.key, encode(record))


@contextmanager
def running(rig: ConsoleRig) -> Iterator[ConsoleRig]:
    """The rig while it serves."""
    rig.start()
    try:
        yield rig
    finally:
        with suppress(AssertionError):
            rig.stop()


def _demonstrate(port: int, days: int) -> None:
    rig = ConsoleRig(port)
    rig.feed.simulated = True
    codes = [unit.code for unit in places().communes_of(CITY)]
    silent = frozenset(codes[11:13])
    rig.fill(days=days, except_for=silent)
    rig.name_window("campaign:force", "Phong trào thi đua của lực lượng, chào mừng Đại hội XIV", date(2025, 12, 24))
    reporting = [code for code in codes if code not in silent]
    with running(rig):
        rig.skip(codes[5], "patrols_completed")
        pause = threading.Event()
        chance = random.Random()
        while not pause.wait(0.8):
            rig.record(chance.choice(reporting), chance.choices(list(DAILY), weights=list(DAILY.values()))[0])


if __name__ == "__main__":
    _demonstrate(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 120)
