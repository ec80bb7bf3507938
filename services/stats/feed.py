"""Keeps the served view up to date from the topics; owns which view is served, computes no figure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import orjson
import structlog
from pydantic import ValidationError

from services.stats import snapshots
from services.stats.freshness import Freshness, Level
from services.stats.panes import Head, NamedWindow, encode
from services.stats.settings import StatsSettings
from services.stats.view import Source, View
from shared.clock import Clock
from shared.contracts.outbox import Heartbeat
from shared.contracts.topics import FACT_TOPICS, HEADS, PANES, REGISTRY
from shared.garbage import spare_what_stays
from shared.messaging.admin import BROKER_ERRORS, Admin
from shared.messaging.codec import Record
from shared.messaging.consumer import Reader
from shared.telemetry import metrics

SETTLE_S: Final = 0.2
SAVE_EVERY_S: Final = 30.0
RETRY_S: Final = 1.0

_log = structlog.get_logger(__name__)

NewView = Callable[[], View]
Listener = Callable[[Iterable[str], Source], None]


class Status(StrEnum):
    """What the served figures are: of now, not yet complete, or the last ones while new ones are being made."""

    LIVE = "live"
    CATCHING_UP = "catching_up"
    REBUILDING = "rebuilding"


class Feed:
    """The served view and its freshness.

    A broker that was replaced is read from zero into a new view beside the served one; the readers are switched when
    the new one holds everything that the owners say they have committed.
    """

    def __init__(self, settings: StatsSettings, *, new_view: NewView, generation: str, clock: Clock) -> None:
        self.view = new_view()
        self.status = Status.CATCHING_UP
        self.on_change: Listener = lambda _rows, _source: None
        self.on_switch: Callable[[], None] = lambda: None
        self._settings = settings
        self._new_view = new_view
        self._generation = generation
        self._clock = clock
        self._next: View = self.view
        self._freshness = Freshness(FACT_TOPICS, now=clock.now())
        self._panes = Reader(settings, [PANES], apply=self._apply, restarted=self._restarted)
        self._heads = Reader(settings, [HEADS], apply=self._beat)
        self._last_head_at: datetime | None = None
        self._saved: tuple[View, int] | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the topics until `stop`."""
        self._load()
        await self._ensure_topics(stop)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._panes.run(stop))
            tasks.create_task(self._heads.run(stop))
            tasks.create_task(self._settle(stop))
            tasks.create_task(self._keep_saving(stop))

    async def readiness(self) -> str | None:
        """Ready is who has figures to show, even if they are the last ones."""
        return "the figures are not complete yet" if self.status is Status.CATCHING_UP else None

    def state(self) -> dict[str, Any]:
        """What the served figures are, and how much of the committed events the next ones hold."""
        progress = None if self.status is Status.LIVE else self._freshness.progress(self._next)
        return {"status": self.status.value, "progress": progress}

    def freshness(self, now: datetime) -> dict[str, Any]:
        """Committed against applied, topic by topic, and what else an operator needs to trust the figures."""
        topics = self._freshness.of(self._next, now=now)
        worst = max((topic.level for topic in topics), key=list(Level).index)
        return {
            "as_of": now.astimezone(self._settings.zone),
            **self.state(),
            "level": worst.value,
            "broker_reachable": self._panes.connected,
            "topics": topics,
            "worker": {"last_head_at": self._last_head_at},
            "incomplete_units": sorted(
                {unit for (_, unit), head in self.view.heads.items() if head.skipped or head.waiting_for is not None}
            ),
            "simulated": self._settings.simulated_data,
            "history": self._history(),
        }

    # -- what the topics say

    def _apply(self, records: Sequence[Record]) -> None:
        for record in records:
            if record.key is None:
                continue
            try:
                rows = self._next.take(record.key, record.value)
            except ValueError as error:
                _log.error("record of the state topic is unreadable", key=record.key.decode(), error=str(error))
                continue
            if rows:
                self._applied(record.key, rows)

    def _applied(self, key: bytes, rows: Iterable[str]) -> None:
        _, topic, unit = key.decode().split("/")
        metrics.API_HEADS_APPLIED.labels(topic).inc()
        self._last_head_at = self._clock.now()
        if self._next is self.view:
            self.on_change(rows, (topic, unit))

    def _beat(self, records: Sequence[Record]) -> None:
        for record in records:
            try:
                beat = Heartbeat.model_validate_json(record.value or b"")
            except ValidationError:
                _log.error("heartbeat is unreadable", offset=record.offset)
                continue
            self._freshness.take(beat, now=self._clock.now())

    def _restarted(self) -> None:
        _log.warning("the state topic begins anew; the last figures are served until it is complete")
        if self.status is Status.CATCHING_UP:
            self.view = self._next = self._new_view()
        else:
            self._next = self._new_view()
            self.status = Status.REBUILDING
        self.on_switch()

    async def _settle(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            metrics.API_REBUILDING.set(self.status is Status.REBUILDING)
            if self.status is not Status.LIVE and self._complete():
                self.view, self.status = self._next, Status.LIVE
                spare_what_stays()
                _log.info("the figures are complete")
                self.on_switch()
            await _pause(SETTLE_S, stop)

    def _complete(self) -> bool:
        cluster_id = self._panes.cluster_id
        return cluster_id is not None and self._freshness.is_complete(self._next, cluster_id=cluster_id)

    async def _ensure_topics(self, stop: asyncio.Event) -> None:
        # An embedded broker makes an unknown topic with a wrong number of partitions as soon as somebody asks for it.
        admin = Admin(self._settings)
        try:
            while not stop.is_set():
                try:
                    await admin.ensure_topics(REGISTRY, self._settings.kafka_partitions)
                    return
                except BROKER_ERRORS as error:
                    _log.info("waiting for the broker", error=type(error).__name__)
                    await _pause(RETRY_S, stop)
        finally:
            await admin.close()

    # -- the last figures

    def _load(self) -> None:
        directory = self._settings.snapshot_dir
        snapshot = snapshots.load(directory, generation=self._generation) if directory else None
        if snapshot is None:
            return
        last = self._new_view()
        for key, value in snapshot.records:
            last.take(key, value)
        self.view, self._next = last, self._new_view()
        self.status = Status.REBUILDING
        _log.info("serving the last figures until new ones are complete", taken_at=snapshot.taken_at.isoformat())

    async def _keep_saving(self, stop: asyncio.Event) -> None:
        if self._settings.snapshot_dir is None:
            return
        while not stop.is_set():
            await _pause(SAVE_EVERY_S, stop)
            await self.save()

    async def save(self) -> None:
        """Put the served figures on disk if they are complete and have changed."""
        directory, saved = self._settings.snapshot_dir, (self.view, self.view.version)
        if directory is None or self.status is not Status.LIVE or saved == self._saved:
            return
        others: list[Head | NamedWindow] = [*self.view.windows.values(), *self.view.heads.values()]
        records = [*self.view.dump(), *((record.key, encode(record)) for record in others)]
        snapshot = snapshots.Snapshot(self._generation, self._clock.now(), records)
        await asyncio.to_thread(snapshots.save, directory, snapshot)
        self._saved = saved

    def _history(self) -> dict[str, Any] | None:
        """How far the demonstration's history has come, as its loader writes it down."""
        if self._settings.history_progress_file is None:
            return None
        with suppress(OSError, orjson.JSONDecodeError):
            progress: dict[str, Any] = orjson.loads(self._settings.history_progress_file.read_bytes())
            return progress
        return None


async def _pause(seconds: float, stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
