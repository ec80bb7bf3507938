"""Figures of one row over an interval and against its comparisons. Pure; knows neither places nor what a row covers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from services.stats.catalogue import Catalogue, Histogram, Percentile, Ratio
from services.stats.queries.answers import quantile_answer
from services.stats.queries.composition import Composition
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


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What a row comes to over an interval: its series, and the figures that they make, in their order."""

    amounts: Amounts
    figures: Sequence[Figure]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a choice of figures needs: the series behind them, bins apart, and which figures each of them changes."""

    topics: tuple[str, ...]
    counted: tuple[str, ...]
    composed: tuple[int, ...]
    changes: Mapping[str, tuple[int, ...]]
    ratios: tuple[Ratio, ...]
    percentiles: tuple[Percentile, ...]
    histograms: tuple[Histogram[Any], ...]


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
        self._plans: dict[tuple[str, ...], _Plan] = {}
        self.ahead: Final = frozenset(metric.id for metric in catalogue.metrics.values() if metric.ahead)
        """The series that change by time alone, in an interval that is not over."""

    def values(self, row: Row, figures: Sequence[str], interval: Interval) -> Sequence[Figure]:
        """The figures in their order."""
        return self.evaluated(row, figures, interval).figures

    def evaluated(self, row: Row, figures: Sequence[str], interval: Interval) -> Evaluated:
        """What the figures come to, and the series that they are made of."""
        plan = self._plan(figures)
        amounts = self._amounts(row, plan.counted, interval)
        for histogram in plan.histograms:
            self._count_bins(row, histogram, interval, amounts)
        return Evaluated(amounts, self.figures(figures, amounts))

    def evaluated_again(
        self, row: Row, figures: Sequence[str], interval: Interval, known: Evaluated, changed: set[str]
    ) -> Evaluated:
        """The same, where all but the changed series still come to what is known."""
        plan, before = self._plan(figures), known.amounts
        amounts = {**before, **self._amounts(row, changed.intersection(plan.counted), interval)}
        for histogram in plan.histograms:
            if not changed.isdisjoint((histogram.counted.id, *histogram.bins)):
                self._count_bins(row, histogram, interval, amounts)
        # What happens now changes few sums over what is past.
        differing = [name for name in changed if amounts.get(name) != before.get(name)]
        if not differing:
            return known
        made = list(known.figures)
        for at in {at for name in differing for at in plan.changes.get(name, ())}:
            made[at] = self._figure(figures[at], amounts)
        return Evaluated(amounts, made)

    def figures(self, figures: Sequence[str], amounts: Amounts) -> list[Figure]:
        """The figures that the amounts make, in their order."""
        found: list[Figure] = [amounts.get(figure, 0) for figure in figures]
        for at in self._plan(figures).composed:
            found[at] = self._figure(figures[at], amounts)
        return found

    def compared(
        self, figures: Sequence[str], before: Evaluated, now: Evaluated, is_known: Callable[[str], bool]
    ) -> list[Pair | None]:
        """For each figure the baseline and the part of the window that it is compared with; None if not known.

        `is_known` tells of a topic whether what it feeds is known over the baseline.
        """
        topics = self._plan(figures).topics
        known = {topic for topic in set(topics) if is_known(topic)}
        pairs = zip(topics, before.figures, now.figures, strict=True)
        return [[one, other] if topic in known else None for topic, one, other in pairs]

    def ratios(self, figures: Sequence[str], amounts: Amounts) -> dict[str, dict[str, int]]:
        """What each ratio among the figures is made of."""
        return {
            each.id: {
                "numerator": amounts.get(each.numerator.id, 0),
                "denominator": amounts.get(each.denominator.id, 0),
            }
            for each in self._plan(figures).ratios
        }

    def percentiles(self, figures: Sequence[str], amounts: Amounts) -> dict[str, dict[str, Any]]:
        """What stands beside the value of each percentile among the figures."""
        ranked = self._plan(figures).percentiles
        return {
            each.id: quantile_answer(each.of([amounts.get(name, 0) for name in each.histogram.bins])) for each in ranked
        }

    def estimated(self, figures: Sequence[str], amounts: Amounts, shares: Shares) -> dict[str, Figure]:
        """The figures that the shares change, as they are with them."""
        if not shares:
            return {}
        added = (self._changed_by[name] for name, share in shares.items() if share and name in self._changed_by)
        changed = sorted(set[str]().union(*added).intersection(figures))
        both = {name: amounts.get(name, 0) + shares.get(name, 0) for name in {*shares, *amounts}}
        return dict(zip(changed, self.figures(changed, both), strict=True))

    def _plan(self, figures: Sequence[str]) -> _Plan:
        chosen = tuple(figures)
        plan = self._plans.get(chosen)
        if plan is None:
            if len(self._plans) >= MOST_SELECTIONS:
                self._plans.clear()
            plan = self._plans[chosen] = self._planned(chosen)
        return plan

    def _planned(self, figures: tuple[str, ...]) -> _Plan:
        catalogue = self._catalogue
        percentiles = tuple(catalogue.percentiles[figure] for figure in figures if figure in catalogue.percentiles)
        parts = (self._parts[figure] for figure in figures if figure not in catalogue.percentiles)
        changes: dict[str, list[int]] = {}
        for at, figure in enumerate(figures):
            for name in self._parts[figure]:
                changes.setdefault(name, []).append(at)
        for each in percentiles:
            changes.setdefault(each.histogram.counted.id, []).append(figures.index(each.id))
        return _Plan(
            topics=tuple(self._topics[figure] for figure in figures),
            counted=tuple(dict.fromkeys(name for names in parts for name in names)),
            composed=tuple(at for at, figure in enumerate(figures) if figure not in catalogue.metrics),
            changes={name: tuple(at) for name, at in changes.items()},
            ratios=tuple(catalogue.ratios[figure] for figure in figures if figure in catalogue.ratios),
            percentiles=percentiles,
            histograms=tuple({each.histogram.id: each.histogram for each in percentiles}.values()),
        )

    def _amounts(self, row: Row, names: Iterable[str], interval: Interval) -> dict[str, int]:
        amount = self._composition.amount
        return {name: amount(row, name, interval) for name in names if name in row}

    def _count_bins(self, row: Row, histogram: Histogram[Any], interval: Interval, amounts: dict[str, int]) -> None:
        for name in histogram.bins:
            amounts.pop(name, None)
        if self._composition.ranks(row, histogram, interval):
            amounts |= self._amounts(row, histogram.bins, interval)

    def _figure(self, figure: str, amounts: Amounts) -> Figure:
        if figure in self._catalogue.percentiles and amounts.keys().isdisjoint(self._parts[figure]):
            return None  # nothing to rank, as in most units and windows
        return self._composition.value(figure, [amounts.get(name, 0) for name in self._parts[figure]])

    def _topic(self, figure: str) -> str:
        """Of a ratio that of what it is divided by."""
        ratio = self._catalogue.ratios.get(figure)
        percentile = self._catalogue.percentiles.get(figure)
        return (percentile or (ratio.denominator if ratio else self._catalogue.metrics[figure])).topic
