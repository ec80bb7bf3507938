"""Figures of one row over an interval and against its comparisons. Pure; knows neither places nor what a row covers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from services.stats.answers import quantile_answer
from services.stats.catalogue import Catalogue
from services.stats.composition import Composition
from services.stats.windows import Interval, Series

Row: TypeAlias = Mapping[str, Series]
Figure: TypeAlias = int | float | None
Pair: TypeAlias = list[Figure]
Amounts: TypeAlias = Mapping[str, int]
"""What a row's series come to over an interval; one that is not there comes to nothing."""
Shares: TypeAlias = Mapping[str, int]
"""What is added to amounts by estimate."""

MOST_SELECTIONS: Final = 64
"""So many choices of figures are remembered; more of them are asked for by hand."""


class Evaluation:
    """Computes figures; what is made of several series is always made of their sums."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._composition = Composition(catalogue)
        self._catalogue = catalogue
        self._parts = {figure: self._composition.parts(figure) for figure in catalogue.ids}
        self._topics = {figure: self._topic(figure) for figure in catalogue.ids}
        self._changed_by: dict[str, set[str]] = {}
        for figure, parts in self._parts.items():
            for name in parts:
                self._changed_by.setdefault(name, set()).add(figure)
        self._series: dict[tuple[str, ...], tuple[str, ...]] = {}

    def values(self, row: Row, figures: Sequence[str], interval: Interval) -> list[Figure]:
        """The figures in their order."""
        return self.figures(figures, self.amounts(row, figures, interval))

    def amounts(self, row: Row, figures: Sequence[str], interval: Interval) -> Amounts:
        """What the series that the figures are made of come to."""
        amount = self._composition.amount
        found = {name: amount(row, name, interval) for name in self._counted(tuple(figures)) if name in row}
        for figure in figures:
            percentile = self._catalogue.percentiles.get(figure)
            if percentile is not None and self._composition.ranks(row, percentile, interval):
                found |= {name: amount(row, name, interval) for name in self._parts[figure] if name in row}
        return found

    def figures(self, figures: Sequence[str], amounts: Amounts) -> list[Figure]:
        """The figures that the amounts make, in their order."""
        found: list[Figure] = [amounts.get(figure, 0) for figure in figures]
        for at, figure in enumerate(figures):
            if figure not in self._catalogue.metrics:
                found[at] = self._composition.value(figure, self._counts(figure, amounts))
        return found

    def compared(
        self, figures: Sequence[str], before: Amounts, now: Amounts, is_known: Callable[[str], bool]
    ) -> list[Pair | None]:
        """For each figure the baseline and the part of the window that it is compared with; None if not known.

        `is_known` tells of a topic whether what it feeds is known over the baseline.
        """
        known = {topic for topic in self.topics(figures) if is_known(topic)}
        pairs = zip(figures, self.figures(figures, before), self.figures(figures, now), strict=True)
        return [[one, other] if self._topics[figure] in known else None for figure, one, other in pairs]

    def ratios(self, figures: Sequence[str], amounts: Amounts) -> dict[str, dict[str, int]]:
        """What each ratio among the figures is made of."""
        wanted = [self._catalogue.ratios[figure] for figure in figures if figure in self._catalogue.ratios]
        return {
            each.id: {
                "numerator": amounts.get(each.numerator.id, 0),
                "denominator": amounts.get(each.denominator.id, 0),
            }
            for each in wanted
        }

    def percentiles(self, figures: Sequence[str], amounts: Amounts) -> dict[str, dict[str, Any]]:
        """What stands beside the value of each percentile among the figures."""
        wanted = [self._catalogue.percentiles[figure] for figure in figures if figure in self._catalogue.percentiles]
        return {each.id: quantile_answer(each.of(self._counts(each.id, amounts))) for each in wanted}

    def estimated(self, figures: Sequence[str], amounts: Amounts, shares: Shares) -> dict[str, Figure]:
        """The figures that the shares change, as they are with them."""
        if not shares:
            return {}
        added = (self._changed_by[name] for name, share in shares.items() if share and name in self._changed_by)
        changed = sorted(set[str]().union(*added).intersection(figures))
        both = {name: amounts.get(name, 0) + shares.get(name, 0) for name in {*shares, *amounts}}
        return dict(zip(changed, self.figures(changed, both), strict=True))

    def topics(self, figures: Iterable[str]) -> set[str]:
        """The topics that have to be known for the figures to be known."""
        return {self._topics[figure] for figure in figures}

    def _counted(self, figures: tuple[str, ...]) -> tuple[str, ...]:
        """The series behind the figures, without the bins."""
        if figures not in self._series:
            if len(self._series) >= MOST_SELECTIONS:
                self._series.clear()
            names = (self._parts[figure] for figure in figures if figure not in self._catalogue.percentiles)
            self._series[figures] = tuple(dict.fromkeys(name for parts in names for name in parts))
        return self._series[figures]

    def _counts(self, figure: str, amounts: Amounts) -> list[int]:
        return [amounts.get(name, 0) for name in self._parts[figure]]

    def _topic(self, figure: str) -> str:
        """Of a ratio that of what it is divided by."""
        ratio = self._catalogue.ratios.get(figure)
        percentile = self._catalogue.percentiles.get(figure)
        return (percentile or (ratio.denominator if ratio else self._catalogue.metrics[figure])).topic
