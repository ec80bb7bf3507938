"""Answers about a view: rows of figures with comparisons, series, windows and places. Pure; reads no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.stats import windows
from services.stats.answers import (
    comparison_answer,
    metric_answer,
    pane_start,
    ratio_answer,
    unit_answer,
    window_answer,
)
from services.stats.baseline import Baselines
from services.stats.catalogue import Catalogue, Kind, Metric
from services.stats.series import Series
from services.stats.view import View
from services.stats.windows import Comparison, Interval, Reason, Window
from shared.contracts.stats import Tier
from shared.errors import InvalidInput, NotFound
from shared.places import Places, Unit

DEFAULT_WINDOW: Final = "PT24H"
SPARKLINE_DAYS: Final = 14
SEARCH_LIMIT: Final = 20
_NOTHING: Final = Series()


@dataclass(frozen=True, slots=True)
class Selection:
    """A table that somebody asked for: a city, a window by id or by dates, and the figures (none named: all)."""

    city: str
    window: str | None
    dates: tuple[date, date] | None
    figures: tuple[str, ...]


class Queries:
    """Everything that can be asked of a view."""

    def __init__(self, catalogue: Catalogue, places: Places, zone: ZoneInfo) -> None:
        self._catalogue = catalogue
        self._places = places
        self._zone = zone
        self._ids = (*catalogue.metrics, *catalogue.ratios)
        self._communes: dict[str, tuple[str, ...]] = {}
        self._codes: dict[str, frozenset[str]] = {}

    # -- what was asked for

    def select(
        self, view: View, city: str, window: str | None, first: date | None, last: date | None, figures: str | None
    ) -> Selection:
        """The table that the parameters ask for. Raises: InvalidInput, WindowError."""
        self._require_city(city)
        chosen = self._ids if figures is None else tuple(figures.split(","))
        unknown = [figure for figure in chosen if figure not in self._ids]
        if unknown:
            raise InvalidInput.of("metrics", f"{unknown[0]!r} is not a figure of the catalogue")
        if (first is None) != (last is None):
            raise InvalidInput.of("to" if last is None else "from", "a window of dates has both from and to")
        if first is not None and last is not None:
            if window is not None:
                raise InvalidInput.of("window", "ask either for a window or for dates")
            windows.between(first, last)
            return Selection(city, None, (first, last), chosen)
        windows.find(window or DEFAULT_WINDOW, view.windows)
        return Selection(city, window or DEFAULT_WINDOW, None, chosen)

    # -- figures

    def table(self, view: View, selection: Selection, now: datetime) -> dict[str, Any]:
        """All rows of the city. Raises: WindowError once a named window is no longer offered."""
        as_of = now.astimezone(self._zone)
        window = self._window(view, selection)
        comparisons = window.comparisons(as_of)
        return {
            "as_of": as_of,
            "city": selection.city,
            "window": window_answer(window, window.interval(as_of)),
            "comparisons": {
                "previous": comparison_answer(comparisons.previous),
                "year_earlier": comparison_answer(comparisons.year_earlier),
            },
            "metrics": selection.figures,
            "rows": self._rows(view, selection, window, self._units_of(selection.city), as_of),
        }

    def rows(self, view: View, selection: Selection, changed: Iterable[str], now: datetime) -> dict[str, Any]:
        """Those of the changed rows that belong to the table."""
        as_of = now.astimezone(self._zone)
        wanted = frozenset(changed)
        units = [unit for unit in self._units_of(selection.city) if unit in wanted]
        return {"as_of": as_of, "rows": self._rows(view, selection, self._window(view, selection), units, as_of)}

    def one_row(
        self, view: View, unit: str, window: str | None, first: date | None, last: date | None, now: datetime
    ) -> dict[str, Any]:
        """One unit's figures, each by its name. Raises: NotFound, InvalidInput, WindowError."""
        place = self._today(unit)
        selection = self.select(view, place.city, window, first, last, None)
        as_of = now.astimezone(self._zone)
        chosen = self._window(view, selection)
        comparisons = chosen.comparisons(as_of)
        row = self._rows(view, selection, chosen, [unit], as_of)[unit]
        figures: dict[str, dict[str, Any]] = {
            figure: {"value": value, "previous": previous, "year_earlier": year}
            for figure, value, previous, year in zip(
                selection.figures, row["values"], row["previous"], row["year_earlier"], strict=True
            )
        }
        for ratio in self._catalogue.ratios.values():
            parts = (figures[ratio.numerator.id]["value"], figures[ratio.denominator.id]["value"])
            figures[ratio.id] |= dict(zip(("numerator", "denominator"), parts, strict=True))
        facts = {key: value for key, value in row.items() if key not in ("values", "previous", "year_earlier")}
        return {
            "as_of": as_of,
            "unit": unit_answer(place),
            "window": window_answer(chosen, chosen.interval(as_of)),
            "comparisons": {
                "previous": comparison_answer(comparisons.previous),
                "year_earlier": comparison_answer(comparisons.year_earlier),
            },
            **facts,
            "figures": figures,
            "positions": {topic: head.position for (topic, code), head in view.heads.items() if code == unit},
        }

    def positions(self, view: View, city: str) -> dict[str, dict[str, int]]:
        """Up to which position the city's figures are complete, by topic and unit, old units included."""
        codes = self._codes_of(city)
        found: dict[str, dict[str, int]] = {}
        for (topic, unit), head in view.heads.items():
            if unit in codes:
                found.setdefault(topic, {})[unit] = head.position
        return found

    def series(
        self, view: View, unit: str, metric: str, tier: Tier, first: date | None, last: date | None, now: datetime
    ) -> dict[str, Any]:
        """The panes of one figure. Raises: NotFound, InvalidInput, WindowError."""
        self._today(unit)
        self._metric(metric)
        as_of = now.astimezone(self._zone)
        last = last or as_of.date()
        interval = windows.span(tier, first or last - timedelta(days=SPARKLINE_DAYS - 1), last, as_of)
        panes = self._series(view, unit, metric).between(tier, interval.first_pane, interval.end_pane)
        return {
            "as_of": as_of,
            "unit": unit,
            "metric": metric,
            "tier": tier.value,
            "start": interval.start,
            "end": interval.end,
            "points": [[pane_start(tier, number), amount] for number, amount in panes],
        }

    def sparklines(self, view: View, city: str, metric: str, now: datetime) -> dict[str, Any]:
        """One figure of every unit by day. Raises: InvalidInput."""
        self._require_city(city)
        self._metric(metric)
        as_of = now.astimezone(self._zone)
        today = as_of.date()
        days = [today - timedelta(days=back) for back in range(SPARKLINE_DAYS - 1, -1, -1)]
        first = days[0].toordinal()
        lines = {}
        for unit in self._units_of(city):
            line = [0] * SPARKLINE_DAYS
            for number, amount in self._series(view, unit, metric).between(Tier.DAY, first, first + SPARKLINE_DAYS):
                line[number - first] = amount
            lines[unit] = line
        return {"as_of": as_of, "metric": metric, "days": days, "series": lines}

    # -- what there is

    def metrics(self) -> list[dict[str, Any]]:
        return [metric_answer(metric) for metric in self._catalogue.metrics.values()] + [
            ratio_answer(ratio) for ratio in self._catalogue.ratios.values()
        ]

    def units(self, city: str) -> list[dict[str, Any]]:
        """The city, then its communes of today."""
        self._require_city(city)
        return [unit_answer(self._today(code)) for code in self._units_of(city)]

    def cities(self, view: View) -> list[dict[str, Any]]:
        rows = frozenset(view.rows())
        return [unit_answer(unit) for unit in self._places.cities() if unit.code in rows]

    def search(self, text: str) -> list[dict[str, Any]]:
        return [
            {**unit_answer(hit.unit), "now": [{"code": unit.code, "name": unit.name} for unit in hit.now]}
            for hit in self._places.search(text, limit=SEARCH_LIMIT)
        ]

    def windows(self, view: View, now: datetime) -> list[dict[str, Any]]:
        """The standard windows, then the named ones from the newest to the oldest."""
        as_of = now.astimezone(self._zone)
        named = sorted(view.windows.values(), key=lambda window: window.from_date, reverse=True)
        begun = [window.id for window in named if window.from_date <= as_of.date()]
        found = [windows.find(window, view.windows) for window in (*windows.STANDARD, *begun)]
        return [window_answer(window, window.interval(as_of)) for window in found]

    # -- inside

    def _rows(
        self, view: View, selection: Selection, window: Window, units: Sequence[str], as_of: datetime
    ) -> dict[str, dict[str, Any]]:
        interval = window.interval(as_of)
        comparisons = window.comparisons(as_of)
        baselines = Baselines(view, selection.city, self._codes_of(selection.city))
        return {
            unit: {
                "values": self._values(view, unit, selection.figures, interval),
                "previous": self._compared(view, unit, selection.figures, comparisons.previous, baselines),
                "year_earlier": self._compared(view, unit, selection.figures, comparisons.year_earlier, baselines),
                **baselines.reporting(unit, interval),
            }
            for unit in units
        }

    def _values(self, view: View, unit: str, figures: Sequence[str], interval: Interval) -> list[float | None]:
        return [self._value(view.series(unit), figure, interval) for figure in figures]

    def _value(self, row: Mapping[str, Series], figure: str, interval: Interval) -> float | None:
        ratio = self._catalogue.ratios.get(figure)
        if ratio is not None:
            parts = (self._amount(row, metric, interval) for metric in (ratio.numerator, ratio.denominator))
            return ratio.of(*parts)
        return self._amount(row, self._catalogue.metrics[figure], interval)

    def _amount(self, row: Mapping[str, Series], metric: Metric[Any], interval: Interval) -> int:
        series = row.get(metric.id)
        return 0 if series is None else windows.total(series, interval, level=metric.kind is Kind.LEVEL)

    def _compared(
        self,
        view: View,
        unit: str,
        figures: Sequence[str],
        comparison: Comparison | Reason,
        baselines: Baselines,
    ) -> list[list[float | None] | None]:
        """For each figure the baseline and the part of the window that it is compared with; None if not known."""
        if isinstance(comparison, Reason):
            return [None] * len(figures)
        row = view.series(unit)
        return [
            [self._value(row, figure, comparison.baseline), self._value(row, figure, comparison.current)]
            if baselines.cover(self._topic(figure), unit, comparison.baseline)
            else None
            for figure in figures
        ]

    def _topic(self, figure: str) -> str:
        ratio = self._catalogue.ratios.get(figure)
        return (ratio.denominator if ratio else self._catalogue.metrics[figure]).topic

    def _series(self, view: View, unit: str, metric: str) -> Series:
        return view.series(unit).get(metric, _NOTHING)

    def _window(self, view: View, selection: Selection) -> Window:
        if selection.dates is not None:
            return windows.between(*selection.dates)
        return windows.find(selection.window or DEFAULT_WINDOW, view.windows)

    def _units_of(self, city: str) -> tuple[str, ...]:
        units = self._communes.get(city)
        if units is None:
            units = self._communes[city] = (city, *(unit.code for unit in self._places.communes_of(city)))
        return units

    def _codes_of(self, city: str) -> frozenset[str]:
        codes = self._codes.get(city)
        if codes is None:
            codes = self._codes[city] = frozenset(self._places.codes_of(city))
        return codes

    def _metric(self, metric: str) -> Metric[Any]:
        if metric not in self._catalogue.metrics:
            raise InvalidInput.of("metric", f"{metric!r} is not a counted figure of the catalogue")
        return self._catalogue.metrics[metric]

    def _require_city(self, city: str) -> None:
        if not any(unit.code == city for unit in self._places.cities()):
            raise InvalidInput.of("city", f"{city!r} is not the code of a city or province of today")

    def _today(self, code: str) -> Unit:
        unit = self._places.get(code)
        if unit is None or unit.valid_to is not None:
            raise NotFound(f"{code} is not a unit of today")
        return unit
