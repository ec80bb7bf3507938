"""Windows with dates of their own: asked for by a reader, or named by a campaign or a legal instrument."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from services.stats.panes import NamedWindow
from services.stats.windows.comparison import Comparison, Comparisons, Reason, whole_days, year_before
from services.stats.windows.interval import Interval, WindowError, require_days

_DAY: Final = timedelta(days=1)
_CAMPAIGN: Final = "campaign"


@dataclass(frozen=True, slots=True)
class Dates:
    """Local days from `first` to `last`, both included; without a last day it goes on.

    `previous` are the days of the edition before, where `editions` says that there are such.
    """

    id: str
    title_vi: str
    title_en: str
    kind: str
    first: date
    last: date | None = None
    editions: bool = False
    previous: tuple[date, date | None] | None = None

    def interval(self, as_of: datetime) -> Interval:
        """The days so far. Raises: WindowError for a window that begins after today."""
        today = as_of.date()
        if self.first > today:
            raise WindowError.of("window", f"{self.title_en} begins on {self.first}, after today")
        return Interval.of_days(self.first, self._end(today + _DAY), as_of.tzinfo, as_of)

    def comparisons(self, as_of: datetime) -> Comparisons:
        """Whole days against as many before, or of the previous edition; and against the same dates a year earlier."""
        interval = self.interval(as_of)
        end = self._end(as_of.date())
        return Comparisons(self._previous(end, as_of.date(), interval), year_before(self.first, end, interval))

    def _end(self, latest: date) -> date:
        return latest if self.last is None or self.last >= latest else self.last + _DAY

    def _previous(self, end: date, today: date, interval: Interval) -> Comparison | Reason:
        length = end - self.first
        if not self.editions:
            return whole_days(self.first, end, self.first - length, self.first, interval)
        if self.previous is None:
            return Reason.NO_PREVIOUS_EDITION
        first, last = self.previous
        over = self.last is not None and self.last < today
        previous_end = self.first if last is None else min(last, date.max - _DAY) + _DAY
        baseline_end = previous_end if over else min(first + length, previous_end)
        return whole_days(self.first, end, first, max(baseline_end, first + _DAY), interval)


def between(first: date, last: date) -> Dates:
    """The window of two dates, both included. Raises: WindowError if they run backwards."""
    require_days(first, last)
    return Dates(
        id=f"{first}/{last}",
        title_vi=f"Từ {first:%d/%m/%Y} đến {last:%d/%m/%Y}",
        title_en=f"{first} to {last}",
        kind="dates",
        first=first,
        last=last,
    )


def named(window: NamedWindow, previous: NamedWindow | None = None) -> Dates:
    """The window of a campaign or a legal instrument, with the edition before it where there is one."""
    return Dates(
        id=window.id,
        title_vi=window.title,
        title_en=window.title_en or window.title,
        kind=window.kind,
        first=window.from_date,
        last=window.to_date,
        editions=window.kind == _CAMPAIGN,
        previous=None if previous is None else (previous.from_date, previous.to_date),
    )
