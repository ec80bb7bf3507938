"""Distributions as additive counts in bins, and the percentiles that come of them. Declares none."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from math import sqrt
from typing import Any, Generic

from services.stats.catalogue.facts import F, FactKind
from services.stats.catalogue.metric import Good, Kind, Metric


@dataclass(frozen=True)
class Histogram(Generic[F]):
    """How long something took, as one count per bin; counts of bins add up as any figure does, to that of `counted`.

    Shape: bin 0 ends below edges[0], bin i holds edges[i-1] <= length < edges[i], the last one has no end.
    Units: edges in seconds, rising.
    """

    id: str
    counted: Metric[F]
    length: Callable[[F], timedelta]
    edges: tuple[int, ...]

    @property
    def of(self) -> FactKind[F]:
        """The kind of aggregate that is counted."""
        return self.counted.of

    def at(self, facts: F) -> datetime | None:
        """When the facts count, as in the metric."""
        return self.counted.counts[0].at(facts)

    @cached_property
    def bins(self) -> tuple[str, ...]:
        """The names of the bins' series."""
        return tuple(f"{self.id}__{number:02d}" for number in range(len(self.edges) + 1))

    @property
    def relative_error(self) -> float:
        """How far a percentile within the edges may be off at most, as a part of itself."""
        return max(sqrt(upper / lower) for lower, upper in pairwise(self.edges)) - 1

    def bin_of(self, facts: F) -> str:
        """The bin that the facts belong to."""
        return self.bins[bisect_right(self.edges, self.length(facts).total_seconds())]

    def bounds_s(self, number: int) -> tuple[int, int | None]:
        """Where a bin begins and ends; the last one has no end."""
        lower = self.edges[number - 1] if number else 0
        return lower, self.edges[number] if number < len(self.edges) else None


@dataclass(frozen=True, slots=True)
class Quantile:
    """A percentile as bins tell it: it lies between `lower` and `upper` (None: no end), `n` are those counted."""

    value: float
    lower: float
    upper: float | None
    n: int


@dataclass(frozen=True)
class Percentile:
    """The length that so many percent did not exceed, told by the middle of the bin in which it lies."""

    id: str
    unit_vi: str
    unit_en: str
    unit_s: int
    title_vi: str
    title_en: str
    explanation_vi: str
    explanation_en: str
    histogram: Histogram[Any]
    percent: int
    good: Good = Good.NEUTRAL
    headline: bool = False

    @property
    def kind(self) -> Kind:
        return Kind.PERCENTILE

    @property
    def topic(self) -> str:
        """The one topic that feeds the histogram."""
        return self.histogram.of.topic.name

    def of(self, counts: Sequence[int]) -> Quantile | None:
        """The percentile of these counts by bin; None where there are none.

        The middle is the geometric one; half of the first bin, which begins at nothing, and the beginning of the last.
        """
        n = sum(counts)
        if n <= 0:
            return None
        rank, seen, number = -(-self.percent * n // 100), 0, -1
        while seen < rank:
            number += 1
            seen += counts[number]
        lower, upper = self.histogram.bounds_s(number)
        if upper is None:
            return Quantile(lower / self.unit_s, lower / self.unit_s, None, n)
        middle = sqrt(lower * upper) if lower else upper / 2
        return Quantile(middle / self.unit_s, lower / self.unit_s, upper / self.unit_s, n)
