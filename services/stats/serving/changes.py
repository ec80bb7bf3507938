"""Pushes what changed to everybody who watches; owns who listens to what, computes no figure."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import orjson
from fastapi.sse import ServerSentEvent

from services.stats.queries.selection import Selection
from shared.clock import Clock
from shared.telemetry import metrics

# Frames follow one another at this distance: a burst costs few computations, and a single event waits for none.
COALESCE_S: Final = 0.02
FRESHNESS_EVERY: Final = timedelta(seconds=2)
# A listener that is this many frames behind gets a new snapshot instead of all that it missed.
BACKLOG_FRAMES: Final = 64

Source = tuple[str, str]  # (topic, unit)


class Figures(Protocol):
    """What the hub asks for; all of it is of one and the same state."""

    async def prepare(self, selection: Selection, now: datetime) -> None: ...

    def snapshot(self, selection: Selection, now: datetime, *, with_positions: bool = False) -> dict[str, Any]: ...

    def changed_rows(self, selection: Selection, rows: Iterable[str], now: datetime) -> dict[str, Any]: ...

    def positions_of(self, sources: Iterable[Source]) -> dict[str, dict[str, int]]: ...

    def freshness(self, now: datetime) -> dict[str, Any]: ...


@dataclass(eq=False, slots=True)
class Listener:
    """One open stream."""

    selection: Selection
    frames: asyncio.Queue[ServerSentEvent]
    missed: bool = False

    def push(self, frame: ServerSentEvent) -> None:
        try:
            self.frames.put_nowait(frame)
        except asyncio.QueueFull:
            self.missed = True


@dataclass(slots=True)
class _Pending:
    rows: set[str] = field(default_factory=set)
    sources: set[Source] = field(default_factory=set)
    everything: bool = False


class Changes:
    """Snapshot first, then changes, coalesced; computed once for all listeners of the same selection."""

    def __init__(self, figures: Figures, clock: Clock) -> None:
        self._figures = figures
        self._clock = clock
        self._listeners: dict[Selection, set[Listener]] = {}
        self._pending = _Pending()
        self._wake = asyncio.Event()

    def notify(self, rows: Iterable[str], source: Source) -> None:
        """Rows of the state changed; to be called after every head that was applied."""
        self._pending.rows.update(rows)
        self._pending.sources.add(source)
        self._wake.set()

    def notify_everything(self) -> None:
        """Another state is served from now on."""
        self._pending.everything = True
        self._wake.set()

    async def stream(self, selection: Selection, stopping: asyncio.Event) -> AsyncIterator[ServerSentEvent]:
        """The frames of one listener until it leaves or the process stops."""
        await self._figures.prepare(selection, self._clock.now())
        with self._listening(selection) as listener:
            now = self._clock.now()
            yield self._snapshot(selection, now)
            yield _frame("freshness", self._figures.freshness(now))
            while not stopping.is_set():
                frame = await _next(listener.frames, stopping)
                if frame is None:
                    return
                yield frame
                if listener.missed and listener.frames.empty():
                    listener.missed = False
                    yield self._snapshot(selection, self._clock.now())

    async def run(self) -> None:
        """Send frames until cancelled."""
        freshness_at = self._clock.now()
        minute = freshness_at.replace(second=0, microsecond=0)
        sent_s = 0.0
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, (freshness_at - self._clock.now()).total_seconds())):
                    await self._wake.wait()
            if self._wake.is_set():
                await asyncio.sleep(max(0.0, sent_s + COALESCE_S - time.monotonic()))
            self._wake.clear()
            now = self._clock.now()
            # Rolling windows lose their oldest pane each minute, whether or not anything happened.
            everything = self._pending.everything or now.replace(second=0, microsecond=0) != minute
            minute = now.replace(second=0, microsecond=0)
            await self._send(now, everything)
            sent_s = time.monotonic()
            if now >= freshness_at:
                freshness_at = now + FRESHNESS_EVERY
                self._broadcast_freshness(now)

    async def _send(self, now: datetime, everything: bool) -> None:
        pending, self._pending = self._pending, _Pending()
        if not (pending.rows or everything):
            return
        for selection, listeners in list(self._listeners.items()):
            await self._figures.prepare(selection, now)
            # From here to the push nothing else runs: a frame tells one state, and who joins later has it already.
            if everything:
                frame = self._snapshot(selection, now)
            else:
                changes = self._figures.changed_rows(selection, pending.rows, now)
                if not changes["rows"]:
                    continue
                frame = _frame("changes", changes | {"positions": self._figures.positions_of(pending.sources)})
            for listener in listeners:
                listener.push(frame)

    def _snapshot(self, selection: Selection, now: datetime) -> ServerSentEvent:
        # With positions: an event may be seen first in a snapshot, and who waits for it must be told.
        return _frame("snapshot", self._figures.snapshot(selection, now, with_positions=True))

    def _broadcast_freshness(self, now: datetime) -> None:
        if not self._listeners:
            return
        frame = _frame("freshness", self._figures.freshness(now))
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.push(frame)

    @contextmanager
    def _listening(self, selection: Selection) -> Iterator[Listener]:
        listener = Listener(selection, asyncio.Queue(BACKLOG_FRAMES))
        self._listeners.setdefault(selection, set()).add(listener)
        metrics.SSE_CLIENTS.inc()
        try:
            yield listener
        finally:
            metrics.SSE_CLIENTS.dec()
            self._listeners[selection].discard(listener)
            if not self._listeners[selection]:
                del self._listeners[selection]


async def _next(frames: asyncio.Queue[ServerSentEvent], stopping: asyncio.Event) -> ServerSentEvent | None:
    """The next frame, or None once the process stops."""
    getting = asyncio.ensure_future(frames.get())
    ending = asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait({getting, ending}, return_when=asyncio.FIRST_COMPLETED)
        return getting.result() if getting.done() else None
    finally:
        getting.cancel()
        ending.cancel()


def _frame(event: str, content: dict[str, Any]) -> ServerSentEvent:
    version = content.get("version")
    return ServerSentEvent(
        raw_data=orjson.dumps(content).decode(), event=event, id=None if version is None else str(version)
    )
