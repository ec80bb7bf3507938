"""What was asked for, by the parameters of a request: a table, or one line of figures. Pure; computes no figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.stats import windows
from services.stats.catalogue import Catalogue
from services.stats.extents import Extent
from services.stats.queries.answers import unit_answer
from services.stats.queries.areas import Area, Areas, Map
from services.stats.queries.evaluation import Shares
from services.stats.queries.listings import Listings
from services.stats.queries.rows import SharesOf, no_shares
from services.stats.queries.selection import Selection
from services.stats.queries.sets import UnitSet, WantedSet
from services.stats.view import View
from services.stats.windows import Interval, Window
from shared.errors import InvalidInput
from shared.places import Places, Unit

DEFAULT_WINDOW: Final = "PT24H"


@dataclass(frozen=True, slots=True)
class Asked:
    """One line that was asked for over a window, and what it is made of.

    `lies_in` names the units of today that have any of its area, `told` what an answer says about it.
    """

    selection: Selection
    window: Window
    area: Area
    extent: Extent
    shares_of: SharesOf
    lies_in: frozenset[str]
    told: Mapping[str, Any]


class Asking(Listings):
    """Finds what parameters name in a view."""

    def __init__(self, catalogue: Catalogue, places: Places, zone: ZoneInfo) -> None:
        super().__init__(catalogue, places, zone)
        self._ids = catalogue.ids
        self._areas = Areas(places)

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

    def interval(self, view: View, selection: Selection, now: datetime) -> Interval:
        """Where the selected window lies. Raises: WindowError once a named window is no longer offered."""
        return self._window(view, selection).interval(now.astimezone(self._zone))

    def asked(
        self,
        view: View,
        whose: str | WantedSet,
        window: str | None,
        first: date | None,
        last: date | None,
        now: datetime,
        map_: Map = Map.IS,
    ) -> Asked:
        """The line that the parameters name: of a unit by its key, or of a set.

        Raises: NotFound, InvalidInput, WindowError.
        """
        if isinstance(whose, WantedSet):
            wanted = self.select(view, whose.city, window, first, last, None)
            return self._asked_set(view, self._sets.find(whose, map_, self.interval(view, wanted, now)), wanted)
        city = self._today(whose).city if map_ is Map.IS else self._areas.city_of(whose)
        selection = self.select(view, city, window, first, last, None)
        return self._asked_unit(view, self._unit(whose, self.interval(view, selection, now), map_), selection, map_)

    # -- inside

    def _asked_unit(self, view: View, unit: Unit, selection: Selection, map_: Map) -> Asked:
        area = self._area(view, unit, map_)
        return Asked(
            selection,
            self._window(view, selection),
            area,
            self._areas.extent(unit, map_),
            self._shares_of(view, selection.city) if map_ is Map.IS else no_shares,
            self._areas.lies_in(unit),
            {"map": map_.value, "unit": unit_answer(unit) | {"key": area.key}},
        )

    def _asked_set(self, view: View, units: UnitSet, selection: Selection) -> Asked:
        return Asked(
            replace(selection, city=units.city),
            self._window(view, selection),
            self._sets.area(view, units),
            self._sets.extent(units),
            self._sets.shares_of(view, units),
            self._sets.lies_in(units),
            {"map": units.map.value, **units.told},
        )

    def _unit(self, key: str, interval: Interval, map_: Map) -> Unit:
        return self._today(key) if map_ is Map.IS else self._areas.named(key, interval)

    def _area(self, view: View, unit: Unit, map_: Map) -> Area:
        today = map_ is Map.IS or unit.code == unit.city
        return self._areas.today(view, unit.code) if today else self._areas.former(view, unit)

    def _shares_of(self, view: View, city: str) -> SharesOf:
        """What each unit of today would have more of what is known of its predecessors together only."""
        codes = self._codes_of(city)

        def shares_of(area: Area, interval: Interval) -> Shares:
            return self._apportionment.shares(view, city, codes, interval).get(area.key, {})

        return shares_of

    def _window(self, view: View, selection: Selection) -> Window:
        if selection.dates is not None:
            return windows.between(*selection.dates)
        return windows.find(selection.window or DEFAULT_WINDOW, view.windows)
