"""Whether there is anything to compare with: no data is never shown as zero or as a fall by 100 %. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from services.stats.queries.areas import Area, reports
from services.stats.view import View
from services.stats.windows import Interval
from shared.contracts.stats import Tier
from shared.contracts.topics import INCIDENTS, PATROLS, TIPS

# A city without a single fact of these topics for a week was not at peace: nobody reported.
DAILY_TOPICS: Final = frozenset({TIPS.name, PATROLS.name, INCIDENTS.name})
LONGEST_SILENCE_DAYS: Final = 7


class Baselines:
    """What was reported when, for the rows of one city. Made anew for each answer."""

    def __init__(self, view: View, city: str) -> None:
        self.view = view
        self._city = city
        self._covered: dict[tuple[str, str, int, int], bool] = {}

    def cover(self, topic: str, area: Area, interval: Interval) -> bool:
        """Whether the area's figures of the topic are known over the whole interval."""
        first, end = _days(interval)
        key = (topic, area.key, first, end)
        if key not in self._covered:
            begun = reports(area, topic, 0, first + 1)
            self._covered[key] = begun and self._city_reports(topic, first, end)
        return self._covered[key]

    def coverage(self, intervals: Iterable[Interval]) -> tuple[bool, ...]:
        """In which of the intervals the city reported, topic by topic: all that `cover` asks beyond the area itself."""
        days = [_days(interval) for interval in intervals]
        return tuple(self._city_reports(topic, *each) for topic in sorted(DAILY_TOPICS) for each in days)

    def _city_reports(self, topic: str, first: int, end: int) -> bool:
        """No silence of more than a week within the interval, where the topic reports daily."""
        if topic not in DAILY_TOPICS:
            return True
        key = (topic, "", first, end)
        if key not in self._covered:
            series = self.view.series(self._city).get(topic)
            days = [] if series is None else [day for day, _ in series.between(Tier.DAY, first, end)]
            following = [*days, end]
            longest = max(day - before - 1 for before, day in zip([first - 1, *days], following, strict=True))
            self._covered[key] = longest <= min(LONGEST_SILENCE_DAYS, max(end - first - 1, 0))
        return self._covered[key]


def _days(interval: Interval) -> tuple[int, int]:
    """The numbers of its first day and of the day after its last."""
    return interval.start.toordinal(), interval.last_day.toordinal() + 1
