"""Named sets of units: which units one means, on today's map or on those before, and what is said about it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from services.stats.extents import Extent, Portion
from services.stats.panes import SPLIT
from services.stats.queries.answers import unit_answer
from services.stats.queries.apportioning import Apportionment
from services.stats.queries.areas import Area, Areas, Map, Source, Sum, key_of
from services.stats.queries.evaluation import Shares
from services.stats.queries.rows import SharesOf, no_shares
from services.stats.view import View
from services.stats.windows import Interval
from shared.errors import InvalidInput, NotFound
from shared.places import REFORM, Places, Unit

MOST_UNITS: Final = 1_000
_LAST_DAY: Final = REFORM - timedelta(days=1)
_WAS = (
    "Bản đồ cũ: cộng số liệu mà từng đơn vị đã ghi nhận khi còn hiệu lực.",
    "As was: the sum of what each unit recorded while it was valid.",
)
_IS = (
    "Bản đồ hiện nay: cộng số liệu của các đơn vị hiện nay trong nhóm; số liệu của đơn vị cũ bị chia tách chỉ được "
    "tính khi mọi đơn vị kế thừa đều thuộc nhóm, nếu không chỉ được nêu ở phần ước tính.",
    "As is: the sum of today's units in the set. What a divided former unit recorded counts where all its successors "
    "are in the set, otherwise only in the estimate.",
)


@dataclass(frozen=True, slots=True)
class UnitSet:
    """Units that are asked for together, none of them counted twice. `straddling` reach into other former districts."""

    id: str
    kind: str
    title: str
    city: str
    map: Map
    units: tuple[Unit, ...]
    straddling: tuple[Unit, ...] = ()

    @property
    def notes(self) -> dict[str, str]:
        """What an operator has to know to read the figures, in both languages."""
        vi, en = _IS if self.map is Map.IS else _WAS
        if self.map is Map.IS and self.kind == "district":
            names = ", ".join(unit.name for unit in self.straddling)
            vi += (
                f" {self.title} không còn từ ngày 01/07/2025: đây là các đơn vị hiện nay mang mã của đơn vị cũ ở đó."
                + (f" Địa bàn có phần ngoài ranh giới cũ: {names}." if names else "")
            )
            en += (
                f" {self.title} ended on 1 July 2025: these are the units of today that carry on a code of its units."
                + (f" Of them these reach beyond its former border: {names}." if names else "")
            )
        return {"note_vi": vi, "note_en": en}

    @property
    def told(self) -> dict[str, Any]:
        """What an answer about the set says of it."""
        return {
            "set": {"id": self.id, "kind": self.kind, "title": self.title},
            **self.notes,
            "units": [unit_answer(unit) | {"key": key_of(unit)} for unit in self.units],
            "straddling": [unit.code for unit in self.straddling],
        }

    @property
    def answer(self) -> dict[str, Any]:
        """The set with its units, as it is listed."""
        units = [{"key": key_of(unit), "name": unit.name} for unit in self.units]
        return {"id": self.id, "kind": self.kind, "title": self.title, "city": self.city, "units": units}


@dataclass(frozen=True, slots=True)
class WantedSet:
    """What was asked for: codes with commas between, or a former district of a city."""

    city: str
    units: str | None
    district: str | None


class Sets:
    """The sets that can be asked for: former districts by code or name, and any units by their codes."""

    def __init__(self, places: Places, apportionment: Apportionment) -> None:
        self._places = places
        self._apportionment = apportionment
        self._areas = Areas(places)

    def find(self, wanted: WantedSet, map_: Map, interval: Interval) -> UnitSet:
        """The set that is meant. Raises: InvalidInput unless exactly one is, and every unit of it counts once."""
        if (wanted.units is None) == (wanted.district is None):
            raise InvalidInput.of("units", "name either units or a district")
        if wanted.district is not None:
            return self.district(wanted.district, wanted.city, map_)
        return self.of_units((wanted.units or "").split(","), map_, interval)

    def districts(self, city: str) -> list[UnitSet]:
        """The districts that lay in the area of today's city, by code, each with its units of the map before."""
        units: dict[str, list[Unit]] = {}
        for unit in self._places.historic_communes_of(city, _LAST_DAY):
            if unit.district_code:
                units.setdefault(unit.district_code, []).append(unit)
        return [
            UnitSet(code, "district", found[0].district or "", city, Map.WAS, tuple(found))
            for code, found in sorted(units.items())
        ]

    def district(self, text: str, city: str, map_: Map) -> UnitSet:
        """A former district by its code or its name, with or without its kind. Raises: InvalidInput with candidates."""
        known = self.districts(city)
        found = [each for each in known if each.id == text] or self._districts_named(text, known)
        if len(found) != 1:
            # In a province that was made of several, two former districts may have the same name.
            candidates = [{"code": each.id, "name": each.title} for each in found or known]
            reason = f"{text!r} names {len(found)} former districts of {city}; choose one by its code"
            raise InvalidInput.of("district", reason, candidates=candidates)
        return self._as_is(found[0]) if map_ is Map.IS else self._as_was(found[0])

    def _districts_named(self, text: str, known: Sequence[UnitSet]) -> list[UnitSet]:
        try:
            units = self._places.communes_of_district(text, known[0].city) if known else ()
        except LookupError:
            return []
        codes = {unit.district_code for unit in units}
        return [each for each in known if each.id in codes]

    def of_units(self, keys: Sequence[str], map_: Map, interval: Interval) -> UnitSet:
        """Any units of one city. Raises: InvalidInput naming a unit that is unknown or would be counted twice."""
        if not 1 <= len(keys) <= MOST_UNITS:
            raise _refused(f"names {len(keys)} units; a set has 1 to {MOST_UNITS}")
        found: dict[str, Unit] = {}
        for at, key in enumerate(keys):
            for unit in self._meant(key, map_, interval):
                if key in keys[:at] or (key_of(unit) != key and key_of(unit) in keys):
                    raise _refused(f"{key} is {key_of(unit)}, which is named already and would be counted twice", key)
                found[key_of(unit)] = unit
        units = tuple(found.values())
        _require_one_city(units)
        return UnitSet("", "units", ", ".join(keys), units[0].city, map_, units)

    def area(self, view: View, units: UnitSet) -> Area:
        """The units of a set as one line."""
        if units.map is Map.WAS:
            sources = [source for unit in units.units for source in self._was(view, unit)]
        else:
            inside = {unit.code for unit in units.units}
            sources = [Source(view.series(code)) for code in sorted(inside)]
            rows = (view.carried(code).get(SPLIT) for code in self.divided(units, view.carrying(), whole=True))
            sources += [Source(row) for row in rows if row is not None]
        return Area("set", Sum(sources), tuple(dict.fromkeys(unit.code for unit in units.units)))

    def extent(self, units: UnitSet) -> Extent:
        """What the same line is made of."""
        extents = [self._areas.extent(unit, units.map) for unit in units.units]
        portions = [portion for extent in extents for portion in extent.portions]
        if units.map is Map.IS:
            codes = self._places.codes_of(units.city)
            portions += (Portion(code, SPLIT) for code in self.divided(units, codes, whole=True))
        codes_behind = sorted({code for extent in extents for code in extent.codes})
        return Extent(units.city, tuple(portions), tuple(codes_behind))

    def lies_in(self, units: UnitSet) -> frozenset[str]:
        """The units of today that have any of its area."""
        return frozenset[str]().union(*map(self._areas.lies_in, units.units))

    def shares_of(self, view: View, units: UnitSet) -> SharesOf:
        """What the set would have more of divided units that lie partly outside."""
        if units.map is Map.WAS:
            return no_shares
        partly = self.divided(units, view.carrying(), whole=False)

        def shares_of(_: Area, interval: Interval) -> Shares:
            by_unit = self._apportionment.among_heirs(view, partly, interval)
            found: Counter[str] = Counter()
            for unit in units.units:
                found.update(by_unit.get(unit.code, {}))
            return found

        return shares_of

    def divided(self, units: UnitSet, among: Iterable[str], *, whole: bool) -> list[str]:
        """Divided former units with all their successors in the set, or else with some of them in and some outside."""
        inside = {unit.code for unit in units.units}
        if units.city in inside:
            return []  # the city has everything
        codes = frozenset(self._places.codes_of(units.city))
        return sorted(
            code for code in among if code in codes and _lies_in(self._places.successors(code), inside, whole=whole)
        )

    def _was(self, view: View, unit: Unit) -> Iterable[Source]:
        return [Source(view.series(unit.code))] if unit.code == unit.city else self._areas.sources(view, unit)

    def _as_was(self, district: UnitSet) -> UnitSet:
        """All units that ever lay in the district: also those that were merged while it existed."""
        versions = (unit for code in self._places.codes_of(district.city) for unit in self._places.versions(code))
        units = tuple(unit for unit in versions if unit.district_code == district.id)
        return UnitSet(district.id, district.kind, district.title, district.city, Map.WAS, units)

    def _as_is(self, district: UnitSet) -> UnitSet:
        """The units of today that carry on a code of the district: of each unit of today just one district has it."""
        found = (self._places.get(unit.code, REFORM) for unit in district.units)
        units = tuple(unit for unit in found if unit is not None)
        inside = {unit.code for unit in district.units}
        straddling = tuple(unit for unit in units if not inside.issuperset(unit.predecessors))
        return UnitSet(district.id, district.kind, district.title, district.city, Map.IS, units, straddling)

    def _meant(self, key: str, map_: Map, interval: Interval) -> list[Unit]:
        """The unit that a key means; on today's map, for a unit that is no more, its successors."""
        if map_ is Map.WAS:
            try:
                return [self._areas.named(key, interval)]
            except NotFound as unknown:
                raise _refused(unknown.detail, key) from None
        today = self._places.get(key, REFORM)
        if today is not None:
            return [today]
        successors = [self._places.get(code, REFORM) for code in self._places.successors(key)]
        if not successors:
            raise _refused(f"{key} is not the code of a unit", key)
        return [unit for unit in successors if unit is not None]


def _lies_in(successors: Sequence[str], inside: set[str], *, whole: bool) -> bool:
    found = inside.intersection(successors)
    return bool(found) and (len(found) == len(successors)) is whole


def _require_one_city(units: Sequence[Unit]) -> None:
    city = units[0].city
    for unit in units:
        if unit.city != city:
            raise _refused(f"{unit.code} does not lie in {city} as {units[0].code} does", unit.code)
        if unit.code == city and len(units) > 1:
            raise _refused(f"{city} contains all others, which would be counted twice", city)


def _refused(reason: str, unit: str | None = None) -> InvalidInput:
    return InvalidInput.of("units", reason, **({} if unit is None else {"unit": unit}))
