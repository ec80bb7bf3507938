"""Half-open local intervals made of whole panes, and sums over them; knows no window by name."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final, Protocol

from services.stats.panes import KEPT, pane_number
from shared.contracts.stats import Tier
from shared.errors import InvalidInput

STEP: Final = {Tier.MINUTE: timedelta(minutes=1), Tier.HOUR: timedelta(hours=1), Tier.DAY: timedelta(days=1)}
"""The length of a pane."""


EARLIEST: Final = date(1900, 1, 1)
LATEST: Final = date(2199, 12, 31)
"""Days beyond these are slips of the finger."""


class WindowError(InvalidInput):
    """A window that does not exist, runs backwards, or asks for more detail than is kept."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From `start` up to, and without, `end`: local times with offset, at the borders of panes of `tier`.

    `as_of` is when a window was asked for that is not over: what is only due later within it does not count yet.
    """

    start: datetime
    end: datetime
    tier: Tier
    as_of: datetime | None = field(default=None, compare=False)
    first_pane: int = field(init=False, compare=False)
    end_pane: int = field(init=False, compare=False)
    """The number of the pane after the last one."""
    last_day: date = field(init=False, compare=False)
    """The local day in which it ends; a midnight ends the day before."""

    def __post_init__(self) -> None:
        # Every series of an answer asks for these.
        object.__setattr__(self, "first_pane", pane_number(self.tier, self.start))
        object.__setattr__(self, "end_pane", pane_number(self.tier, self.end))
        object.__setattr__(self, "last_day", (self.end - timedelta(microseconds=1)).date())

    @property
    def reached(self) -> datetime:
        """How far the interval has come: its end, or that of the minute in progress."""
        if self.as_of is None:
            return self.end
        return min(self.end, self.as_of.replace(second=0, microsecond=0) + STEP[Tier.MINUTE])

    @classmethod
    def of_days(cls, first: date, end: date, zone: tzinfo | None, as_of: datetime | None = None) -> "Interval":
        """Whole local days, without the day `end`."""
        return cls(midnight(first, zone), midnight(end, zone), Tier.DAY, as_of)


class Series(Protocol):
    """The panes of one metric of one unit or city."""

    def total(self, tier: Tier, start: int, end: int) -> int:
        """The sum over start <= pane < end."""
        ...

    def level(self, tier: Tier, end: int) -> int:
        """The sum of everything before the pane `end`: whole days, and of the last day its finer panes."""
        ...

    def has_any(self, tier: Tier, start: int, end: int) -> bool:
        """Whether any pane of start <= pane < end has something in it."""
        ...

    def between(self, tier: Tier, start: int, end: int) -> Iterator[tuple[int, int]]:
        """(pane number, amount) of the panes with something in them, in order."""
        ...


def total(series: Series, interval: Interval, *, level: bool, ahead: bool = False) -> int:
    """What happened in the interval, or, of a level, how much there is at its end.

    With `ahead` the series may have panes in the future, which the interval has not reached.
    """
    if ahead and interval.reached < interval.end:
        end = pane_number(Tier.MINUTE, interval.reached)
        if level:
            return series.level(Tier.MINUTE, end)
        # Whole panes up to the one in progress, and of that one the minutes so far.
        progress = pane_number(interval.tier, interval.reached - STEP[Tier.MINUTE])
        begins = interval.start + (progress - interval.first_pane) * STEP[interval.tier]
        whole = series.total(interval.tier, interval.first_pane, progress)
        return whole + series.total(Tier.MINUTE, pane_number(Tier.MINUTE, begins), end)
    if level:
        return series.level(interval.tier, interval.end_pane)
    return series.total(interval.tier, interval.first_pane, interval.end_pane)


def by_pane(
    series: Series, interval: Interval, as_of: datetime, *, level: bool, ahead: bool = False
) -> Iterator[tuple[int, int]]:
    """(pane number, what the figure comes to in it): of panes with something in them, in order.

    Of a level, how much there is at the end of the pane: of the first one, and wherever it changed. Of a level, and of
    what is `ahead`, nothing is told beyond the pane in progress.
    """
    start, end = interval.first_pane, interval.end_pane
    if not level and not ahead:
        yield from series.between(interval.tier, start, end)
        return
    end = min(end, pane_number(interval.tier, as_of) + 1)
    numbers = {number for number, _ in series.between(interval.tier, start, end)}
    if level and start < end:
        numbers.add(start)
    for number in sorted(numbers):
        begins = interval.start + (number - start) * STEP[interval.tier]
        one = Interval(begins, begins + STEP[interval.tier], interval.tier, as_of)
        if level and one.reached == one.end:
            yield number, _level_after(series, interval.tier, number)
        else:
            yield number, total(series, one, level=level, ahead=ahead)


def _level_after(series: Series, tier: Tier, pane: int) -> int:
    # From the end of its day back: of the first day of which minutes are kept the early ones are gone.
    panes_a_day = timedelta(days=1) // STEP[tier]
    next_day = pane // panes_a_day + 1
    return series.level(Tier.DAY, next_day) - series.total(tier, pane + 1, next_day * panes_a_day)


def span(tier: Tier, first: date | None, last: date | None, as_of: datetime, *, days: int = 1) -> Interval:
    """The panes of a tier from the local day `first` to the local day `last`, the latter included.

    Ends today unless told otherwise, and is so many days long. Begins later on the earliest day of which only a part
    is kept.
    Raises: WindowError if the days run backwards, or lie further back than the tier is kept.
    """
    field, last = ("from", as_of.date()) if last is None else ("to", last)
    first = max(EARLIEST, last - timedelta(days=days - 1)) if first is None else first
    require_days(first, last, field)
    start, end = midnight(first, as_of.tzinfo), midnight(last + timedelta(days=1), as_of.tzinfo)
    kept = KEPT.get(tier)
    if kept is not None:
        earliest = (as_of - kept).replace(minute=0, second=0, microsecond=0)
        if first < earliest.date():
            kept_from = earliest.date()
            reason = f"{tier.value} panes are kept for {kept.days} days, back to {kept_from}; ask for a coarser tier"
            raise WindowError.of("from", reason, kept_from=kept_from)
        start = max(start, earliest if tier is Tier.MINUTE else midnight(earliest.date(), as_of.tzinfo))
    return Interval(start, end, tier)


def require_days(first: date, last: date, field: str = "to") -> None:
    """Raises: WindowError, naming `field`, if the days run backwards, or whichever lies beyond the calendar in use."""
    if not EARLIEST <= first <= LATEST:
        raise WindowError.of("from", f"{first} does not lie between {EARLIEST} and {LATEST}")
    if last > LATEST:
        raise WindowError.of("to", f"{last} does not lie between {EARLIEST} and {LATEST}")
    if last < first:
        raise WindowError.of(field, f"{last} is before {first}" if field == "to" else f"{first} is after {last}")


def midnight(day: date, zone: tzinfo | None) -> datetime:
    """The beginning of a local day."""
    return datetime.combine(day, time.min, zone)
