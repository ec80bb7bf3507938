"""Which days are worked and at which hours; owns no length of any deadline and does no I/O."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from services.tips.domain.clocks.days_off import DECREED_UNTIL, HOLIDAYS, WORKED_WEEKENDS
from services.tips.domain.clocks.effective import in_force
from shared.places.local_time import TIME_ZONE, local_date

DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """When offices are open on a working day, from one day on until the next entry."""

    in_force_from: date
    sessions: tuple[tuple[time, time], ...]
    source: str


OFFICE_HOURS: Final = (
    OfficeHours(
        in_force_from=date.min,
        sessions=((time(8), time(12)), (time(13, 30), time(17, 30))),
        source="Assumed: eight hours on working days, as offices of the city keep them.",
    ),
)


def _days(years: Mapping[int, str]) -> frozenset[date]:
    return frozenset(date.fromisoformat(f"{year}-{day}") for year, days in years.items() for day in days.split())


_HOLIDAYS: Final = _days(HOLIDAYS)
_WORKED_WEEKENDS: Final = _days(WORKED_WEEKENDS)


def is_working_day(day: date) -> bool:
    """Whether offices work: neither a weekend nor a holiday, or a weekend that is worked instead of another day."""
    return day in _WORKED_WEEKENDS or (day.weekday() < _SATURDAY and day not in _HOLIDAYS)


def midnight(day: date) -> datetime:
    """The first instant of a local day."""
    return datetime.combine(day, time.min, _zone())


def known_until() -> datetime:
    """The first instant of which it is not decreed yet who works; from there on days off are those of the law alone."""
    return midnight(date(DECREED_UNTIL + 1, 1, 1))


def sessions_from(instant: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The hours worked from the instant on, as half-open intervals in order; without end."""
    day = local_date(instant)
    while True:
        if is_working_day(day):
            for opens, closes in _office_hours(day).sessions:
                end = datetime.combine(day, closes, _zone())
                if end > instant:
                    yield max(datetime.combine(day, opens, _zone()), instant), end
        day += DAY


def _office_hours(day: date) -> OfficeHours:
    hours = in_force(OFFICE_HOURS, day)
    assert hours is not None, "the first entry holds from the first day on"
    return hours


@cache
def _zone() -> ZoneInfo:
    return ZoneInfo(TIME_ZONE)
