"""Holds served tables against the recount; says which figures differ and how many were compared."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from services.stats.verify.as_was import FORMERLY
from services.stats.verify.counting import AHEAD, RATIOS
from services.stats.verify.decision_times import DECISION_BINS, PERCENTILES, Quantile, days_to_decision, decision_bin
from services.stats.verify.recount import Positions, Recount

_LENGTHS: Final = {
    "PT5M": timedelta(minutes=5),
    "PT1H": timedelta(hours=1),
    "PT24H": timedelta(hours=24),
    "P7D": timedelta(days=7),
    "P30D": timedelta(days=30),
}
_MONTHS: Final = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
SHOWN: Final = 20


@dataclass(slots=True)
class Report:
    """What was found. `compared` counts figures by window, `unknown` those served as not known."""

    compared: Counter[str] = field(default_factory=Counter)
    unknown: int = 0
    events: int = 0
    differences: list[str] = field(default_factory=list)
    _digest: Any = field(default_factory=hashlib.sha256)

    @property
    def digest(self) -> str:
        """Of every figure compared, in order: the same for the same figures at the same positions."""
        return str(self._digest.hexdigest()[:16])

    @property
    def total(self) -> int:
        return sum(self.compared.values())

    @property
    def is_clean(self) -> bool:
        """Something was compared, and all of it agrees."""
        return self.total > 0 and not self.differences

    def compare(self, window: str, what: str, served: float | None, expected: float | None) -> None:
        self.compared[window] += 1
        self._digest.update(f"{window} {what} {expected}\n".encode())
        if not _same(served, expected):
            self.differences.append(f"{window} {what}: served {served}, recounted {expected}")


def compare(report: Report, recount: Recount, table: Mapping[str, Any]) -> None:
    """Compare one served table, values and comparisons, with the recount at the table's positions."""
    window = table["window"]
    formerly = FORMERLY if table["map"] == "was" else ""
    name = f"{table['city']} {window['id']} {formerly}".rstrip()
    as_of = datetime.fromisoformat(table["as_of"])
    for problem in _misplaced(window, as_of):
        report.differences.append(f"{name}: {problem}")
    figure = _Figures(recount, table["positions"], as_of)
    if formerly:
        report.differences += [f"{name}: {row} is missing" for row in figure.missing(table)]
    for key, figures in table["rows"].items():
        row = key if key == table["city"] else formerly + key
        for at, metric in enumerate(table["metrics"]):
            what = f"{key} {metric}"
            report.compare(name, what, figures["values"][at], figure.value(row, metric, window))
            if metric in PERCENTILES:
                _compare_quantile(
                    report, f"{name} {what}", figures["percentiles"][metric], figure.quantile(row, metric, window)
                )
            for comparison in ("previous", "year_earlier"):
                pair = figures[comparison][at]
                if pair is None:
                    report.unknown += 1
                    continue
                baseline = table["comparisons"][comparison]
                for served, interval, part in zip(pair, (baseline, baseline["current"]), ("", " now"), strict=True):
                    expected = figure.value(row, metric, interval)
                    report.compare(name, f"{what} {comparison}{part}", served, expected)


@dataclass(frozen=True, slots=True)
class _Figures:
    """Figures at the positions and the time of one table."""

    recount: Recount
    positions: Positions
    as_of: datetime

    def value(self, row: str, metric: str, interval: Mapping[str, Any]) -> float | None:
        if metric in PERCENTILES:
            found = self.quantile(row, metric, interval)
            return None if found is None else found.value
        if metric not in RATIOS:
            return self._count(row, metric, interval)
        numerator, denominator, factor = RATIOS[metric]
        below = self._count(row, denominator, interval)
        return self._count(row, numerator, interval) * factor / below if below else None

    def quantile(self, row: str, metric: str, interval: Mapping[str, Any]) -> Quantile | None:
        bins = [self._count(row, decision_bin(number), interval) for number in range(DECISION_BINS)]
        return days_to_decision(bins, PERCENTILES[metric])

    def missing(self, table: Mapping[str, Any]) -> Iterator[str]:
        """The units of former maps that have something in the window and are not served."""
        window = table["window"]
        last_day = (datetime.fromisoformat(window["end"]) - timedelta(minutes=1)).date()
        served = {FORMERLY + key for key in table["rows"]}
        for row in sorted(self.recount.as_was.expected(table["city"], last_day) - served):
            if any(self.value(row, metric, window) for metric in table["metrics"]):
                yield row

    def _count(self, row: str, metric: str, interval: Mapping[str, Any]) -> int:
        start, end = (datetime.fromisoformat(interval[side]) for side in ("start", "end"))
        if metric in AHEAD:
            end = min(end, self.as_of.replace(second=0, microsecond=0) + timedelta(minutes=1))
        return self.recount.total(row, metric, start, end, self.positions)


def _compare_quantile(report: Report, what: str, served: Mapping[str, Any], expected: Quantile | None) -> None:
    """A percentile says as well how many it is told from and where its bin lies."""
    told = (served["n"], served["lower"], served["upper"])
    known = (0, None, None) if expected is None else (expected.n, expected.lower, expected.upper)
    if not all(_same(one, other) for one, other in zip(told, known, strict=True)):
        report.differences.append(f"{what}: served {told}, recounted {known}")


def _same(served: float | None, expected: float | None) -> bool:
    if served is None or expected is None:
        return served is expected
    return abs(served - expected) <= 1e-9 * max(abs(served), abs(expected))


def _misplaced(window: Mapping[str, Any], as_of: datetime) -> Iterator[str]:
    """Whether a standard window lies where its name says; named ones have dates of their own."""
    start, end = datetime.fromisoformat(window["start"]), datetime.fromisoformat(window["end"])
    midnight = as_of.replace(hour=0, minute=0, second=0, microsecond=0)
    if window["id"] in _LENGTHS:
        step = timedelta(minutes=1) if window["id"].startswith("PT") else timedelta(hours=1)
        if not (end - step <= as_of < end and end - start == _LENGTHS[window["id"]]):
            yield f"lies from {start} to {end}"
    elif window["kind"] == "calendar":
        if window["id"] in _MONTHS:
            months = _MONTHS[window["id"]]
            first = midnight.replace(day=1, month=(midnight.month - 1) // months * months + 1)
        else:
            first = midnight - timedelta(days=midnight.weekday() if window["id"] == "week" else 0)
        if (start, end) != (first, midnight + timedelta(days=1)):
            yield f"lies from {start} to {end}"
