"""Where an instant lies among the local panes, and how far back each tier reaches; reads no clock."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from services.stats.panes import HOURS_A_DAY, KEPT, MINUTES_AN_HOUR, bucket_number, bucket_text
from shared.contracts.stats import Tier

# Every zone's offset has been a multiple of a quarter of an hour since 1972, so that a whole quarter lies in one hour.
_QUARTER_S: Final = 900
_QUARTER_MINUTES: Final = 15
_CACHED_QUARTERS: Final = 140_000  # four years of them; past that the cache starts anew


class Place(NamedTuple):
    """Where a minute lies, or a quarter begins: the minute's number, then bucket (a number) and index in each tier."""

    number: int
    hour: int
    minute: int
    day: int
    hour_of_day: int
    month: int
    day_of_month: int


class Floor(NamedTuple):
    """The earliest buckets that are still kept: an hour of minutes, a day of hours."""

    minute: int
    hour: int

    def raised(self, other: "Floor") -> "Floor":
        """The higher of both, tier by tier: a horizon never sinks."""
        if self.minute <= other.minute and self.hour <= other.hour:
            return other  # nearly always, and then all units share one
        return Floor(max(self.minute, other.minute), max(self.hour, other.hour))

    def texts(self) -> dict[Tier, str]:
        return {
            Tier.MINUTE: bucket_text(Tier.MINUTE, self.minute),
            Tier.HOUR: bucket_text(Tier.HOUR, self.hour),
        }

    @classmethod
    def of(cls, horizon: dict[Tier, str]) -> "Floor":
        return cls(
            bucket_number(Tier.MINUTE, horizon[Tier.MINUTE]),
            bucket_number(Tier.HOUR, horizon[Tier.HOUR]),
        )


class Calendar:
    """Local time of one zone. Quick because the facts of a quarter share one conversion, however late they come."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._quarters: dict[float, Place] = {}

    def quarter(self, instant: datetime) -> Place:
        """The place of the quarter of an hour that an aware instant lies in."""
        quarter = instant.timestamp() // _QUARTER_S
        return self._quarters.get(quarter) or self._convert(quarter)

    def place(self, instant: datetime) -> Place:
        """The place of the minute that an aware instant lies in."""
        begin, after = self.quarter(instant), minutes_into_quarter(instant.timestamp() // 60)
        return Place(begin.number + after, begin.hour, begin.minute + after, *begin[3:])

    def floor(self, now: datetime) -> Floor:
        """The earliest buckets to keep at that time."""
        return Floor(self.quarter(now - KEPT[Tier.MINUTE]).hour, self.quarter(now - KEPT[Tier.HOUR]).day)

    def next_quarter(self, now: datetime) -> datetime:
        """When the next quarter of an hour begins: until then `floor` stays the same."""
        return datetime.fromtimestamp((now.timestamp() // _QUARTER_S + 1) * _QUARTER_S, UTC)

    def _convert(self, quarter: float) -> Place:
        try:
            local = datetime.fromtimestamp(quarter * _QUARTER_S, self.zone)
        except (OverflowError, ValueError, OSError):  # the first and the last hours of the calendar itself
            local = datetime.max if quarter > 0 else datetime.min
        if len(self._quarters) >= _CACHED_QUARTERS:
            self._quarters.clear()
        day = local.toordinal()
        hour = day * HOURS_A_DAY + local.hour
        place = self._quarters[quarter] = Place(
            number=hour * MINUTES_AN_HOUR + local.minute,
            hour=hour,
            minute=local.minute,
            day=day,
            hour_of_day=local.hour,
            month=local.year * 12 + local.month - 1,
            day_of_month=local.day,
        )
        return place


def minutes_into_quarter(unix_minute: float) -> int:
    """How many whole minutes of its quarter of an hour lie before a minute, counted since 1970."""
    return int(unix_minute % _QUARTER_MINUTES)


@lru_cache(maxsize=8)
def calendar_of(zone: ZoneInfo) -> Calendar:
    """The one calendar of a zone: a year's conversions take 9 MB, and a worker may have 48 partitions."""
    return Calendar(zone)
