"""Whether there is anything to compare with: no data is never shown as zero or as a fall by 100 %. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from services.stats.panes import Head
from services.stats.view import View
from services.stats.windows import Interval
from shared.contracts.topics import AWARDS, INCIDENTS, PATROLS, TIPS

# A city without a single fact of these topics for a week was not at peace: nobody reported.
DAILY_TOPICS: Final = frozenset({TIPS.name, PATROLS.name, INCIDENTS.name})
LONGEST_SILENCE_DAYS: Final = 7
ALL_TOPICS: Final = (TIPS.name, PATROLS.name, INCIDENTS.name, AWARDS.name)


class Baselines:
    """What was reported when, for the rows of one city. Made anew for each answer."""

    def __init__(self, view: View, city: str, codes: frozenset[str]) -> None:
        self._view = view
        self._city = city
        self._covered: dict[tuple[str, str, int, int], bool] = {}
        self._first_days: dict[tuple[str, str], int | None] = {}
        self._last_events: dict[str, datetime] = {}
        self._incomplete: set[str] = set()
        for (_, unit), head in view.heads.items():
            if unit in codes:
                self._note(unit, head)

    def cover(self, topic: str, row: str, interval: Interval) -> bool:
        """Whether the row's figures of the topic are known over the whole interval."""
        first, end = interval.start.toordinal(), _last_day(interval) + 1
        key = (topic, row, first, end)
        if key not in self._covered:
            self._covered[key] = self._begins_before(topic, row, first) and self._city_reports(topic, first, end)
        return self._covered[key]

    def reporting(self, row: str, interval: Interval) -> dict[str, Any]:
        """What a reader needs to trust the row's zeros: whether it reported at all, when last, and what is missing."""
        first, end = interval.start.toordinal(), _last_day(interval) + 1
        return {
            "has_reported": any(_any_day(self._view.active_days(topic, row), first, end) for topic in ALL_TOPICS),
            "last_event": self._last_events.get(row),
            "incomplete": row in self._incomplete,
        }

    def _note(self, unit: str, head: Head) -> None:
        for row in (unit, self._city):
            if head.skipped or head.waiting_for is not None:
                self._incomplete.add(row)
            if head.last_event is not None:
                known = self._last_events.get(row)
                recorded = head.last_event.recordedtime
                self._last_events[row] = recorded if known is None else max(known, recorded)

    def _begins_before(self, topic: str, row: str, day: int) -> bool:
        key = (topic, row)
        if key not in self._first_days:
            self._first_days[key] = min(self._view.active_days(topic, row), default=None)
        first = self._first_days[key]
        return first is not None and first <= day

    def _city_reports(self, topic: str, first: int, end: int) -> bool:
        """No silence of more than a week within the interval, where the topic reports daily."""
        if topic not in DAILY_TOPICS:
            return True
        key = (topic, "", first, end)
        if key not in self._covered:
            days = self._view.active_days(topic, self._city)
            silence = longest = 0
            for day in range(first, end):
                silence = 0 if day in days else silence + 1
                longest = max(longest, silence)
            self._covered[key] = longest <= min(LONGEST_SILENCE_DAYS, max(end - first - 1, 0))
        return self._covered[key]


def _last_day(interval: Interval) -> int:
    """The number of the day in which the interval ends; a midnight ends the day before."""
    day = interval.end.toordinal()
    return day - 1 if (interval.end.hour, interval.end.minute) == (0, 0) else day


def _any_day(days: Mapping[int, int], first: int, end: int) -> bool:
    if end - first > len(days):
        return any(first <= day < end for day in days)
    return any(day in days for day in range(first, end))
