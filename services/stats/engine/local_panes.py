"""Where an instant lies among the local panes, and how far back each tier reaches; reads no clock."""

from datetime import UTC, datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from services.stats.panes import HOURS_A_DAY, KEPT, bucket_number, bucket_text
from shared.contracts.stats import Tier

# Every zone's offset has been a multiple of a quarter of an hour since 1972, so that a whole quarter lies in one hour.
_QUARTER_S: Final = 900
# Four years of quarters; past that the cache starts anew.
_CACHED_QUARTERS: Final = 140_000


class Place(NamedTuple):
    """Buckets (numbers) and indexes of a quarter of an hour; the minute within it is still to be added."""

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
    """Local time of one zone. Quick because all instants of a quarter of an hour share one conversion."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._places: dict[float, Place] = {}

    def place(self, instant: datetime) -> tuple[Place, int]:
        """The place of an aware instant and its minute of the hour."""
        second = instant.timestamp()
        quarter = second // _QUARTER_S
        place = self._places.get(quarter) or self._learn(quarter)
        return place, place.minute + int(second - quarter * _QUARTER_S) // 60

    def floor(self, now: datetime) -> Floor:
        """The earliest buckets to keep at that time."""
        minute, _ = self.place(now - KEPT[Tier.MINUTE])
        hour, _ = self.place(now - KEPT[Tier.HOUR])
        return Floor(minute.hour, hour.day)

    def next_quarter(self, now: datetime) -> datetime:
        """When the next quarter of an hour begins: until then `floor` stays the same."""
        return datetime.fromtimestamp((now.timestamp() // _QUARTER_S + 1) * _QUARTER_S, UTC)

    def _learn(self, quarter: float) -> Place:
        try:
            local = datetime.fromtimestamp(quarter * _QUARTER_S, self.zone)
        except (OverflowError, ValueError, OSError):  # the first and the last hours of the calendar itself
            local = datetime.max if quarter > 0 else datetime.min
        if len(self._places) >= _CACHED_QUARTERS:
            self._places.clear()
        day = local.toordinal()
        place = Place(
            hour=day * HOURS_A_DAY + local.hour,
            minute=local.minute,
            day=day,
            hour_of_day=local.hour,
            month=local.year * 12 + local.month - 1,
            day_of_month=local.day,
        )
        self._places[quarter] = place
        return place
