"""Sums and differences of series as one series, each part within its own days. Pure; knows no metric and no unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from services.stats.extents import ALL_DAYS, Days
from services.stats.view.series import PANES_A_DAY, Series
from shared.contracts.stats import Tier


@dataclass(frozen=True, slots=True)
class Part:
    """A series that is added (or taken off, with sign -1) as far as it lies within the days.

    A level has one holder: the part whose days contain the last one before the asked-for end has all of it.
    """

    series: Series
    sign: int = 1
    days: Days = ALL_DAYS

    def total(self, tier: Tier, start: int, end: int) -> int:
        start, end = self._cut(tier, start, end)
        return self.sign * self.series.total(tier, start, end) if start < end else 0

    def level(self, tier: Tier, end: int) -> int:
        last_day = (end - 1) // PANES_A_DAY[tier]
        return self.sign * self.series.level(tier, end) if self.days.holds(last_day) else 0

    def between(self, tier: Tier, start: int, end: int) -> Iterator[tuple[int, int]]:
        start, end = self._cut(tier, start, end)
        return ((number, self.sign * amount) for number, amount in self.series.between(tier, start, end))

    def _cut(self, tier: Tier, start: int, end: int) -> tuple[int, int]:
        return self.days.cut(start, end, PANES_A_DAY[tier])


class Combined:
    """The sum of parts, asked like a series of its own."""

    __slots__ = ("_parts",)

    def __init__(self, parts: Iterable[Part]) -> None:
        self._parts = tuple(parts)

    def total(self, tier: Tier, start: int, end: int) -> int:
        """What happened in start <= pane < end."""
        return sum(part.total(tier, start, end) for part in self._parts)

    def level(self, tier: Tier, end: int) -> int:
        """How much there is before the pane `end`."""
        return sum(part.level(tier, end) for part in self._parts)

    def has_any(self, tier: Tier, start: int, end: int) -> bool:
        """Whether any pane of start <= pane < end has something in it."""
        return next(self.between(tier, start, end), None) is not None

    def between(self, tier: Tier, start: int, end: int) -> Iterator[tuple[int, int]]:
        """(pane number, amount) of the panes with something in them, in order."""
        if len(self._parts) == 1:
            yield from self._parts[0].between(tier, start, end)
            return
        panes: Counter[int] = Counter()
        for part in self._parts:
            for number, amount in part.between(tier, start, end):
                panes[number] += amount
        yield from ((number, panes[number]) for number in sorted(panes) if panes[number])
