"""The rows of an answer: figures of areas over a window with comparisons, and what is known about them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from services.stats.catalogue import Catalogue
from services.stats.queries.areas import Area
from services.stats.queries.baseline import Baselines
from services.stats.queries.completeness import completeness
from services.stats.queries.evaluation import Evaluated, Evaluation, Pair, Shares
from services.stats.windows import Comparison, Interval, Reason, Window

SharesOf: TypeAlias = Callable[[Area, Interval], Shares]


def no_shares(_area: Area, _interval: Interval) -> Shares:
    """For areas that have all that was recorded for them."""
    return {}


class Rows:
    """Computes rows of the catalogue's figures."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.evaluation: Final = Evaluation(catalogue)

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
        line = self.line(figures, baselines, shares_of)
        step = Step.of(window, as_of)
        return {area.key: line.of(area, step, {}) for area in areas}

    def line(self, figures: Sequence[str], baselines: Baselines, shares_of: SharesOf) -> Line:
        """What makes the rows one by one."""
        return Line(self.evaluation, figures, baselines, shares_of)

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
class Step:
    """Where a window and what it is compared with lie; the same for a whole minute."""

    interval: Interval
    sides: Mapping[str, Comparison | Reason]

    @classmethod
    def of(cls, window: Window, as_of: datetime) -> Step:
        comparisons = window.comparisons(as_of)
        sides = {"previous": comparisons.previous, "year_earlier": comparisons.year_earlier}
        return cls(window.interval(as_of), sides)

    @property
    def intervals(self) -> Iterator[Interval]:
        """All that a row is computed over."""
        yield self.interval
        for side in self.sides.values():
            if isinstance(side, Comparison):
                yield from (side.baseline, side.current)


@dataclass(frozen=True, slots=True)
class Line:
    """Makes the rows of one answer."""

    evaluation: Evaluation
    figures: Sequence[str]
    baselines: Baselines
    shares_of: SharesOf

    def of(self, area: Area, step: Step, known: dict[Interval, Evaluated]) -> dict[str, Any]:
        """The row. What it comes to over an interval is looked up in `known`, and put there where it is missing."""
        for each in step.intervals:
            if each not in known:
                known[each] = self.evaluation.evaluated(area.series, self.figures, each)
        now, shares = known[step.interval], self.shares_of(area, step.interval)
        row: dict[str, Any] = {**area.facts, "values": now.figures}
        estimated: dict[str, Any] = {"values": self.evaluation.estimated(self.figures, now.amounts, shares)}
        for name, side in step.sides.items():
            row[name], estimated[name] = self._compared(area, side, known)
        row["ratios"] = self.evaluation.ratios(self.figures, now.amounts)
        row["percentiles"] = self.evaluation.percentiles(self.figures, now.amounts)
        row |= completeness(self.baselines.view, area, step.interval)
        return {**row, "estimated": estimated} if any(estimated.values()) else row

    def _compared(
        self, area: Area, side: Comparison | Reason, known: Mapping[Interval, Evaluated]
    ) -> tuple[list[Pair | None], dict[str, Pair]]:
        """The pairs, and those of the known ones that shares change on either side."""
        if isinstance(side, Reason):
            return [None] * len(self.figures), {}
        pair = (side.baseline, side.current)

        def is_known(topic: str) -> bool:
            return self.baselines.cover(topic, area, side.baseline)

        exact = self.evaluation.compared(self.figures, known[side.baseline], known[side.current], is_known)
        with_shares = [
            self.evaluation.estimated(self.figures, known[interval].amounts, self.shares_of(area, interval))
            for interval in pair
        ]
        changed = with_shares[0].keys() | with_shares[1].keys()
        if not changed:
            return exact, {}
        return exact, {
            figure: [one.get(figure, as_it_is) for one, as_it_is in zip(with_shares, exact_pair, strict=True)]
            for figure, exact_pair in zip(self.figures, exact, strict=True)
            if figure in changed and exact_pair is not None
        }
