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
# Four years of quarters, and two weeks of minutes; past that a cache starts anew.
_CACHED_QUARTERS: Final = 140_000
_CACHED_MINUTES: Final = 20_000


class Place(NamedTuple):
    """Where a minute lies: its number, counted through, then bucket (a number) and index in each tier."""

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
    """Local time of one zone. Quick because facts lie in few minutes, and those of a quarter share one conversion."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._minutes: dict[float, Place] = {}
        self._quarters: dict[float, Place] = {}

    def place(self, instant: datetime) -> Place:
        """The place of an aware instant."""
        minute = instant.timestamp() // 60
        return self._minutes.get(minute) or self._learn(minute)

    def floor(self, now: datetime) -> Floor:
        """The earliest buckets to keep at that time."""
        return Floor(self.place(now - KEPT[Tier.MINUTE]).hour, self.place(now - KEPT[Tier.HOUR]).day)

    def next_quarter(self, now: datetime) -> datetime:
        """When the next quarter of an hour begins: until then `floor` stays the same."""
        return datetime.fromtimestamp((now.timestamp() // _QUARTER_S + 1) * _QUARTER_S, UTC)

    def _learn(self, minute: float) -> Place:
        quarter, after = divmod(minute, _QUARTER_MINUTES)
        begin = self._quarters.get(quarter) or self._convert(quarter)
        place = begin._replace(number=begin.number + int(after), minute=begin.minute + int(after))
        if len(self._minutes) >= _CACHED_MINUTES:
            self._minutes.clear()
        self._minutes[minute] = place
        return place

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


@lru_cache(maxsize=8)
def calendar_of(zone: ZoneInfo) -> Calendar:
    """The one calendar of a zone: a year's conversions take 9 MB, and a worker may have 48 partitions."""
    return Calendar(zone)
