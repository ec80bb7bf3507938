"""What one line of an answer covers: a unit of today, a unit as it was, or several together. Computes no figure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from services.stats.extents import ALL_DAYS, Days, Extent, Portion, of_today
from services.stats.queries.combined import Combined, Part
from services.stats.queries.evaluation import Row
from services.stats.view import View
from services.stats.view.series import Series
from services.stats.windows import Interval, total
from services.stats.windows import Series as AnySeries
from shared.contracts.stats import Tier
from shared.contracts.topics import FACT_TOPICS
from shared.errors import NotFound
from shared.places import Places, Unit

ALL_TOPICS: Final = tuple(topic.name for topic in FACT_TOPICS)
_DAY: Final = timedelta(days=1)


class Map(StrEnum):
    """Whose borders the lines of an answer have: today's, or those of the day on which something happened."""

    IS = "is"
    WAS = "was"


@dataclass(frozen=True, slots=True)
class Area:
    """A line: its key in the answer, its series, and whose heads tell how far they are complete.

    `has_code_now` is false where the code has gone over to another unit: the newest event of the sequence is not its.
    """

    key: str
    series: Row
    units: tuple[str, ...]
    has_code_now: bool = True
    facts: Mapping[str, Any] = field(default_factory=dict)


class Source(NamedTuple):
    """A row that an area takes from, or with sign -1 leaves out, within its days."""

    row: Mapping[str, Series]
    sign: int = 1
    days: Days = ALL_DAYS


class Sum(Mapping[str, AnySeries]):
    """The series of several rows together, each made when it is first asked for."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources = tuple(sources)
        self._names = frozenset[str]().union(*(source.row for source in self._sources))
        self._made: dict[str, Combined] = {}

    def __getitem__(self, name: str) -> AnySeries:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._made:
            self._made[name] = Combined(
                Part(source.row[name], source.sign, source.days) for source in self._sources if name in source.row
            )
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def key_of(unit: Unit) -> str:
    """How an answer names a unit: by its code, a former one by code and last day, because codes were used again."""
    return unit.code if unit.valid_to is None else f"{unit.code}@{unit.valid_to - _DAY}"


class Areas:
    """The lines that can be asked for.

    What was recorded under a code belongs to the unit that has the code on the day of the amount; what lies in another
    unit today belongs to the last former unit with the code even after that one's end. A level lies with the unit that
    has the code when the interval ends.
    """

    def __init__(self, places: Places) -> None:
        self._places = places

    def today(self, view: View, unit: str) -> Area:
        """A unit of today's map with what former units recorded there, as far as that is known; or a whole city."""
        return Area(unit, view.series(unit), (unit,))

    def former(self, view: View, unit: Unit) -> Area:
        """A unit as it was, with what was recorded under its code; of a province of then without its communes."""
        facts: dict[str, Any] = {
            "code": unit.code,
            "name": unit.name,
            "kind": unit.kind.value,
            "district": unit.district,
        }
        facts |= {"valid_from": unit.valid_from, "valid_to": unit.valid_to}
        if unit.is_city:
            facts["own_facts_only"] = True
        newest = self._places.versions(unit.code)[-1] is unit
        return Area(key_of(unit), Sum(self.sources(view, unit)), (unit.code,), newest, facts)

    def city_of(self, key: str) -> str:
        """Today's city or province of a unit of any map. Raises: NotFound."""
        return self._versions(key)[0].city

    def named(self, key: str, interval: Interval) -> Unit:
        """The unit of any map that a key means: `code@day` the one of that day, a code alone the last one that is valid
        within the interval, or else the last one that had it. Raises: NotFound.
        """
        versions = self._versions(key)
        if versions[-1].code == versions[-1].city:
            return versions[-1]  # a city of today has all that lies in it, on whatever map
        _, _, day = key.partition("@")
        first, last = interval.start.date(), interval.last_day
        if day:
            try:
                first = last = date.fromisoformat(day)
            except ValueError:
                raise NotFound(f"{key} is not a unit: after the code stands a day, as in 00004@2025-06-30") from None
        found = [unit for unit in versions if valid_within(unit, first, last)]
        if day and not found:
            raise NotFound(f"{key.partition('@')[0]} was not the code of a unit on {day}")
        return (found or versions)[-1]

    def _versions(self, key: str) -> tuple[Unit, ...]:
        versions = self._places.versions(key.partition("@")[0])
        if not versions:
            raise NotFound(f"{key} is not the code of a unit")
        return versions

    def as_was(self, view: View, city: str, interval: Interval, levels: Sequence[str]) -> list[Area]:
        """The city, and all units of any map that are valid within the interval, or have something in it or standing.

        `levels` name the series of which something may stand when the interval ends.
        """
        first, last = interval.start.date(), interval.last_day
        days = (first.toordinal(), last.toordinal() + 1)
        found = [self.today(view, city)]
        for code in self._places.codes_of(city):
            for unit in self._places.versions(code) if code != city else ():
                area = self.former(view, unit)
                if (
                    valid_within(unit, first, last)
                    or reports_anything(area, *days)
                    or any(total(area.series[name], interval, level=True) for name in levels if name in area.series)
                ):
                    found.append(area)
        return found

    def sources(self, view: View, unit: Unit) -> Iterator[Source]:
        """The rows that together hold what was recorded by a unit as it was."""
        code = unit.code
        for portion in self._portions(unit):
            if portion.elsewhere:
                yield from (Source(row, 1, portion.days) for row in view.carried(code).values())
            elif view.series(code):
                yield Source(view.series(code), 1, portion.days)
                yield from (Source(view.carried(other)[code], -1, portion.days) for other in view.origins(code))

    def extent(self, unit: Unit, map_: Map) -> Extent:
        """What the same rows are made of."""
        if map_ is Map.IS or unit.code == unit.city:
            return of_today(self._places, unit.code)
        return Extent(unit.city, tuple(self._portions(unit)), (unit.code,))

    def lies_in(self, unit: Unit) -> frozenset[str]:
        """The units of today that have any of its area."""
        return frozenset((unit.code,) if unit.valid_to is None else self._places.successors(unit.code))

    def _portions(self, unit: Unit) -> Iterator[Portion]:
        """What was recorded under its code: first what lies in today's unit with the code, then what lies elsewhere."""
        code, versions = unit.code, self._places.versions(unit.code)
        yield Portion(code, code, days=_days(versions, unit))
        former = [version for version in versions if version.valid_to is not None]
        if unit in former:
            yield Portion(code, code, elsewhere=True, days=_days(former, unit))


def valid_within(unit: Unit, first: date, last: date) -> bool:
    """Whether the unit exists on any of the days, both included."""
    return (unit.valid_from is None or unit.valid_from <= last) and (unit.valid_to is None or first < unit.valid_to)


def reports(area: Area, topic: str, first: int, end: int) -> bool:
    """Whether there is anything of a topic on the days first <= day < end."""
    series = area.series.get(topic)
    return series is not None and series.has_any(Tier.DAY, first, end)


def reports_anything(area: Area, first: int, end: int) -> bool:
    """Whether there is anything of any topic on the days first <= day < end."""
    return any(reports(area, topic, first, end) for topic in ALL_TOPICS)


def _days(versions: Sequence[Unit], unit: Unit) -> Days:
    at = versions.index(unit)
    first = versions[at].valid_from if at else None
    following = versions[at + 1].valid_from if at + 1 < len(versions) else None
    return Days(first.toordinal() if first else None, following.toordinal() if following else None)
