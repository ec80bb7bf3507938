"""The rows of an answer: figures of areas over a window with comparisons, and what is known about them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from services.stats.areas import Area
from services.stats.baseline import Baselines
from services.stats.catalogue import Catalogue
from services.stats.evaluation import Amounts, Evaluation, Pair, Shares
from services.stats.windows import Comparison, Interval, Reason, Window

SharesOf: TypeAlias = Callable[[Area, Interval], Shares]


def no_shares(_area: Area, _interval: Interval) -> Shares:
    """For areas that have all that was recorded for them."""
    return {}


class Rows:
    """Computes rows of the catalogue's figures."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._evaluation = Evaluation(catalogue)

    def of(
        self,
        areas: Iterable[Area],
        figures: Sequence[str],
        window: Window,
        as_of: datetime,
        baselines: Baselines,
        shares_of: SharesOf = no_shares,
    ) -> dict[str, dict[str, Any]]:
        """By key of its area each row: values and comparisons in the order of the figures, and what stands beside them.

        Where shares are added to an area, it has what they change as `estimated`, apart from the exact figures.
        """
        interval, comparisons = window.interval(as_of), window.comparisons(as_of)
        sides = {"previous": comparisons.previous, "year_earlier": comparisons.year_earlier}
        line = _Line(self._evaluation, figures, baselines, shares_of)
        return {area.key: line.of(area, interval, sides) for area in areas}

    def by_name(self, row: Mapping[str, Any], figures: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The figures of a row each under its name, with what stands beside it."""
        columns = zip(figures, row["values"], row["previous"], row["year_earlier"], strict=True)
        named: dict[str, dict[str, Any]] = {
            figure: {"value": value, "previous": previous, "year_earlier": year}
            for figure, value, previous, year in columns
        }
        for figure, told in (*row["ratios"].items(), *row["percentiles"].items()):
            named[figure] |= told
        return named


@dataclass(frozen=True, slots=True)
class _Line:
    """Makes the rows of one answer."""

    evaluation: Evaluation
    figures: Sequence[str]
    baselines: Baselines
    shares_of: SharesOf

    def of(self, area: Area, interval: Interval, sides: Mapping[str, Comparison | Reason]) -> dict[str, Any]:
        amounts = {interval: self.evaluation.amounts(area.series, self.figures, interval)}
        row: dict[str, Any] = {**area.facts, "values": self.evaluation.figures(self.figures, amounts[interval])}
        shares = self.shares_of(area, interval)
        estimated: dict[str, Any] = {"values": self.evaluation.estimated(self.figures, amounts[interval], shares)}
        for name, side in sides.items():
            row[name], estimated[name] = self._compared(area, side, amounts)
        row["ratios"] = self.evaluation.ratios(self.figures, amounts[interval])
        row["percentiles"] = self.evaluation.percentiles(self.figures, amounts[interval])
        row |= self.baselines.reporting(area, interval)
        return {**row, "estimated": estimated} if any(estimated.values()) else row

    def _compared(
        self, area: Area, side: Comparison | Reason, amounts: dict[Interval, Amounts]
    ) -> tuple[list[Pair | None], dict[str, Pair]]:
        """The pairs, and those of the known ones that shares change on either side."""
        if isinstance(side, Reason):
            return [None] * len(self.figures), {}
        pair = (side.baseline, side.current)
        for interval in pair:
            if interval not in amounts:
                amounts[interval] = self.evaluation.amounts(area.series, self.figures, interval)
        before, now = (amounts[interval] for interval in pair)

        def is_known(topic: str) -> bool:
            return self.baselines.cover(topic, area, side.baseline)

        exact = self.evaluation.compared(self.figures, before, now, is_known)
        with_shares = [
            self.evaluation.estimated(self.figures, amounts[interval], self.shares_of(area, interval))
            for interval in pair
        ]
        changed = with_shares[0].keys() | with_shares[1].keys()
        return exact, {
            figure: [one.get(figure, known) for one, known in zip(with_shares, known_pair, strict=True)]
            for figure, known_pair in zip(self.figures, exact, strict=True)
            if figure in changed and known_pair is not None
        }
