"""Lengths of time as the law names them, and where they end; knows no rule and no tip."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.tips.domain.clocks.working_days import DAY, is_working_day, midnight, sessions_from
from shared.places.local_time import local_date


@dataclass(frozen=True, slots=True)
class Days:
    """Calendar days; the day from which they are counted is not one of them."""

    count: int

    def after(self, day: date) -> date:
        return day + timedelta(days=self.count)


@dataclass(frozen=True, slots=True)
class Months:
    """To the same day of a later month, or to its last day where there is no such day."""

    count: int

    def after(self, day: date) -> date:
        year, month = divmod(day.year * 12 + day.month - 1 + self.count, 12)
        return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours by the clock, day and night."""

    count: float


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """Hours in which offices are open."""

    count: float


Span = Sequence[Days | Months] | Hours | WorkingHours
"""Days and months follow one another; hours stand alone."""


def end_of(span: Span, since: datetime) -> datetime:
    """The first instant after the time has run out.

    Days and months end with their last day; if offices are closed on it, with the next day on which they are open.
    Source: Criminal Procedure Code 2015, art. 134; assumed that the day of receipt is not counted, as in art. 147 of
    the Civil Code 2015.
    """
    match span:
        case Hours(count):
            return since + timedelta(hours=count)
        case WorkingHours(count):
            return _after_working(timedelta(hours=count), since)
        case parts:
            day = local_date(since)
            for part in parts:
                day = part.after(day)
            while not is_working_day(day):
                day += DAY
            return midnight(day + DAY)


def _after_working(left: timedelta, since: datetime) -> datetime:
    for begin, end in sessions_from(since):
        if left <= end - begin:
            return begin + left
        left -= end - begin
    raise AssertionError("working hours do not end")
