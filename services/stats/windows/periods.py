"""Calendar periods to date: day, ISO week, month, quarter, half-year and year of the local calendar."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from services.stats.windows.comparison import Comparison, Comparisons, Reason, whole_days, year_before
from services.stats.windows.interval import STEP, Interval, midnight
from shared.contracts.stats import Tier

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """From the period's first day to the day in progress.

    `finer` is the tier in which the period before is cut at the same elapsed time; without one both are cut after
    their last whole day, because no finer panes are kept that long. Where the period before is the shorter one, this
    one is compared as far as that went.
    """

    id: str
    title_vi: str
    title_en: str
    first_day: Callable[[date], date]
    finer: Tier | None

    @property
    def kind(self) -> str:
        return "calendar"

    def interval(self, as_of: datetime) -> Interval:
        """Where the window lies at a local time."""
        today = as_of.date()
        return Interval.of_days(self.first_day(today), today + _DAY, as_of.tzinfo, as_of)

    def comparisons(self, as_of: datetime) -> Comparisons:
        """With the period before up to the same elapsed time; with the same whole days a year earlier."""
        interval = self.interval(as_of)
        return Comparisons(self._previous(interval, as_of), self._year_earlier(interval, as_of))

    def _previous(self, interval: Interval, as_of: datetime) -> Comparison | Reason:
        first = interval.start.date()
        previous = self.first_day(first - _DAY)
        longest = first - previous  # February is over before the 29th of March is
        if self.finer is None:
            length = min(as_of.date() - first, longest)
            return whole_days(first, first + length, previous, previous + length, interval)
        start = midnight(previous, as_of.tzinfo)
        elapsed = _pane_in_progress(as_of, self.finer) + STEP[self.finer] - interval.start
        if elapsed > longest:
            return whole_days(first, first + longest, previous, first, interval)
        return Comparison(interval, Interval(start, start + elapsed, self.finer))

    def _year_earlier(self, interval: Interval, as_of: datetime) -> Comparison | Reason:
        first, today = interval.start.date(), as_of.date()
        if self.id != "week":
            return year_before(first, today, interval)
        # Weeks are compared weekday by weekday: the same number in the ISO year before.
        year, week, _ = first.isocalendar()
        try:
            baseline = date.fromisocalendar(year - 1, week, 1)
        except ValueError:
            return Reason.NO_SUCH_PERIOD
        return whole_days(first, today, baseline, baseline + (today - first), interval)


def _pane_in_progress(as_of: datetime, tier: Tier) -> datetime:
    minute = 0 if tier is Tier.HOUR else as_of.minute
    return as_of.replace(minute=minute, second=0, microsecond=0)


def _first_of_months(months: int) -> Callable[[date], date]:
    return lambda day: date(day.year, (day.month - 1) // months * months + 1, 1)


PERIODS: Final = (
    Period("day", "Hôm nay", "Today", lambda day: day, Tier.MINUTE),
    Period("week", "Tuần này", "This week", lambda day: day - timedelta(days=day.weekday()), Tier.HOUR),
    Period("month", "Tháng này", "This month", _first_of_months(1), Tier.HOUR),
    Period("quarter", "Quý này", "This quarter", _first_of_months(3), None),
    Period("half_year", "6 tháng này", "This half-year", _first_of_months(6), None),
    Period("year", "Năm nay", "This year", _first_of_months(12), None),
)
