"""When things happen: hours of the day and days of the week; owns moments as whole local seconds, reads no clock.

A moment is a count of local seconds since 1970-01-01 00:00 in Hanoi, so that a day is `moment // DAY_S`; the country
has kept +07:00 without summer time since 1975.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from random import Random
from typing import Final

DAY_S: Final = 86_400
OFFSET_S: Final = 7 * 3600
NEVER: Final = 1 << 60
_EPOCH: Final = date(1970, 1, 1)
_HOUR_S: Final = 3600


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How much of something falls into each hour of a day and each day of a week, Monday first; only ratios count."""

    hours: tuple[float, ...]
    weekdays: tuple[float, ...] = (1.0,) * 7

    def intensity(self, moment: float) -> float:
        """How much happens at the moment against an average one."""
        day, second = divmod(int(moment), DAY_S)
        hour = self.hours[second // _HOUR_S] * 24 / sum(self.hours)
        return hour * self.of_day(day)

    @property
    def peak(self) -> float:
        """The highest intensity of a week."""
        return max(self.hours) * 24 / sum(self.hours) * max(self.weekdays) * 7 / sum(self.weekdays)

    def of_day(self, day: int) -> float:
        """How much happens on the day against an average one."""
        return self.weekdays[(day + 3) % 7] * 7 / sum(self.weekdays)  # day 0 was a Thursday

    def draw(self, rng: Random, first: int, last: int, count: int) -> list[int]:
        """So many moments of the days from first to last, in order of time."""
        days = rng.choices(range(first, last + 1), cum_weights=_days(self, first, last), k=count)
        hours = rng.choices(range(24), cum_weights=_hours(self), k=count)
        seconds = [int(rng.random() * _HOUR_S) for _ in range(count)]
        return sorted(d * DAY_S + h * _HOUR_S + s for d, h, s in zip(days, hours, seconds, strict=True))


@lru_cache(maxsize=64)
def _days(rhythm: Rhythm, first: int, last: int) -> list[float]:
    return list(accumulate(rhythm.of_day(day) for day in range(first, last + 1)))


@lru_cache(maxsize=16)
def _hours(rhythm: Rhythm) -> list[float]:
    return list(accumulate(rhythm.hours))


def day_number(day: date) -> int:
    return (day - _EPOCH).days


def day_of(moment: int) -> date:
    return _EPOCH + timedelta(days=moment // DAY_S)


def moment_of(at: datetime) -> int:
    """The moment of an instant."""
    return int(at.timestamp()) + OFFSET_S


def instant_of(moment: int) -> datetime:
    """The instant of a moment."""
    return datetime.fromtimestamp(moment - OFFSET_S, UTC)


@lru_cache(maxsize=4096)
def _date_text(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).isoformat()


_CLOCK: Final = tuple(f"{minute // 60:02}:{minute % 60:02}" for minute in range(24 * 60))


def text(moment: int) -> str:
    """The moment as a record tells it, in local time with offset."""
    day, second = divmod(moment, DAY_S)
    return f"{_date_text(day)}T{_CLOCK[second // 60]}:{second % 60:02}+07:00"


#                      0    1    2    3    4    5    6    7    8    9   10   11
#                     12   13   14   15   16   17   18   19   20   21   22   23
PATROLS: Final = Rhythm(
    (6.5, 5.0, 4.0, 3.0, 2.5, 2.0, 2.2, 3.2, 3.0, 2.2, 2.0, 2.0,
     1.8, 1.8, 2.0, 2.2, 2.8, 4.0, 4.6, 5.2, 7.0, 9.5, 11.0, 9.0),
    (0.95, 0.95, 0.96, 0.98, 1.05, 1.10, 1.01),
)  # fmt: skip
"""Ends of patrols: most of the force walks in the evening and the first half of the night."""
REPORTS: Final = Rhythm(
    (1.2, 0.8, 0.6, 0.5, 0.5, 1.0, 2.0, 4.0, 6.5, 7.0, 6.5, 5.0,
     3.5, 4.0, 6.0, 6.5, 6.0, 5.0, 4.5, 5.0, 5.5, 5.0, 3.5, 2.0),
    (1.08, 1.05, 1.02, 1.02, 1.03, 0.95, 0.85),
)  # fmt: skip
"""Reports of people: by day, with a second rise after supper."""
INCIDENTS: Final = Rhythm(
    (4.0, 3.2, 2.4, 1.8, 1.6, 1.8, 2.4, 3.4, 4.0, 4.2, 4.4, 4.4,
     4.2, 4.0, 4.2, 4.4, 4.8, 5.4, 5.8, 6.0, 6.2, 6.0, 5.4, 4.8),
    (0.96, 0.95, 0.96, 0.98, 1.04, 1.08, 1.03),
)  # fmt: skip
OFFICE: Final = Rhythm(
    (0, 0, 0, 0, 0, 0, 0, 1.0, 7.0, 9.0, 9.0, 4.0, 0.3, 3.5, 7.5, 8.0, 6.5, 1.2, 0, 0, 0, 0, 0, 0),
    (1.2, 1.2, 1.15, 1.15, 1.1, 0.25, 0.05),
)
OUTREACH: Final = Rhythm(
    (0, 0, 0, 0, 0, 0, 0, 0.5, 4.0, 5.0, 3.0, 0.5, 0, 1.0, 4.0, 4.0, 2.0, 1.0, 2.0, 7.0, 8.0, 2.0, 0, 0),
    (0.8, 0.9, 0.95, 0.95, 1.1, 1.4, 1.0),
)
