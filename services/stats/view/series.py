"""Amounts over time of one figure in three tiers, answered by running totals. Pure; knows no metric and no unit."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from itertools import accumulate
from operator import sub

from services.stats.panes import HOURS_A_DAY, MINUTES_AN_HOUR
from shared.contracts.stats import Tier

PANES_A_DAY = {Tier.MINUTE: HOURS_A_DAY * MINUTES_AN_HOUR, Tier.HOUR: HOURS_A_DAY, Tier.DAY: 1}
# Of what is added, up to so many wait in a dict, or a quarter of what is settled: a long history that arrives before
# anybody asks is neither sorted again and again nor kept in a form several times as large.
_FEWEST_WAITING = 32


class Panes:
    """Amounts by pane number. A total costs two binary searches.

    What was added is sorted in when it is asked for; only the running totals from the first changed pane on are made
    again, which are few where the newest panes change.
    """

    __slots__ = ("_numbers", "_totals", "_waiting")

    def __init__(self) -> None:
        self._numbers = array("q")
        self._totals = array("q", (0,))  # one more than numbers: the sum before each, and of all
        self._waiting: dict[int, int] = {}

    def add(self, first: int, amounts: Mapping[int, int]) -> None:
        """Add the amounts of the panes counted from `first` on."""
        waiting = self._waiting
        for index, amount in amounts.items():
            number = first + index
            waiting[number] = waiting.get(number, 0) + amount
        if len(waiting) > _FEWEST_WAITING and len(waiting) > len(self._numbers) // 4:
            self._settle()

    def total(self, start: int | None, end: int) -> int:
        """The sum over start <= pane < end; without a start from the beginning."""
        numbers = self._settled()
        below = 0 if start is None else bisect_left(numbers, start)
        return self._totals[bisect_left(numbers, end)] - self._totals[below]

    def has_any(self, start: int, end: int) -> bool:
        """Whether any pane of start <= pane < end has something in it."""
        numbers = self._settled()
        at = bisect_left(numbers, start)
        return at < len(numbers) and numbers[at] < end

    def last(self, start: int, end: int) -> int | None:
        """The last pane of start <= pane < end with something in it."""
        numbers = self._settled()
        at = bisect_left(numbers, end) - 1
        return numbers[at] if at >= 0 and numbers[at] >= start else None

    def between(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """(pane number, amount) of the panes with something in them, in order."""
        numbers, totals = self._settled(), self._totals
        for at in range(bisect_left(numbers, start), bisect_left(numbers, end)):
            yield numbers[at], totals[at + 1] - totals[at]

    def _settled(self) -> array[int]:
        if self._waiting:
            self._settle()
        return self._numbers

    def _settle(self) -> None:
        waiting, self._waiting = self._waiting, {}
        numbers, totals = self._numbers, self._totals
        if not numbers or min(waiting) > numbers[-1]:
            for number, amount in sorted(waiting.items()):
                if amount:
                    numbers.append(number)
                    totals.append(totals[-1] + amount)
            return
        if len(waiting) == 1 and numbers[-1] in waiting:  # what happens now changes the newest pane
            totals[-1] += waiting[numbers[-1]]
            if totals[-1] == totals[-2]:
                del numbers[-1], totals[-1]
            return
        keep = bisect_left(numbers, min(waiting))
        amounts = dict(zip(numbers[keep:], map(sub, totals[keep + 1 :], totals[keep:]), strict=False))
        for number, amount in waiting.items():
            amounts[number] = amounts.get(number, 0) + amount
        changed = sorted(filter(amounts.__getitem__, amounts))  # what comes to nothing is left out
        before = totals[keep]
        del numbers[keep:], totals[keep:]
        numbers.extend(changed)
        totals.extend(accumulate(map(amounts.__getitem__, changed), initial=before))


class Series:
    """One figure of one row: its panes in all tiers."""

    __slots__ = ("_tiers",)

    def __init__(self) -> None:
        self._tiers: dict[Tier, Panes] = {}

    def add(self, tier: Tier, number: int, amount: int) -> None:
        self.panes(tier).add(number, {0: amount})

    def panes(self, tier: Tier) -> Panes:
        """The panes of a tier, to add to them."""
        panes = self._tiers.get(tier)
        if panes is None:
            panes = self._tiers[tier] = Panes()
        return panes

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

    def has_any(self, tier: Tier, start: int, end: int) -> bool:
        """Whether any pane of start <= pane < end has something in it."""
        panes = self._tiers.get(tier)
        return panes is not None and panes.has_any(start, end)

    def last(self, tier: Tier, start: int, end: int) -> int | None:
        """The last pane of start <= pane < end with something in it."""
        panes = self._tiers.get(tier)
        return panes.last(start, end) if panes is not None else None

    def between(self, tier: Tier, start: int, end: int) -> Iterator[tuple[int, int]]:
        """(pane number, amount) of the panes with something in them, in order."""
        panes = self._tiers.get(tier)
        return panes.between(start, end) if panes else iter(())
