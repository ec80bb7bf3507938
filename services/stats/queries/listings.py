"""What there is to ask for: figures, windows, cities, units, named sets. Pure; reads no clock, computes no figure."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.stats import windows
from services.stats.catalogue import Catalogue
from services.stats.queries.answers import metric_answer, percentile_answer, ratio_answer, unit_answer, window_answer
from services.stats.queries.apportioning import Apportionment
from services.stats.queries.sets import Sets
from services.stats.view import View
from shared.errors import InvalidInput, NotFound
from shared.places import Places, Unit

SEARCH_LIMIT: Final = 20


class Listings:
    """Lists of what can be asked of a view."""

    def __init__(self, catalogue: Catalogue, places: Places, zone: ZoneInfo) -> None:
        self._catalogue = catalogue
        self._places = places
        self._zone = zone
        self._apportionment = Apportionment(catalogue, places.successors)
        self._sets = Sets(places, self._apportionment)
        self._communes: dict[str, tuple[str, ...]] = {}
        self._codes: dict[str, frozenset[str]] = {}

    def metrics(self) -> list[dict[str, Any]]:
        return [metric_answer(metric) for metric in self._catalogue.metrics.values()] + [
            *(ratio_answer(ratio) for ratio in self._catalogue.ratios.values()),
            *(percentile_answer(percentile) for percentile in self._catalogue.percentiles.values()),
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

    def sets(self, city: str) -> list[dict[str, Any]]:
        """The former districts of a city with their units on the last day before the reform."""
        self._require_city(city)
        return [district.answer for district in self._sets.districts(city)]

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

    def _require_city(self, city: str) -> None:
        if not any(unit.code == city for unit in self._places.cities()):
            raise InvalidInput.of("city", f"{city!r} is not the code of a city or province of today")

    def _today(self, code: str) -> Unit:
        unit = self._places.get(code)
        if unit is None or unit.valid_to is not None:
            raise NotFound(f"{code} is not a unit of today; former ones answer to map=was")
        return unit
