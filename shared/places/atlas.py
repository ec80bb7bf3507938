"""Units by code and day, and the way from one map to another; must not know names as typed or rules of input."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Final, Self

from shared.places.names import plain
from shared.places.tables import DATA, Era, Row, Tables
from shared.places.unit import MERGERS, REFORM, Kind, Unit

_CITY_CODE_LENGTH: Final = 2
_DAY: Final = timedelta(days=1)
_DISTRICT_KINDS: Final = ("quan", "huyen", "thi xa", "thanh pho")
NEWEST_FIRST: Final = (Era.TODAY, Era.BEFORE, Era.EARLIER)


class Atlas:
    """The units of all maps. Immutable; units are made when they are first asked for."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._earlier, self._before, self._today = tables.maps
        self._units: tuple[dict[str, Unit], ...] = ({}, {}, {})

    @classmethod
    def load(cls, directory: Path = DATA) -> Self:
        """What a directory of tables says."""
        return cls(Tables.read(directory))

    def digest(self) -> str:
        """Changes with any byte of the tables."""
        return self._tables.digest

    # -- one code

    def exists(self, code: str) -> bool:
        """Whether the code is or was in use."""
        return code in self._today or code in self._before or code in self._earlier

    def is_city(self, code: str) -> bool:
        """Whether the code is one of a city or province, today's or former."""
        return len(code) == _CITY_CODE_LENGTH and self.exists(code)

    def valid_on(self, code: str, on: date) -> bool:
        """Whether the code was in use on that day."""
        return self._era(code, on) is not None

    def get(self, code: str, on: date | None = None) -> Unit | None:
        """The unit with this code on that day; without a day today's, else the last that had it."""
        if on is None:
            return next(self._versions(code), None)
        era = self._era(code, on)
        return None if era is None else self._unit(era, code)

    def versions(self, code: str) -> tuple[Unit, ...]:
        """The units that have had this code, the oldest first; each is valid up to where the next one begins."""
        return tuple(self._versions(code))[::-1]

    def city_of(self, code: str) -> str:
        """Today's city or province of any code. Raises: LookupError for a code that never existed."""
        row = self._today.get(code)
        if row is not None:
            return row.province or code
        row = self._before.get(code) or self._earlier.get(code)
        if row is None:
            raise LookupError(f"{code} is not the code of a unit")
        return self.city_of(row.province or row.successors)

    # -- from one map to the other

    def successors(self, code: str) -> tuple[str, ...]:
        """Today's codes for the area of the former unit with this code, the main one first; none for any other code."""
        row = self._before.get(code)
        if row is not None:
            return tuple(row.successors.split())
        row = self._earlier.get(code)
        return self.successors(row.successors) if row is not None else ()

    def predecessors(self, code: str) -> tuple[str, ...]:
        """The codes until the reform whose area, or a part of it, today's unit with this code has taken over."""
        return self._predecessors[Era.TODAY].get(code, ())

    def today_unit(self, code: str, on: date, residential_group: str | None = None) -> str | None:
        """Where on today's map a fact of that unit and day lies; None if the unit was split (or is unknown)."""
        if on >= REFORM and code in self._today:
            return code
        successors = self.successors(code)
        if len(successors) == 1:
            return successors[0]
        group = self._tables.groups.get(residential_group or "")
        return group.after if group is not None and group.after in successors else None

    # -- many units

    def cities(self) -> tuple[Unit, ...]:
        """Today's cities and provinces, by code."""
        return tuple(self._unit(Era.TODAY, code) for code, row in self._today.items() if not row.province)

    def codes_of(self, city: str) -> tuple[str, ...]:
        """Every code of any map whose facts count for today's city: its own, former provinces', all communes'."""
        return self._codes.get(city, ())

    def communes_of(self, city: str) -> tuple[Unit, ...]:
        """Today's communes of one of today's cities, by code."""
        return self.historic_communes_of(city, REFORM)

    def historic_communes_of(self, city: str, on: date) -> tuple[Unit, ...]:
        """The communes of that day in the area that one of today's cities covers, by code."""
        units = (self.get(code, on) for code in self.codes_of(city))
        return tuple(unit for unit in units if unit is not None and not unit.is_city)

    def communes_of_district(self, name: str, city: str, on: date = REFORM - _DAY) -> tuple[Unit, ...]:
        """The communes of a former district on that day, found by its name with or without its kind.

        Raises: LookupError unless exactly one district in the area of today's city has that name.
        """
        key = plain(name)
        units = [unit for unit in self.historic_communes_of(city, on) if _is_name_of(key, unit.district)]
        districts = sorted({unit.district or "" for unit in units})
        if len(districts) != 1:
            raise LookupError(f"{name} names {len(districts)} districts of {city} on {on}: {', '.join(districts)}")
        return tuple(units)

    # -- inside

    def _era(self, code: str, on: date) -> Era | None:
        if on >= REFORM:
            return Era.TODAY if code in self._today else None
        if on < MERGERS and code in self._earlier:
            return Era.EARLIER
        return Era.BEFORE if code in self._before else None

    def _versions(self, code: str) -> Iterator[Unit]:
        for era in NEWEST_FIRST:
            if code in self._tables.maps[era]:
                yield self._unit(era, code)

    def _unit(self, era: Era, code: str) -> Unit:
        unit = self._units[era].get(code)
        if unit is None:
            unit = self._units[era][code] = self._made(era, self._tables.maps[era][code])
        return unit

    def _made(self, era: Era, row: Row) -> Unit:
        renewed = era is Era.TODAY or (era is Era.BEFORE and row.code in self._earlier)
        return Unit(
            code=row.code,
            kind=Kind(row.kind),
            short_name=row.name,
            province=row.province or row.code,
            city=self.city_of(row.code),
            district=row.district or None,
            district_code=row.district_code or None,
            latitude=_number(row.latitude),
            longitude=_number(row.longitude),
            area_km2=_number(row.area_km2),
            valid_from=era.since if renewed else None,
            valid_to=None if era is Era.TODAY else Era(era + 1).since,
            successors=tuple(row.successors.split()),
            predecessors=self._predecessors[era].get(row.code, ()),
        )

    def _carried(self, unit: Unit, on: date) -> Iterator[Unit]:
        """The units of the day in the area of a unit of another day; nothing from a unit of the same day."""
        if unit.valid_to is not None and unit.valid_to <= on:
            next_day, codes = unit.valid_to, unit.successors
        elif unit.valid_from is not None and on < unit.valid_from:
            next_day, codes = unit.valid_from - _DAY, unit.predecessors
        else:
            return
        for neighbour in (self.get(code, next_day) for code in codes):
            if neighbour is not None:
                yield from (neighbour,) if neighbour.valid_on(on) else self._carried(neighbour, on)

    @cached_property
    def _predecessors(self) -> tuple[Mapping[str, tuple[str, ...]], ...]:
        return ({}, _inverted(self._earlier.values()), _inverted(self._before.values()))

    @cached_property
    def _codes(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for code in sorted({*self._today, *self._before, *self._earlier}):
            found.setdefault(self.city_of(code), []).append(code)
        return {city: tuple(codes) for city, codes in found.items()}


def _inverted(rows: Iterable[Row]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        for successor in row.successors.split():
            found.setdefault(successor, []).append(row.code)
    return {code: tuple(codes) for code, codes in found.items()}


def _number(text: str) -> float | None:
    return float(text) if text else None


def _is_name_of(key: str, district: str | None) -> bool:
    full = plain(district or "")
    return bool(full) and (key == full or any(f"{kind} {key}" == full for kind in _DISTRICT_KINDS))
