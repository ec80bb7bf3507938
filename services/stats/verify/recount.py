"""Adds up counted facts to totals over any interval, per row and metric, at given positions of each unit's events."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import accumulate
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.stats.verify.as_was import FORMERLY, AsWas
from services.stats.verify.counting import COUNTS, LEVELS, Facts, day_of, group_of
from shared.contracts.topics import EVENT_TYPES
from shared.places import Places

MINUTES_A_DAY: Final = 1440
Positions = Mapping[str, Mapping[str, int]]  # topic -> unit -> position


@dataclass(slots=True)
class _Sums:
    minutes: array[int] = field(default_factory=lambda: array("q"))
    amounts: array[int] = field(default_factory=lambda: array("q"))
    ordered: bool = False
    totals: list[int] = field(default_factory=list)

    def add(self, minute: int, amount: int) -> None:
        self.minutes.append(minute)
        self.amounts.append(amount)
        self.ordered = False

    def before(self, minute: int) -> int:
        if not self.ordered:
            order = sorted(range(len(self.minutes)), key=self.minutes.__getitem__)
            self.amounts = array("q", (self.amounts[at] for at in order))
            self.minutes = array("q", (self.minutes[at] for at in order))
            self.totals = [0, *accumulate(self.amounts)]
            self.ordered = True
        return self.totals[bisect_left(self.minutes, minute)]


class Recount:
    """Totals at fixed positions.

    `settled` are positions that every answer to be checked contains; events above them are kept one by one.
    """

    def __init__(self, places: Places, zone: ZoneInfo, settled: Positions) -> None:
        self.events = 0
        self._places = places
        self._zone = zone
        self._settled = settled
        self._sums: dict[tuple[str, str], _Sums] = {}
        self._late: dict[tuple[str, str], list[tuple[str, str, int, int, int]]] = {}
        self.as_was = AsWas(places)

    def take(self, topic: str, unit: str, events: Iterable[Mapping[str, Any]]) -> None:
        """Count the events of one unit."""
        settled = self._settled.get(topic, {}).get(unit, 0)
        for event in events:
            self.events += 1
            if event["type"] not in EVENT_TYPES:
                continue  # of a newer release: it counts for nothing until this one knows what it means
            kind = event["type"].partition(".")[0]
            for facts, sign in ((event["data"]["was"], -1), (event["data"]["is"], 1)):
                if facts is not None:
                    self._count(topic, unit, event["position"], settled, kind, facts, sign)

    def total(self, row: str, metric: str, start: datetime, end: datetime, positions: Positions) -> int:
        """What happened from `start` up to `end`, or, of a level, how much there is at `end`."""
        if metric in LEVELS and row.startswith(FORMERLY):
            last_day = self._day(self.minute(end) - 1)
            standing = self.as_was.standing(row, last_day)
            return sum(self.total(each, metric, start, end, positions) for each in standing)
        first, last = self.minute(start), self.minute(end)
        sums = self._sums.get((row, metric))
        level = metric in LEVELS
        found = 0 if sums is None else sums.before(last) - (0 if level else sums.before(first))
        for topic, unit, position, minute, amount in self._late.get((row, metric), ()):
            if position <= positions.get(topic, {}).get(unit, 0) and minute < last and (level or minute >= first):
                found += amount
        return found

    def minute(self, instant: datetime) -> int:
        """The number of the local minute."""
        local = instant.astimezone(self._zone)
        return local.toordinal() * MINUTES_A_DAY + local.hour * 60 + local.minute

    def _count(self, topic: str, unit: str, position: int, settled: int, kind: str, facts: Facts, sign: int) -> None:
        counts = list(COUNTS[kind](facts))
        if not counts:
            return
        rows, today = self._rows(unit, kind, facts)
        for metric, moment, amount in counts:
            minute = self.minute(datetime.fromisoformat(moment))
            former = self.as_was.rows(unit, today, self._day(minute), is_level=metric in LEVELS)
            for row in (*rows, *former):
                if position <= settled:
                    self._sums.setdefault((row, metric), _Sums()).add(minute, sign * amount)
                else:
                    late = self._late.setdefault((row, metric), [])
                    late.append((topic, unit, position, minute, sign * amount))

    @staticmethod
    def _day(minute: int) -> date:
        return date.fromordinal(minute // MINUTES_A_DAY)

    def _rows(self, unit: str, kind: str, facts: Facts) -> tuple[tuple[str, ...], str | None]:
        """The city, and today's unit where there is exactly one with a row; and that unit."""
        city = self._places.city_of(unit)
        day = day_of(kind, facts)
        assert day is not None, f"a {kind} that counts has a day"
        today = self._places.today_unit(unit, day.astimezone(self._zone).date(), group_of(facts))
        return ((city,) if today is None or today == city else (city, today)), today
