"""What a window is compared with, and why it sometimes is not; adds nothing up."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from services.stats.windows.interval import Interval


class Reason(Enum):
    """Why there is nothing to compare with. `code` for programs, a sentence for people in both languages."""

    TOO_SHORT = (
        "too_short",
        "Cửa sổ quá ngắn để so với năm trước.",
        "The window is too short for a year's comparison.",
    )
    NO_WHOLE_DAY = ("no_whole_day", "Kỳ này chưa có ngày nào trọn vẹn.", "No day of the window is over yet.")
    NO_PREVIOUS_EDITION = (
        "no_previous_edition",
        "Phong trào này không có đợt trước.",
        "The campaign has no previous edition.",
    )
    NO_SUCH_PERIOD = (
        "no_such_period",
        "Năm trước không có kỳ tương ứng.",
        "The year before has no period of this kind.",
    )

    def __init__(self, code: str, vi: str, en: str) -> None:
        self.code = code
        self.vi = vi
        self.en = en


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two intervals of equal elapsed time: `baseline` stands against `current`, the window or a part of it."""

    current: Interval
    baseline: Interval


@dataclass(frozen=True, slots=True)
class Comparisons:
    """With the period before, and with the same period a year earlier; where there is none, the reason."""

    previous: Comparison | Reason
    year_earlier: Comparison | Reason


def a_year_before(day: date) -> date:
    """The same day a year earlier; 28 February for 29 February."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day - timedelta(days=366)


def whole_days(first: date, end: date, baseline_first: date, baseline_end: date, like: Interval) -> Comparison | Reason:
    """Two spans of whole local days, without their end days; a reason where the first has none."""
    if end <= first:
        return Reason.NO_WHOLE_DAY
    zone = like.start.tzinfo
    return Comparison(
        current=Interval.of_days(first, end, zone), baseline=Interval.of_days(baseline_first, baseline_end, zone)
    )


def year_before(first: date, end: date, like: Interval) -> Comparison | Reason:
    """Whole local days against the same dates a year earlier."""
    day = timedelta(days=1)
    return whole_days(first, end, a_year_before(first), a_year_before(end - day) + day, like)
