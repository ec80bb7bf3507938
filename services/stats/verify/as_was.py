"""Says in its own words under which unit of the former maps an amount lies. Adds nothing up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final

from shared.places import Places, Unit

FORMERLY: Final = "as was "
_STANDING: Final = "standing "


class AsWas:
    """Rows of the maps before, known by "as was <key>".

    An amount lies with the unit that has the code on its day, or, where it belongs to another unit today, with the last
    former one that had the code by then. Something standing goes over to whoever has the code next.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._known: dict[tuple[str, bool, date], str] = {}
        self._had: set[str] = set()
        self._noted: set[tuple[str, bool]] = set()

    def rows(self, unit: str, today: str | None, day: date, *, is_level: bool) -> tuple[str, ...]:
        """Where an amount of that day is noted beside the rows of today's map; nowhere if it is the city's own."""
        if unit == self._places.city_of(unit):
            return ()
        self._noted.add((unit, today == unit))
        if is_level:
            return (f"{_STANDING}{unit} {today == unit}",)
        row = self._row(unit, today == unit, day)
        self._had.add(row)
        return (row,)

    def expected(self, city: str, day: date) -> set[str]:
        """The rows of a city that may have anything when a window ends on that day."""
        holders = {self._row(code, same, day) for code, same in self._noted}
        return {row for row in self._had | holders if self._places.city_of(_code(row)) == city}

    def standing(self, row: str, day: date) -> Iterator[str]:
        """The notes of what stands in a row at the end of that day."""
        code = _code(row)
        return (f"{_STANDING}{code} {same}" for same in (True, False) if self._row(code, same, day) == row)

    def _row(self, code: str, same: bool, day: date) -> str:
        if (code, same, day) not in self._known:
            units = [unit for unit in self._places.versions(code) if same or unit.valid_to is not None]
            self._known[code, same, day] = FORMERLY + _key(units or self._places.versions(code), day)
        return self._known[code, same, day]


def _code(row: str) -> str:
    return row.removeprefix(FORMERLY).partition("@")[0]


def _key(units: Sequence[Unit], day: date) -> str:
    unit = units[0]
    for later in units[1:]:
        if later.valid_from is not None and later.valid_from <= day:
            unit = later
    return unit.code if unit.valid_to is None else f"{unit.code}@{unit.valid_to - timedelta(days=1)}"
