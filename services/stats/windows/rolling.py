"""Windows of a fixed length that end with the pane in progress."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.stats.windows.comparison import Comparison, Comparisons, Reason, a_year_before, whole_days
from services.stats.windows.interval import STEP, Interval
from shared.contracts.stats import Tier

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rolling:
    """The last `length`, counted in panes of `tier`, the one in progress included."""

    id: str
    title_vi: str
    title_en: str
    length: timedelta
    tier: Tier

    @property
    def kind(self) -> str:
        return "rolling"

    def interval(self, as_of: datetime) -> Interval:
        """Where the window lies at a local time."""
        progress = as_of.replace(second=0, microsecond=0)
        if self.tier is Tier.HOUR:
            progress = progress.replace(minute=0)
        end = progress + STEP[self.tier]
        return Interval(end - self.length, end, self.tier, as_of)

    def comparisons(self, as_of: datetime) -> Comparisons:
        """With the same length just before; with the last whole days a year earlier."""
        interval = self.interval(as_of)
        before = Interval(interval.start - self.length, interval.start, self.tier)
        return Comparisons(Comparison(interval, before), self._year_earlier(interval, as_of))

    def _year_earlier(self, interval: Interval, as_of: datetime) -> Comparison | Reason:
        if self.length < _DAY:
            return Reason.TOO_SHORT
        today = as_of.date()
        baseline_end = a_year_before(today)
        return whole_days(today - self.length, today, baseline_end - self.length, baseline_end, interval)


ROLLING: Final = (
    Rolling("PT5M", "5 phút qua", "Last 5 minutes", timedelta(minutes=5), Tier.MINUTE),
    Rolling("PT1H", "1 giờ qua", "Last hour", timedelta(hours=1), Tier.MINUTE),
    Rolling("PT24H", "24 giờ qua", "Last 24 hours", timedelta(hours=24), Tier.MINUTE),
    Rolling("P7D", "7 ngày qua", "Last 7 days", timedelta(days=7), Tier.HOUR),
    Rolling("P30D", "30 ngày qua", "Last 30 days", timedelta(days=30), Tier.HOUR),
)
