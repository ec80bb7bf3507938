"""The figures of the moment: joins the served view with the queries; owns neither."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from services.stats.areas import Map
from services.stats.feed import Feed
from services.stats.queries import Queries, Selection
from services.stats.view import Source


class Figures:
    """Answers about the served view, each of one and the same state."""

    def __init__(self, feed: Feed, queries: Queries) -> None:
        self._feed = feed
        self._queries = queries

    def snapshot(
        self, selection: Selection, now: datetime, *, with_positions: bool = False, map_: Map = Map.IS
    ) -> dict[str, Any]:
        """The table of a city. Raises: WindowError once the named window is no longer offered."""
        view = self._feed.view
        answer = self._queries.table(view, selection, now, map_)
        if with_positions:
            answer["positions"] = self._queries.positions(view, selection.city)
        return {**answer, "state": self._feed.state(), "version": view.version}

    def changed_rows(self, selection: Selection, rows: Iterable[str], now: datetime) -> dict[str, Any]:
        """Those of the rows that belong to the table, computed anew."""
        view = self._feed.view
        return {**self._queries.rows(view, selection, rows, now), "version": view.version}

    def positions_of(self, sources: Iterable[Source]) -> dict[str, dict[str, int]]:
        """The positions that the figures contain, by topic and unit."""
        view = self._feed.view
        found: dict[str, dict[str, int]] = {}
        for topic, unit in sources:
            found.setdefault(topic, {})[unit] = view.position(topic, unit)
        return found

    def freshness(self, now: datetime) -> dict[str, Any]:
        return self._feed.freshness(now)
