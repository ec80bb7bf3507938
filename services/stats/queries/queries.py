"""Answers about a view: rows of figures with comparisons, series, windows and places. Pure; reads no clock."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.stats import windows
from services.stats.catalogue import Catalogue, Kind
from services.stats.queries.answers import (
    comparison_answer,
    pane_start,
    positions_digest,
    positions_of,
    window_answer,
)
from services.stats.queries.apportioning import RULE
from services.stats.queries.areas import Area, Map, reports_anything
from services.stats.queries.asking import Asked, Asking
from services.stats.queries.baseline import Baselines
from services.stats.queries.completeness import completeness
from services.stats.queries.rows import Rows, SharesOf, no_shares
from services.stats.queries.selection import Selection
from services.stats.queries.sets import WantedSet
from services.stats.queries.tables import Question, State, Table, Tables
from services.stats.view import View
from services.stats.view.series import Series
from services.stats.windows import Interval, Window
from shared.contracts.stats import Tier
from shared.errors import InvalidInput
from shared.places import Places

SPARKLINE_DAYS: Final = 14
_NOTHING: Final = Series()
_BY_FIGURE: Final = frozenset({"values", "previous", "year_earlier", "ratios", "percentiles"})
"""What a row says of each figure; the rest is about the row itself."""


class Queries(Asking):
    """Everything that can be asked of a view."""

    def __init__(self, catalogue: Catalogue, places: Places, zone: ZoneInfo) -> None:
        super().__init__(catalogue, places, zone)
        self._rows = Rows(catalogue)
        self._tables = Tables(self._rows)

    def table(self, view: View, selection: Selection, now: datetime, map_: Map = Map.IS) -> dict[str, Any]:
        """All rows of the city. Raises: WindowError once a named window is no longer offered."""
        as_of = now.astimezone(self._zone)
        window = self._window(view, selection)
        shares_of = self._shares_of(view, selection.city) if map_ is Map.IS else no_shares
        if map_ is Map.IS:
            areas = [self._areas.today(view, unit) for unit in self._units_of(selection.city)]
        else:
            levels = [metric.id for metric in self._catalogue.metrics.values() if metric.kind is Kind.LEVEL]
            areas = self._areas.as_was(view, selection.city, window.interval(as_of), levels)
        rows = self._rows_of(view, selection, areas, as_of, shares_of)
        return self._table(view, selection, as_of, map_, rows)

    def shown_table(self, view: View, selection: Selection, now: datetime) -> dict[str, Any]:
        """The same table of today's map, to be shown: of rows that are remembered as JSON.

        Raises: WindowError once a named window is no longer offered.
        """
        question, table = self._remembered(view, selection, now)
        rows = {unit: table.row(question, unit) for unit in self._units_of(selection.city)}
        return self._table(view, selection, question.as_of, Map.IS, rows)

    def shown_rows(self, view: View, selection: Selection, changed: Iterable[str], now: datetime) -> dict[str, Any]:
        """Those of the changed rows that belong to the table, as JSON."""
        question, table = self._remembered(view, selection, now)
        wanted = frozenset(changed)
        units = (unit for unit in self._units_of(selection.city) if unit in wanted)
        return {"as_of": question.as_of, "rows": {unit: table.row(question, unit) for unit in units}}

    def state(self, view: View, selection: Selection) -> State:
        """What the table would be made of. Raises: WindowError once a named window is no longer offered."""
        # Each change of a unit is one of its city.
        version = view.row_version(selection.city)
        return State(version, (selection.counted(view), self._window(view, selection)))

    def contents(self, view: View, selection: Selection, now: datetime) -> dict[str, Any]:
        """What a table is made of: the same in every process that would answer with the same figures."""
        as_of, window = now.astimezone(self._zone), self._window(view, selection)
        heads = view.heads_of(selection.city).values()
        return {
            "generation": view.generation,
            "minute": as_of.replace(second=0, microsecond=0),
            "window": window_answer(window, window.interval(as_of)),
            "asked": [selection.city, *selection.counted(view)],
            "heads": sorted((head.topic, head.unit, head.position, head.skipped, head.waiting_for) for head in heads),
        }

    def prepare(self, view: View, selection: Selection, now: datetime, most: int) -> bool:
        """Make at most so many rows of a table that is to be shown. Returns whether more are to be made."""
        question, table = self._remembered(view, selection, now)
        stale = table.stale(question, self._units_of(selection.city))
        for unit in stale[:most]:
            table.row(question, unit)
        return len(stale) > most

    def one_row(
        self,
        view: View,
        unit: str,
        window: str | None,
        first: date | None,
        last: date | None,
        now: datetime,
        map_: Map = Map.IS,
    ) -> dict[str, Any]:
        """One unit's figures, each by its name. Raises: NotFound, InvalidInput, WindowError."""
        asked = self.asked(view, unit, window, first, last, now, map_)
        [code] = asked.area.units
        positions = {topic: head.position for (topic, source), head in view.heads.items() if source == code}
        return {**self._one(view, asked, now), **asked.told, "positions": positions}

    def one_set(
        self,
        view: View,
        wanted: WantedSet,
        window: str | None,
        first: date | None,
        last: date | None,
        now: datetime,
        map_: Map = Map.IS,
    ) -> dict[str, Any]:
        """The figures of several units together. Raises: InvalidInput, WindowError."""
        asked = self.asked(view, wanted, window, first, last, now, map_)
        positions = _positions(view, asked.selection.city, frozenset(asked.extent.codes))
        return {**self._one(view, asked, now), **asked.told, "positions": positions}

    def positions(self, view: View, city: str) -> dict[str, dict[str, int]]:
        """Up to which position the city's figures are complete, by topic and unit, old units included."""
        return _positions(view, city, self._codes_of(city))

    def series(
        self,
        view: View,
        whose: str | WantedSet,
        metric: str,
        tier: Tier,
        first: date | None,
        last: date | None,
        now: datetime,
        map_: Map = Map.IS,
    ) -> dict[str, Any]:
        """The panes of one figure with something in them; a level at the end of the first one, and wherever it changed.

        Raises: NotFound, InvalidInput, WindowError.
        """
        self._require_metric(view, metric)
        as_of = now.astimezone(self._zone)
        interval = windows.span(tier, first, last, as_of, days=SPARKLINE_DAYS)
        told: dict[str, Any] = {}
        if isinstance(whose, WantedSet):
            units = self._sets.find(whose, map_, interval)
            area, city, told = self._sets.area(view, units), units.city, units.told
        else:
            area = self._area(view, self._unit(whose, interval, map_), map_)
            city = self._areas.city_of(area.key)
        return {
            "as_of": as_of,
            "map": map_.value,
            "unit": area.key,
            **told,
            "metric": metric,
            "tier": tier.value,
            "start": interval.start,
            "end": interval.end,
            "positions_digest": self._digest(view, city),
            **completeness(view, area, interval),
            "points": [
                [pane_start(tier, pane), amount] for pane, amount in self._by_pane(area.series, metric, interval, as_of)
            ],
        }

    def require_counted(self, view: View, metric: str) -> None:
        """Raises: InvalidInput while the served figures are made by rules that count it otherwise."""
        if metric in view.uncounted:
            raise InvalidInput.of("metric", f"{metric!r} is not counted yet by the figures that are served")

    def sparklines(self, view: View, city: str, metric: str, now: datetime) -> dict[str, Any]:
        """One figure of every unit by day; None instead of zero on a day of which the unit has told nothing at all.

        Of a level what there was at the end of the day. Raises: InvalidInput.
        """
        self._require_city(city)
        self._require_metric(view, metric)
        as_of = now.astimezone(self._zone)
        interval = windows.span(Tier.DAY, None, None, as_of, days=SPARKLINE_DAYS)
        days = [interval.start.date() + timedelta(days=day) for day in range(SPARKLINE_DAYS)]
        lasts = self._catalogue.metrics[metric].kind is Kind.LEVEL
        lines = {}
        for unit in self._units_of(city):
            area = self._areas.today(view, unit)
            told = dict(self._by_pane(area.series, metric, interval, as_of))
            amount, line = 0, list[int | None]()
            for day in range(interval.first_pane, interval.end_pane):
                amount = told.get(day, amount if lasts else 0)
                line.append(amount if amount or reports_anything(area, day, day + 1) else None)
            lines[unit] = line
        return {
            "as_of": as_of,
            "metric": metric,
            "start": interval.start,
            "end": interval.end,
            "positions_digest": self._digest(view, city),
            "days": days,
            "series": lines,
        }

    # -- inside

    def _table(
        self, view: View, selection: Selection, as_of: datetime, map_: Map, rows: Mapping[str, Any]
    ) -> dict[str, Any]:
        return {
            **self._frame(self._window(view, selection), as_of),
            "city": selection.city,
            "map": map_.value,
            "metrics": selection.counted(view),
            "estimated_rule": RULE if map_ is Map.IS else None,
            "positions_digest": self._digest(view, selection.city),
            "rows": rows,
        }

    def _remembered(self, view: View, selection: Selection, now: datetime) -> tuple[Question, Table]:
        question = Question(
            view=view,
            city=selection.city,
            figures=selection.counted(view),
            window=self._window(view, selection),
            as_of=now.astimezone(self._zone),
            shares_of=self._shares_of(view, selection.city),
        )
        return question, self._tables.of(question, len(self._units_of(selection.city)))

    def _digest(self, view: View, city: str) -> str:
        return positions_digest(self.positions(view, city))

    def _frame(self, window: Window, as_of: datetime) -> dict[str, Any]:
        comparisons = window.comparisons(as_of)
        return {
            "as_of": as_of,
            "window": window_answer(window, window.interval(as_of)),
            "comparisons": {
                "previous": comparison_answer(comparisons.previous),
                "year_earlier": comparison_answer(comparisons.year_earlier),
            },
        }

    def _rows_of(
        self, view: View, selection: Selection, areas: Iterable[Area], as_of: datetime, shares_of: SharesOf
    ) -> dict[str, dict[str, Any]]:
        baselines = Baselines(view, selection.city)
        window = self._window(view, selection)
        return self._rows.of(areas, selection.counted(view), window, as_of, baselines, shares_of)

    def _one(self, view: View, asked: Asked, now: datetime) -> dict[str, Any]:
        """A line's figures, each by its name, and what stands beside them."""
        as_of, selection = now.astimezone(self._zone), asked.selection
        row = self._rows_of(view, selection, [asked.area], as_of, asked.shares_of)[asked.area.key]
        figures = self._rows.by_name(row, selection.counted(view))
        facts = {key: value for key, value in row.items() if key not in _BY_FIGURE}
        rule = {"estimated_rule": RULE} if "estimated" in row else {}
        return {**self._frame(self._window(view, selection), as_of), **facts, **rule, "figures": figures}

    def _by_pane(
        self, row: Mapping[str, windows.Series], metric: str, interval: Interval, as_of: datetime
    ) -> Iterator[tuple[int, int]]:
        how = self._catalogue.metrics[metric]
        series = row.get(metric, _NOTHING)
        return windows.by_pane(series, interval, as_of, level=how.kind is Kind.LEVEL, ahead=how.ahead)

    def _require_metric(self, view: View, metric: str) -> None:
        if metric not in self._catalogue.metrics:
            raise InvalidInput.of("metric", f"{metric!r} is not a counted figure of the catalogue")
        self.require_counted(view, metric)


def _positions(view: View, city: str, codes: Container[str]) -> dict[str, dict[str, int]]:
    return positions_of(head for head in view.heads_of(city).values() if head.unit in codes)
