"""The bins of the time to decision and the percentiles that come of them, said once more: part of the oracle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

PERCENTILES: Final = {"crime_reports_days_to_decision_p50": 50, "crime_reports_days_to_decision_p90": 90}
DECISION_BINS: Final = 26
_DAY_S: Final = 86_400


class Quantile(NamedTuple):
    """In days; the last bin has no upper end."""

    value: float
    lower: float
    upper: float | None
    n: int


def bin_of(seconds: float) -> int:
    """The number of the bin in which so long a time lies."""
    return sum(seconds >= _edge_s(number) for number in range(DECISION_BINS - 1))


def decision_bin(number: int) -> str:
    """The name of a bin's series."""
    return f"crime_reports_decision_time__{number:02d}"


def days_to_decision(bins: Sequence[int], percent: int) -> Quantile | None:
    """Where so many percent of the decisions had come, told by the bin; None without any decision."""
    times = [number for number, count in enumerate(bins) for _ in range(count)]
    if not times:
        return None
    number = times[(percent * len(times) + 99) // 100 - 1]
    lower = _edge_s(number - 1) / _DAY_S if number else 0.0
    if number == DECISION_BINS - 1:
        return Quantile(lower, lower, None, len(times))
    upper = _edge_s(number) / _DAY_S
    return Quantile((lower * upper) ** 0.5 if number else upper / 2, lower, upper, len(times))


def _edge_s(number: int) -> int:
    """Where a bin ends: 20 days, and powers of the root of two around them."""
    return round(20 * _DAY_S * 2 ** ((number - 18) / 2))
