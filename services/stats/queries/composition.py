"""What each figure is made of: the counted series behind a metric, a ratio or a percentile, and how they make it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from services.stats import windows
from services.stats.catalogue import Catalogue, Histogram, Kind
from services.stats.windows import Interval

_AS_A_BIN: Final = (False, False)


class Stated(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A figure and the counts that it is made of, in the order of `Composition.parts`."""

    value: int | float | None
    parts: tuple[int, ...]


class Composition:
    """The parts of all figures of a catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._how = {metric.id: (metric.kind is Kind.LEVEL, metric.ahead) for metric in catalogue.metrics.values()}

    def knows(self, figure: str) -> bool:
        return figure in self.catalogue.ids

    def parts(self, figure: str) -> tuple[str, ...]:
        """The series that the figure is made of: itself, numerator and denominator, or the bins."""
        if (ratio := self.catalogue.ratios.get(figure)) is not None:
            return ratio.numerator.id, ratio.denominator.id
        if (percentile := self.catalogue.percentiles.get(figure)) is not None:
            return percentile.histogram.bins
        return (figure,)

    def is_ahead(self, figure: str) -> bool:
        """Whether time alone changes the figure of an interval that is not over."""
        metrics = (self.catalogue.metrics.get(part) for part in self.parts(figure))
        return any(metric is not None and metric.ahead for metric in metrics)

    def topics(self, figure: str) -> frozenset[str]:
        """The topics whose events change the figure."""
        if (ratio := self.catalogue.ratios.get(figure)) is not None:
            return frozenset((ratio.numerator.topic, ratio.denominator.topic))
        if (percentile := self.catalogue.percentiles.get(figure)) is not None:
            return frozenset((percentile.topic,))
        return frozenset((self.catalogue.metrics[figure].topic,))

    def over(self, row: Mapping[str, windows.Series], figure: str, interval: Interval) -> Stated:
        """The figure of a row over an interval."""
        parts = self.amounts(row, figure, interval)
        return Stated(self.value(figure, parts), parts)

    def amounts(self, row: Mapping[str, windows.Series], figure: str, interval: Interval) -> tuple[int, ...]:
        """What each part of the figure comes to over an interval."""
        parts, percentile = self.parts(figure), self.catalogue.percentiles.get(figure)
        if percentile is not None and not self.ranks(row, percentile.histogram, interval):
            return (0,) * len(parts)
        return tuple(self.amount(row, part, interval) for part in parts)

    def ranks(self, row: Mapping[str, windows.Series], histogram: Histogram[Any], interval: Interval) -> bool:
        """Whether there is anything to rank. Most units decide nothing in most windows: this saves two dozen bins."""
        return self.amount(row, histogram.counted.id, interval) != 0

    def amount(self, row: Mapping[str, windows.Series], part: str, interval: Interval) -> int:
        """What one of the row's series comes to over an interval; nothing where there is none."""
        series = row.get(part)
        if series is None:
            return 0
        level, ahead = self._how.get(part, _AS_A_BIN)
        return windows.total(series, interval, level=level, ahead=ahead)

    def value(self, figure: str, parts: Sequence[int]) -> int | float | None:
        """The figure that these parts make; None where there is nothing to divide by or to rank."""
        if (ratio := self.catalogue.ratios.get(figure)) is not None:
            return ratio.of(parts[0], parts[1])
        if (percentile := self.catalogue.percentiles.get(figure)) is not None:
            quantile = percentile.of(parts)
            return None if quantile is None else quantile.value
        return parts[0]
