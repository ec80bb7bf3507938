"""Percentiles from additive bins: within the error that they state, from sums of bins, and unknown without cases."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.stats.catalogue import crime_reports
from services.stats.catalogue.histogram import Histogram, Percentile, Quantile

MEDIAN, NINETIETH = crime_reports.PERCENTILES
DECISION_TIME: Histogram[Any] = crime_reports.DECISION_TIME
HISTOGRAM = dataclasses.replace(DECISION_TIME, length=lambda seconds: timedelta(seconds=seconds))
DAY_S = 86_400
FIRST, LAST = HISTOGRAM.edges[0], HISTOGRAM.edges[-1]
LENGTHS = st.lists(st.integers(FIRST, LAST - 1), min_size=1, max_size=60)


def bins(lengths: list[int], histogram: Histogram[Any] = HISTOGRAM) -> list[int]:
    counts = [0] * len(histogram.bins)
    for length in lengths:
        counts[histogram.bins.index(histogram.bin_of(length))] += 1
    return counts


def exact(lengths: list[int], percent: int) -> float:
    """The smallest length that at least so many percent do not exceed."""
    return next(each for each in sorted(lengths) if sum(one <= each for one in lengths) * 100 >= percent * len(lengths))


@pytest.mark.parametrize("percentile", [MEDIAN, NINETIETH], ids=lambda each: each.id)
@given(lengths=LENGTHS)
def test_percentile_is_as_near_to_the_exact_one_as_it_says(percentile: Percentile, lengths: list[int]) -> None:
    found = percentile.of(bins(lengths))

    assert found is not None
    true = exact(lengths, percentile.percent) / DAY_S
    assert found.lower <= true < (found.upper or 0)
    assert abs(found.value - true) <= percentile.histogram.relative_error * true * (1 + 1e-9)
    assert found.n == len(lengths)


def test_wider_bins_would_be_further_off_than_stated() -> None:
    wider = dataclasses.replace(HISTOGRAM, edges=HISTOGRAM.edges[::6])
    median = dataclasses.replace(MEDIAN, histogram=wider)
    true = wider.edges[1]

    found = median.of(bins([true], wider))

    assert found is not None
    assert abs(found.value - true / DAY_S) > HISTOGRAM.relative_error * true / DAY_S


@given(st.lists(LENGTHS, min_size=1, max_size=5))
def test_bins_of_a_city_are_those_of_its_communes_added_up(communes: list[list[int]]) -> None:
    together = [sum(counts) for counts in zip(*map(bins, communes), strict=True)]

    assert MEDIAN.of(together) == MEDIAN.of(bins([length for each in communes for length in each]))


def test_no_percentile_where_nothing_was_decided() -> None:
    assert MEDIAN.of(bins([])) is None


def test_ends_say_what_is_known_and_no_more() -> None:
    assert MEDIAN.of(bins([5])) == Quantile(FIRST / 2 / DAY_S, 0.0, FIRST / DAY_S, 1)
    assert MEDIAN.of(bins([LAST * 3])) == Quantile(LAST / DAY_S, LAST / DAY_S, None, 1)


def test_twenty_days_of_the_law_are_an_edge_of_the_bins() -> None:
    edge = 20 * DAY_S

    assert edge in HISTOGRAM.edges
    assert HISTOGRAM.bin_of(edge - 1) != HISTOGRAM.bin_of(edge)
