"""What a line of figures covers: amounts by recorded code, unit of today and day. Pure; knows no series or store."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from shared.places import Places


class Days(NamedTuple):
    """Local days by their ordinal: first <= day < end; without an end that is not given."""

    first: int | None = None
    end: int | None = None

    def holds(self, day: int) -> bool:
        return (self.first is None or self.first <= day) and (self.end is None or day < self.end)

    def cut(self, start: int, end: int, panes_a_day: int) -> tuple[int, int]:
        """What of start <= pane < end lies within the days."""
        first = start if self.first is None else max(start, self.first * panes_a_day)
        return first, end if self.end is None else min(end, self.end * panes_a_day)


ALL_DAYS: Final = Days()


class Portion(NamedTuple):
    """What was recorded under a code (None: any) and lies in a unit of today (None: any; `elsewhere`: any but this)."""

    code: str | None
    today: str | None
    elsewhere: bool = False
    days: Days = ALL_DAYS

    def has(self, code: str, today: str) -> bool:
        """Whether it has what was recorded under this code and lies in that unit of today."""
        return self.code in (None, code) and (self.today is None or (today == self.today) is not self.elsewhere)


@dataclass(frozen=True, slots=True)
class Extent:
    """The portions of a line, none of which overlap, and the codes under which anything of them may be recorded."""

    city: str
    portions: tuple[Portion, ...]
    codes: tuple[str, ...]


@lru_cache(maxsize=4_096)
def of_today(places: Places, unit: str) -> Extent:
    """A unit of today, with what former ones recorded there; a city with everything in it. Raises: LookupError."""
    city = places.city_of(unit)
    codes = places.codes_of(city)
    if unit == city:
        return Extent(city, (Portion(None, None),), codes)
    near = tuple(code for code in codes if code == unit or unit in places.successors(code))
    return Extent(city, (Portion(None, unit),), near)
