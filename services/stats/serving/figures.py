"""The figures of the moment: joins the served view with the queries; owns neither."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import orjson

from services.stats.feed import Feed
from services.stats.queries import Queries
from services.stats.queries.areas import Map
from services.stats.queries.selection import Selection
from services.stats.view import Source
from shared.web import tag_of

ROWS_AT_ONCE: Final = 16  # a few milliseconds: the event loop, and with it everybody else, waits no longer
MOST_ROUNDS: Final = 64


class Figures:
    """Answers about the served view, each of one and the same state."""

    def __init__(self, feed: Feed, queries: Queries) -> None:
        self._feed = feed
        self._queries = queries

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
        return self._told(self._queries.shown_table(self._feed.view, selection, now), selection, with_positions)

    def table(
        self, selection: Selection, now: datetime, *, with_positions: bool = False, map_: Map = Map.IS
    ) -> dict[str, Any]:
        """The table of a city, to work with, on either map. Raises: WindowError once a window is no longer there."""
        return self._told(self._queries.table(self._feed.view, selection, now, map_), selection, with_positions)

    def changed_rows(self, selection: Selection, rows: Iterable[str], now: datetime) -> dict[str, Any]:
        """Those of the rows that belong to the table, to be shown."""
        view = self._feed.view
        return {**self._queries.shown_rows(view, selection, rows, now), "version": view.version}

    def tag(self, selection: Selection, now: datetime, *, with_positions: bool) -> dict[str, str]:
        """The headers of the table's weak tag, without making it: it stays the same as long as the figures do."""
        told = [self._queries.contents(self._feed.view, selection, now), self._feed.state(), with_positions]
        return tag_of(orjson.dumps(told), weak=True)

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
