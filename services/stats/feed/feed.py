"""Keeps the served view up to date from the topics; owns which state is served, computes no figure."""

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

from services.stats.feed.attendance import Attendance, Attention
from services.stats.feed.building import building, last_check, refusals
from services.stats.feed.following import Following, NewView
from services.stats.feed.freshness import Freshness, Level
from services.stats.feed.last_figures import LastFigures
from services.stats.generations.control import Control, generation_of
from services.stats.settings import StatsSettings
from services.stats.view import Source, View
from shared.clock import Clock
from shared.contracts.outbox import Heartbeat
from shared.contracts.stats import Rules
from shared.contracts.topics import FACT_TOPICS, HEADS, PANES, REGISTRY
from shared.garbage import spare_what_stays
from shared.messaging.admin import BROKER_ERRORS, Admin
from shared.messaging.codec import Record
from shared.messaging.consumer import Reader
from shared.pausing import pause
from shared.telemetry import metrics

SETTLE_S: Final = 0.2
ATTEND_S: Final = 1.0
SAVE_EVERY_S: Final = 30.0
RETRY_S: Final = 1.0
BEATS_WAIT_MS: Final = 250  # beats of workers and owners come every 5 s: nobody waits for a fraction of a second

_log = structlog.get_logger(__name__)

Listener = Callable[[Iterable[str], Source], None]
Uncounted = Callable[[Rules | None], frozenset[str]]
"""The figures of this process that a state of other rules does not count, or counts otherwise."""


class Status(StrEnum):
    """What the served figures are: of now, not yet complete, the last ones while new ones are made, or standing still.

    Figures stand still while nobody folds, or while those who do cannot go on: nobody knows whether they are of now.
    """

    LIVE = "live"
    CATCHING_UP = "catching_up"
    REBUILDING = "rebuilding"
    STALLED = "stalled"


class Feed:
    """The served view and its freshness.

    Another state, or a broker that was replaced, is read from zero into a new view beside the served one; the readers
    are switched when the new one holds everything that the owners say they have committed. While it is another state
    on the same broker, the served one is kept up by its own workers and stays live.
    """

    def __init__(
        self, settings: StatsSettings, *, new_view: NewView, uncounted: Uncounted, generation: str, clock: Clock
    ) -> None:
        self.control = Control()
        self.on_change: Listener = lambda _rows, _source: None
        self.on_switch: Callable[[], None] = lambda: None
        self._settings = settings
        self._new_view = new_view
        self._uncounted = uncounted
        self._generation = generation
        self._clock = clock
        self._phase = Status.CATCHING_UP
        self._freshness = Freshness(FACT_TOPICS, now=clock.now())
        topics = [topic.name for topic in FACT_TOPICS]
        self._attendance = Attendance(topics, settings.kafka_partitions, now=clock.now())
        self._states = Reader(
            settings,
            [PANES],
            apply=self._hear,
            restarted=self._forget,
            fetch_wait_ms=BEATS_WAIT_MS,
        )
        self._heads = Reader(settings, [HEADS], apply=self._beat, fetch_wait_ms=BEATS_WAIT_MS)
        self._left: Following | None = None
        self._reading = self._follow(generation)
        self.view = self._reading.view
        self._served_state = self._reading.state
        self._attention = self._attend()
        self._last_head_at: datetime | None = None
        self._last = LastFigures(settings, generation, clock, new_view=new_view)

    @property
    def status(self) -> Status:
        """What the served figures are."""
        stands = self._phase is Status.LIVE and self._attention.is_trouble
        return Status.STALLED if stands else self._phase

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the topics until `stop`."""
        last = self._last.load()
        if last is not None:
            self.view, self._phase = last, Status.REBUILDING
        await self._ensure_topics(stop)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._states.run(stop))
            tasks.create_task(self._heads.run(stop))
            self._reading.start(tasks, stop)
            tasks.create_task(self._settle(tasks, stop))
            tasks.create_task(self._keep_attending(stop))
            tasks.create_task(self._keep_saving(stop))

    async def readiness(self) -> str | None:
        """Ready is who has figures to show, even if they are the last ones."""
        return "the figures are not complete yet" if self._phase is Status.CATCHING_UP else None

    def state(self) -> dict[str, Any]:
        """What the served figures are, and how much of the committed events the next ones hold."""
        progress = None if self._phase is Status.LIVE else self._freshness.progress(self._reading.view)
        return {"status": self.status.value, "progress": progress}

    def freshness(self, now: datetime) -> dict[str, Any]:
        """Committed against applied, topic by topic, and what else an operator needs to trust the figures."""
        topics = self._freshness.of(self._judged, now=now)
        self._attention = attention = self._attend()
        worst = max((attention.level, *(topic.level for topic in topics)), key=list(Level).index)
        return {
            "as_of": now.astimezone(self._settings.zone),
            **self.state(),
            "level": worst.value,
            "broker_reachable": self._reading.connected,
            "topics": topics,
            "worker": {
                "last_head_at": self._last_head_at,
                "workers": attention.workers,
                "partitions": attention.partitions,
                "unattended": attention.unattended,
                "silent": attention.silent,
                "silent_since": attention.silent_since,
                "silence_s": attention.silence_s,
                "stopped": attention.stopped,
            },
            "generation": building(self.control, served=self._served_state, own=self._generation, now=now),
            "incomplete_units": sorted(self.view.incomplete_units()),
            "simulated": self._settings.simulated_data,
            "history": self._history(),
        }

    # -- what the topics say

    @property
    def _judged(self) -> View:
        """The view that the owners' positions are held against: while the last figures are served, the next ones."""
        return self.view if self._phase is Status.LIVE else self._reading.view

    def _applied(self, following: Following, rows: Iterable[str], source: Source) -> None:
        metrics.API_HEADS_APPLIED.labels(source[0]).inc()
        if following.state == self._reading.state:
            self._last_head_at = self._clock.now()
        if following.view is self.view:
            self.on_change(rows, source)

    def _hear(self, records: Sequence[Record]) -> None:
        for record in records:
            try:
                self.control.take(record.key or b"", record.value, now=self._clock.now())
            except ValueError as error:
                _log.error("a record of the control topic is unreadable", error=str(error))

    def _forget(self) -> None:
        self.control.clear()

    def _beat(self, records: Sequence[Record]) -> None:
        for record in records:
            try:
                beat = Heartbeat.model_validate_json(record.value or b"")
            except ValidationError:
                _log.error("heartbeat is unreadable", offset=record.offset)
                continue
            self._freshness.take(beat, now=self._clock.now())

    def _restarted(self, following: Following) -> None:
        if following not in (self._reading, self._left):
            return
        _log.warning("the state begins anew; the last figures are served until it is complete", state=following.state)
        if self._phase is Status.CATCHING_UP and following is self._reading:
            self._show(following)
        else:
            self._phase = Status.REBUILDING
        self.on_switch()

    # -- which state is served

    async def _settle(self, tasks: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._steer(tasks, stop)
            is_next = self._reading.view is not self.view
            if (self._phase is not Status.LIVE or is_next) and self._complete():
                self._switch()
            await pause(SETTLE_S, stop)

    async def _keep_attending(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._attention = self._attend()
            self._measure()
            await pause(ATTEND_S, stop)

    def _steer(self, tasks: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        """Read the state that the pointer names."""
        pointer = self.control.pointer
        if pointer is None or not self._states.caught_up.is_set() or pointer.state == self._reading.state:
            return
        _log.warning("readers are led to another state", state=pointer.state, reason=pointer.reason)
        former, self._reading = self._reading, self._follow(pointer.state)
        self._reading.start(tasks, stop)
        if self._phase is Status.CATCHING_UP:
            self._show(self._reading)
        if former.view is self.view:
            self._left = former  # goes on until the next one is complete
        else:
            former.let_go()

    def _switch(self) -> None:
        self._show(self._reading)
        self._phase = Status.LIVE
        left, self._left = self._left, None
        if left is not None:
            left.let_go()
        self._attention = self._attend()
        spare_what_stays()
        _log.info("the figures are complete", state=self._served_state)
        self.on_switch()

    def _follow(self, state: str) -> Following:
        return Following(
            self._settings,
            state,
            new_view=self._new_view,
            on_head=self._applied,
            on_restart=self._restarted,
        )

    def _show(self, following: Following) -> None:
        """Serve the view, without the figures that its rules do not count as this process does."""
        self.view, self._served_state = following.view, following.state
        if following.generation != self._generation:
            self.view.uncounted = self._uncounted(self.control.rules.get(following.generation))

    def _complete(self) -> bool:
        cluster_id = self._reading.cluster_id
        return cluster_id is not None and self._freshness.is_complete(self._reading.view, cluster_id=cluster_id)

    def _attend(self) -> Attention:
        # While another state is being read, the served one is only as good as those who keep it up.
        state = self._served_state if self._phase is Status.LIVE else self._reading.state
        stopped = self._freshness.replaced(self._judged)
        return self._attendance.of(self.control, state, now=self._clock.now(), stopped=stopped)

    def _measure(self) -> None:
        metrics.API_REBUILDING.set(self._phase is Status.REBUILDING)
        metrics.API_STALLED.set(self._attention.is_trouble)
        metrics.API_WORKERS_SILENT.set(self._attention.silence_s or 0)
        metrics.GENERATIONS_REFUSED.set(refusals(self.control, self._clock.now()))
        last = last_check(self.control)
        if last is not None:
            metrics.SELF_CHECK_DIFFERING.set(last["differing"] if last["outcome"] != "failed" else -1)
            metrics.SELF_CHECK_AT.set(last["ended_at"].timestamp())

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
                    await pause(RETRY_S, stop)
        finally:
            await admin.close()

    # -- the last figures

    async def save(self) -> None:
        """Put the served figures on disk if they are complete and of this process's rules."""
        if self._phase is Status.LIVE and generation_of(self._served_state) == self._generation:
            await self._last.save(self.view)

    async def _keep_saving(self, stop: asyncio.Event) -> None:
        while self._last.are_kept and not stop.is_set():
            await pause(SAVE_EVERY_S, stop)
            await self.save()

    def _history(self) -> dict[str, Any] | None:
        """How far the demonstration's history has come, as its loader writes it down."""
        if self._settings.history_progress_file is None:
            return None
        with suppress(OSError, orjson.JSONDecodeError):
            progress: dict[str, Any] = orjson.loads(self._settings.history_progress_file.read_bytes())
            return progress
        return None
