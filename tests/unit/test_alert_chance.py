"""How likely a count is by chance: tails against exact sums, and how often a rule is wrong, reckoned and simulated."""

import random
from bisect import bisect_left
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import exp, lgamma, log

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.stats.alerts.chance import (
    PRIOR_SHAPE,
    Belief,
    belief,
    false_alarms_a_month,
    silent_spells_a_month,
)

UNITS = 126
BASELINE_DAYS = 28
WATCHED_DAYS = 80  # 126 units for 80 days are 10,080 unit-days
MINIMUM_EVENTS = 3

Fires = Callable[[int, Sequence[int]], bool]


def poisson(count: int, mean: float) -> float:
    return exp(-mean + count * log(mean) - lgamma(count + 1))


def exact_tail(count: int, events: int, windows: int) -> Fraction:
    """P(X >= count) in rational numbers, for a whole shape: one minus the sum of what lies below."""
    stay = Fraction(1, windows + 1)
    below = Fraction(0)
    term = (1 - stay) ** events
    for number in range(count):
        below += term
        term *= Fraction(number + events, number + 1) * stay
    return 1 - below


def promised(allowance: float) -> Fires:
    """The rule as it stands: watched all the time, a unit is wrongly alarmed about at most so often a month."""

    def fires(count: int, days: Sequence[int]) -> bool:
        if count < MINIMUM_EVENTS:
            return False
        probability = belief(days, window_days=1).at_least(count)
        return false_alarms_a_month(count, probability, window_days=1) < allowance

    return fires


def simulated_raises(chance: random.Random, per_day: float, units: int, days: int, fires: Fires) -> int:
    """How often figures of the last 24 hours begin to fire, over units in which nothing but chance happens."""
    raised = 0
    for _ in range(units):
        times: list[float] = []
        at = 0.0
        while (at := at + chance.expovariate(per_day)) < BASELINE_DAYS + 1 + days:
            times.append(at)
        by_day = [bisect_left(times, day) for day in range(BASELINE_DAYS + days + 2)]
        firing = False
        for index in range(bisect_left(times, BASELINE_DAYS + 1), len(times)):
            begin = times[index] - 1
            first = int(begin) - BASELINE_DAYS
            counts = [by_day[first + day + 1] - by_day[first + day] for day in range(BASELINE_DAYS)]
            now_fires = fires(index + 1 - bisect_left(times, begin), counts)
            raised += now_fires and not firing
            firing = now_fires
    return raised


@given(count=st.integers(0, 60), events=st.integers(1, 80), windows=st.integers(1, 40))
def test_tails_are_those_of_exact_sums(count: int, events: int, windows: int) -> None:
    known = Belief(float(events), float(windows))

    assert known.at_least(count) == pytest.approx(float(exact_tail(count, events, windows)), rel=1e-9, abs=1e-300)


@given(count=st.integers(1, 50), events=st.integers(0, 2_000), windows=st.floats(0.05, 28))
def test_a_higher_count_is_never_more_likely(count: int, events: int, windows: float) -> None:
    known = Belief(events + PRIOR_SHAPE, windows)

    assert 0 <= known.at_least(count + 1) <= known.at_least(count) <= 1


@given(count=st.integers(1, 20_000), events=st.integers(0, 20_000), windows=st.floats(0.05, 28))
@example(count=417, events=571, windows=28.0)  # so unlikely that no float can hold it
def test_every_count_has_an_answer(count: int, events: int, windows: float) -> None:
    known = Belief(events + PRIOR_SHAPE, windows)

    probability = known.at_least(count)

    assert 0 <= probability <= 1
    assert probability < 0.5 or count < 2 * known.expected + 1


def test_nothing_for_long_is_as_likely_as_no_event_in_the_one_window() -> None:
    known = Belief(12.5 * 28, 28.0)

    assert known.none_within(1) == pytest.approx(1 - known.at_least(1))
    assert known.none_within(3) < known.none_within(2) < known.none_within(1)


@pytest.mark.parametrize("per_day", [0.01, 0.04, 0.1, 0.2, 0.4, 1, 3, 12, 40])
def test_the_promise_holds_at_every_rate_when_all_baselines_are_reckoned(per_day: float) -> None:
    allowance = 1 / (UNITS * 6)  # one false alarm a month over six rules in all communes

    raises_a_month = 0.0
    for events in range(int(per_day * BASELINE_DAYS + 12 * (per_day * BASELINE_DAYS) ** 0.5 + 30)):
        known, limit = Belief(events + PRIOR_SHAPE, BASELINE_DAYS), MINIMUM_EVENTS
        while false_alarms_a_month(limit, known.at_least(limit), window_days=1) >= allowance:
            limit += 1
        # A window that slides reaches the limit when an event comes and limit - 1 lie in the day before it.
        reaches = 30 * per_day * poisson(limit - 1, per_day)
        raises_a_month += poisson(events, per_day * BASELINE_DAYS) * reaches

    assert raises_a_month <= allowance


def test_quiet_communes_are_wrongly_alarmed_about_less_often_than_promised() -> None:
    chance = random.Random(20260723)
    a_month = 30.0  # promised over all units, more than in operation, so that the simulation can tell

    raised = simulated_raises(chance, 0.4, UNITS, WATCHED_DAYS, promised(a_month / UNITS))

    assert 0 < raised <= a_month * WATCHED_DAYS / 30


def test_with_the_promise_of_operation_ten_thousand_quiet_unit_days_stay_quiet() -> None:
    chance = random.Random(7)

    raised = simulated_raises(chance, 0.04, UNITS, WATCHED_DAYS, promised(1 / (UNITS * 6)))

    assert raised <= WATCHED_DAYS / 30


def test_busy_communes_are_wrongly_alarmed_about_less_often_than_promised() -> None:
    chance = random.Random(11)
    a_month = 30.0

    raised = simulated_raises(chance, 12.0, 30, 40, promised(a_month / 30))

    assert raised <= a_month * 40 / 30


def test_a_limit_of_one_in_a_hundred_by_the_mean_alone_would_break_the_promise() -> None:
    chance = random.Random(20260723)

    def naive(count: int, days: Sequence[int]) -> bool:
        mean = max(sum(days), 1) / len(days)
        return 1 - sum(poisson(k, mean) for k in range(count)) < 0.01

    raised = simulated_raises(chance, 0.04, UNITS, WATCHED_DAYS, naive)

    assert raised > 3 * WATCHED_DAYS / 30


def test_one_fire_in_a_quiet_commune_is_no_alarm_and_five_are() -> None:
    fires = promised(1 / (UNITS * 6))
    month = [0] * 27 + [1]

    assert not fires(1, month)
    assert not fires(2, month)
    assert fires(5, month)
    assert fires(5, [0] * 28)


def test_five_times_as_many_patrols_are_found_even_where_days_differ() -> None:
    chance = random.Random(3)
    uneven = [max(0, round(chance.gauss(8 if day % 7 > 4 else 13.6, 4))) for day in range(BASELINE_DAYS)]
    fires = promised(1 / (UNITS * 6))

    assert fires(60, uneven)
    assert not fires(22, uneven)


def test_uneven_days_are_worth_less_evidence() -> None:
    even, uneven = [12] * 28, [0, 24] * 14

    assert belief(uneven, window_days=1).expected == pytest.approx(belief(even, window_days=1).expected, rel=0.1)
    assert belief(uneven, window_days=1).at_least(30) > 1_000 * belief(even, window_days=1).at_least(30)


def test_a_week_is_reckoned_from_four_weeks() -> None:
    known = belief([1] * 28, window_days=7)

    assert known.expected == pytest.approx(7, rel=0.05)


def test_silence_is_judged_by_how_often_there_is_an_occasion() -> None:
    assert silent_spells_a_month(12, 1e-6) == pytest.approx(30 * 12 * 1e-6)
