"""Half-open local intervals made of whole panes, and sums over them; knows no window by name."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final, Protocol

from services.stats.panes import KEPT, pane_number
from shared.contracts.stats import Tier
from shared.errors import InvalidInput

STEP: Final = {Tier.MINUTE: timedelta(minutes=1), Tier.HOUR: timedelta(hours=1), Tier.DAY: timedelta(days=1)}
"""The length of a pane."""


class WindowError(InvalidInput):
    """A window that does not exist, runs backwards, or asks for more detail than is kept."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From `start` up to, and without, `end`: local times with offset, at the borders of panes of `tier`."""

    start: datetime
    end: datetime
    tier: Tier

    @property
    def first_pane(self) -> int:
        return pane_number(self.tier, self.start)

    @property
    def end_pane(self) -> int:
        """The number of the pane after the last one."""
        return pane_number(self.tier, self.end)

    @classmethod
    def of_days(cls, first: date, end: date, zone: tzinfo | None) -> "Interval":
        """Whole local days, without the day `end`."""
        return cls(midnight(first, zone), midnight(end, zone), Tier.DAY)


class Series(Protocol):
    """The panes of one metric of one unit or city."""

    def total(self, tier: Tier, start: int, end: int) -> int:
        """The sum over start <= pane < end."""
        ...

    def level(self, tier: Tier, end: int) -> int:
        """The sum of everything before the pane `end`: whole days, and of the last day its finer panes."""
        ...


def total(series: Series, interval: Interval, *, level: bool) -> int:
    """What happened in the interval, or, of a level, how much there is at its end."""
    if level:
        return series.level(interval.tier, interval.end_pane)
    return series.total(interval.tier, interval.first_pane, interval.end_pane)


def span(tier: Tier, first: date, last: date, as_of: datetime) -> Interval:
    """The panes of a tier from the local day `first` to the local day `last`, the latter included.

    Begins later on the earliest day of which only a part is kept.
    Raises: WindowError if the days run backwards, or lie further back than the tier is kept.
    """
    if last < first:
        raise WindowError.of("to", f"{last} is before {first}")
    start, end = midnight(first, as_of.tzinfo), midnight(last + timedelta(days=1), as_of.tzinfo)
    kept = KEPT.get(tier)
    if kept is not None:
        earliest = (as_of - kept).replace(minute=0, second=0, microsecond=0)
        if first < earliest.date():
            raise WindowError.of("from", f"{tier.value} panes are kept for {kept.days} days; ask for a coarser tier")
        start = max(start, earliest if tier is Tier.MINUTE else midnight(earliest.date(), as_of.tzinfo))
    return Interval(start, end, tier)


def midnight(day: date, zone: tzinfo | None) -> datetime:
    """The beginning of a local day."""
    return datetime.combine(day, time.min, zone)
