"""Amounts over time of one figure in three tiers, answered by running totals. Pure; knows no metric and no unit."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate

from services.stats.panes import HOURS_A_DAY, MINUTES_AN_HOUR
from shared.contracts.stats import Tier

PANES_A_DAY = {Tier.MINUTE: HOURS_A_DAY * MINUTES_AN_HOUR, Tier.HOUR: HOURS_A_DAY, Tier.DAY: 1}


class Panes:
    """Amounts by pane number. A total costs two binary searches; the running totals are made again after a change."""

    __slots__ = ("_amounts", "_numbers", "_totals")

    def __init__(self) -> None:
        self._amounts: dict[int, int] = {}
        self._numbers: list[int] | None = None
        self._totals: list[int] = []

    def add(self, number: int, amount: int) -> None:
        now = self._amounts.get(number, 0) + amount
        if now:
            self._amounts[number] = now
        else:
            self._amounts.pop(number, None)
        self._numbers = None

    def total(self, start: int | None, end: int) -> int:
        """The sum over start <= pane < end; without a start from the beginning."""
        numbers = self._sorted()
        below = 0 if start is None else bisect_left(numbers, start)
        return self._totals[bisect_left(numbers, end)] - self._totals[below]

    def between(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """(pane number, amount) of the panes with something in them, in order."""
        numbers = self._sorted()
        for at in range(bisect_left(numbers, start), bisect_left(numbers, end)):
            yield numbers[at], self._amounts[numbers[at]]

    def _sorted(self) -> list[int]:
        if self._numbers is None:
            self._numbers = sorted(self._amounts)
            self._totals = [0, *accumulate(self._amounts[number] for number in self._numbers)]
        return self._numbers


class Series:
    """One figure of one row: its panes in all tiers."""

    __slots__ = ("_tiers",)

    def __init__(self) -> None:
        self._tiers: dict[Tier, Panes] = {}

    def add(self, tier: Tier, number: int, amount: int) -> None:
        panes = self._tiers.get(tier)
        if panes is None:
            panes = self._tiers[tier] = Panes()
        panes.add(number, amount)

    def total(self, tier: Tier, start: int, end: int) -> int:
        """What happened in start <= pane < end."""
        panes = self._tiers.get(tier)
        return panes.total(start, end) if panes else 0

    def level(self, tier: Tier, end: int) -> int:
        """How much there is before the pane `end`: all whole days, and of the last day its finer panes."""
        per_day = PANES_A_DAY[tier]
        whole_days = end // per_day
        # What began and ended within one day alone leaves no whole days, and yet there was something in between.
        days = self._tiers.get(Tier.DAY)
        before = days.total(None, whole_days) if days else 0
        return before + self.total(tier, whole_days * per_day, end)

    def between(self, tier: Tier, start: int, end: int) -> Iterator[tuple[int, int]]:
        """(pane number, amount) of the panes with something in them, in order."""
        panes = self._tiers.get(tier)
        return panes.between(start, end) if panes else iter(())
