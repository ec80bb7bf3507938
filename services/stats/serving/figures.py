"""The figures of the moment: joins the served view with the queries; owns neither."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final
from weakref import ref

import orjson

from services.stats.feed import Feed
from services.stats.queries import Queries
from services.stats.queries.areas import Map
from services.stats.queries.selection import Selection
from services.stats.serving.kept import Kept, KeptTables, digest_of, minute_of, tag_for
from services.stats.view import Source
from shared.clock import Clock
from shared.errors import DomainError

ROWS_AT_ONCE: Final = 8  # two milliseconds: the event loop, and with it everybody else, waits no longer
MOST_ROUNDS: Final = 128
GATHER_S: Final = 0.05  # the heads of a flush come together: rows made in between would be made twice

Answer = tuple[dict[str, Any], dict[str, str]]
"""A table, and the headers of its tag."""


class Figures:
    """Answers about the served view, each of one and the same state."""

    def __init__(self, feed: Feed, queries: Queries) -> None:
        self._feed = feed
        self._queries = queries
        self._kept = KeptTables()
        self._wake = asyncio.Event()

    def notify(self, rows: Iterable[str], now: datetime) -> None:
        """Rows of the served view changed; to be called after every head that was applied."""
        self._kept.changed(rows, now)
        self._wake.set()

    async def run(self, clock: Clock) -> None:
        """Make the tables that people read anew as they change, before they are asked for again; until cancelled."""
        while True:
            now = clock.now()
            turn = minute_of(now) + timedelta(minutes=1) - now
            with suppress(TimeoutError):
                async with asyncio.timeout(turn.total_seconds()):
                    await self._wake.wait()
            await asyncio.sleep(GATHER_S)
            self._wake.clear()
            for selection in self._kept.wanted(clock.now()):
                with suppress(DomainError):  # a window that is no longer offered
                    await self._keep_up(selection, clock)

    async def read(self, selection: Selection, clock: Clock, *, with_positions: bool) -> Answer:
        """The table as it is now, of one state, which its positions tell.

        While many of its rows are to be made anew, the one before, as long as that was the newest until a moment ago
        and nobody was told more by this table: `as_of` then is that moment.
        Raises: WindowError once a named window is no longer offered.
        """
        now, view = clock.now(), self._feed.view
        state, kept = self._queries.state(view, selection), self._kept.of(selection)
        as_of: datetime | None = now
        if kept is None or not kept.is_current(view, state, now):
            others = self._queries.prepare(view, selection, now, ROWS_AT_ONCE)
            as_of = kept.newest_until(view, state, now) if kept is not None and others else None
        if kept is None or as_of is None:
            kept = await self._made(selection, clock)
            as_of = kept.content["as_of"]
        kept.read_at = now
        feed = self._feed.state()
        table = kept.told(as_of, feed, with_positions=with_positions)
        return table, tag_for(kept.digest, feed, with_positions=with_positions)

    async def _keep_up(self, selection: Selection, clock: Clock) -> None:
        kept, view = self._kept.of(selection), self._feed.view
        if kept is not None and not kept.is_current(view, self._queries.state(view, selection), clock.now()):
            made = await self._made(selection, clock)
            made.read_at = kept.read_at

    async def _made(self, selection: Selection, clock: Clock) -> Kept:
        """Make the table a few rows at a time; what changed meanwhile, and all that is told of it, at once."""
        await self.prepare(selection, clock.now())
        now, view = clock.now(), self._feed.view
        content = self._queries.shown_table(view, selection, now) | {"version": view.version}
        kept = Kept(
            content=content | {"rows": orjson.Fragment(orjson.dumps(content["rows"]))},
            positions=self._queries.positions(view, selection.city),
            digest=digest_of(self._queries.contents(view, selection, now)),
            view=ref(view),
            state=self._queries.state(view, selection),
            minute=minute_of(now),
            read_at=now,
        )
        self._kept.keep(selection, kept)
        return kept

    async def prepare(self, selection: Selection, now: datetime) -> None:
        """Make the rows that are to be shown a few at a time, so that nobody else waits for all of them.

        Whatever changes meanwhile is left to who shows them.
        """
        rounds = MOST_ROUNDS
        while rounds and self._queries.prepare(self._feed.view, selection, now, ROWS_AT_ONCE):
            rounds -= 1
            await asyncio.sleep(0)

    def snapshot(self, selection: Selection, now: datetime, *, with_positions: bool = False) -> dict[str, Any]:
        """The table of a city to be shown: its rows are JSON. Raises: WindowError once a window is no longer there."""
        self._kept.overtake(selection, now)
        return self._told(self._queries.shown_table(self._feed.view, selection, now), selection, with_positions)

    def table(
        self, selection: Selection, now: datetime, *, with_positions: bool = False, map_: Map = Map.IS
    ) -> dict[str, Any]:
        """The table of a city, to work with, on either map. Raises: WindowError once a window is no longer there."""
        return self._told(self._queries.table(self._feed.view, selection, now, map_), selection, with_positions)

    def changed_rows(self, selection: Selection, rows: Iterable[str], now: datetime) -> dict[str, Any]:
        """Those of the rows that belong to the table, to be shown."""
        view = self._feed.view
        self._kept.overtake(selection, now)
        return {**self._queries.shown_rows(view, selection, rows, now), "version": view.version}

    def tag(self, selection: Selection, now: datetime, *, with_positions: bool) -> dict[str, str]:
        """The headers of the table's weak tag, without making it: it stays the same as long as the figures do."""
        digest = digest_of(self._queries.contents(self._feed.view, selection, now))
        return tag_for(digest, self._feed.state(), with_positions=with_positions)

    def _told(self, table: dict[str, Any], selection: Selection, with_positions: bool) -> dict[str, Any]:
        view = self._feed.view
        positions = {"positions": self._queries.positions(view, selection.city)} if with_positions else {}
        return {**table, **positions, "state": self._feed.state(), "version": view.version}

    def positions_of(self, sources: Iterable[Source]) -> dict[str, dict[str, int]]:
        """The positions that the figures contain, by topic and unit."""
        view = self._feed.view
        found: dict[str, dict[str, int]] = {}
        for topic, unit in sources:
            found.setdefault(topic, {})[unit] = view.position(topic, unit)
        return found

    def freshness(self, now: datetime) -> dict[str, Any]:
        return self._feed.freshness(now)
