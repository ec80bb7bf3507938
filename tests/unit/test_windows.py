"""Where each window lies, what it is compared with, and what it adds up to."""

from collections import Counter
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.stats.panes import KEPT, NamedWindow, pane_number
from services.stats.view.series import Series
from services.stats.windows import (
    STANDARD,
    Comparison,
    Interval,
    Reason,
    WindowError,
    between,
    find,
    named,
    span,
    total,
)
from shared.contracts.stats import Tier

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
AS_OF = datetime(2026, 11, 23, 15, 4, 31, tzinfo=ZONE)  # a Monday


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def spelled(interval: Interval) -> tuple[str, str, str]:
    return f"{interval.start:%Y-%m-%d %H:%M}", f"{interval.end:%Y-%m-%d %H:%M}", interval.tier.value


def compared(comparison: Comparison | Reason) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    assert isinstance(comparison, Comparison)
    return spelled(comparison.current), spelled(comparison.baseline)


@pytest.mark.parametrize(
    ("window", "start", "end", "tier"),
    [
        ("PT5M", "2026-11-23 15:00", "2026-11-23 15:05", "minute"),
        ("PT1H", "2026-11-23 14:05", "2026-11-23 15:05", "minute"),
        ("PT24H", "2026-11-22 15:05", "2026-11-23 15:05", "minute"),
        ("P7D", "2026-11-16 16:00", "2026-11-23 16:00", "hour"),
        ("P30D", "2026-10-24 16:00", "2026-11-23 16:00", "hour"),
        ("day", "2026-11-23 00:00", "2026-11-24 00:00", "day"),
        ("week", "2026-11-23 00:00", "2026-11-24 00:00", "day"),
        ("month", "2026-11-01 00:00", "2026-11-24 00:00", "day"),
        ("quarter", "2026-10-01 00:00", "2026-11-24 00:00", "day"),
        ("half_year", "2026-07-01 00:00", "2026-11-24 00:00", "day"),
        ("year", "2026-01-01 00:00", "2026-11-24 00:00", "day"),
    ],
)
def test_window_ends_with_the_pane_in_progress(window: str, start: str, end: str, tier: str) -> None:
    assert spelled(STANDARD[window].interval(AS_OF)) == (start, end, tier)


@pytest.mark.parametrize("as_of", ["2026-12-31 23:59:59", "2027-01-01 00:00:00", "2028-02-29 12:00:00"])
def test_every_standard_window_contains_now_and_begins_before_it(as_of: str) -> None:
    now = local(as_of)

    for window in STANDARD.values():
        interval = window.interval(now)
        assert interval.start <= now < interval.end
        assert interval.first_pane < interval.end_pane


@pytest.mark.parametrize(
    ("window", "current", "baseline"),
    [
        (
            "PT24H",
            ("2026-11-22 15:05", "2026-11-23 15:05", "minute"),
            ("2026-11-21 15:05", "2026-11-22 15:05", "minute"),
        ),
        ("P30D", ("2026-10-24 16:00", "2026-11-23 16:00", "hour"), ("2026-09-24 16:00", "2026-10-24 16:00", "hour")),
        ("day", ("2026-11-23 00:00", "2026-11-24 00:00", "day"), ("2026-11-22 00:00", "2026-11-22 15:05", "minute")),
        ("month", ("2026-11-01 00:00", "2026-11-24 00:00", "day"), ("2026-10-01 00:00", "2026-10-23 16:00", "hour")),
        ("quarter", ("2026-10-01 00:00", "2026-11-23 00:00", "day"), ("2026-07-01 00:00", "2026-08-23 00:00", "day")),
        ("year", ("2026-01-01 00:00", "2026-11-23 00:00", "day"), ("2025-01-01 00:00", "2025-11-23 00:00", "day")),
    ],
)
def test_period_before_is_cut_after_the_same_elapsed_time(
    window: str, current: tuple[str, str, str], baseline: tuple[str, str, str]
) -> None:
    assert compared(STANDARD[window].comparisons(AS_OF).previous) == (current, baseline)


@pytest.mark.parametrize(
    ("window", "as_of", "current", "baseline"),
    [
        ("PT24H", "2026-11-23", ("2026-11-22", "2026-11-23"), ("2025-11-22", "2025-11-23")),
        ("P7D", "2026-11-23", ("2026-11-16", "2026-11-23"), ("2025-11-16", "2025-11-23")),
        ("week", "2026-11-25", ("2026-11-23", "2026-11-25"), ("2025-11-24", "2025-11-26")),
        ("month", "2026-11-23", ("2026-11-01", "2026-11-23"), ("2025-11-01", "2025-11-23")),
        ("month", "2028-02-29", ("2028-02-01", "2028-02-29"), ("2027-02-01", "2027-03-01")),
        ("year", "2028-03-01", ("2028-01-01", "2028-03-01"), ("2027-01-01", "2027-03-01")),
        ("half_year", "2027-01-02", ("2027-01-01", "2027-01-02"), ("2026-01-01", "2026-01-02")),
    ],
)
def test_year_earlier_compares_days_that_are_over(
    window: str, as_of: str, current: tuple[str, str], baseline: tuple[str, str]
) -> None:
    comparison = STANDARD[window].comparisons(local(f"{as_of} 15:04:00")).year_earlier

    assert isinstance(comparison, Comparison)
    for interval, expected in ((comparison.current, current), (comparison.baseline, baseline)):
        assert interval.tier is Tier.DAY
        assert (str(interval.start.date()), str(interval.end.date())) == expected
        assert (interval.start.hour, interval.end.hour) == (0, 0)


@pytest.mark.parametrize(
    ("window", "as_of", "reason"),
    [
        ("PT5M", "2026-11-23", Reason.TOO_SHORT),
        ("PT1H", "2026-11-23", Reason.TOO_SHORT),
        ("day", "2026-11-23", Reason.NO_WHOLE_DAY),
        ("month", "2026-11-01", Reason.NO_WHOLE_DAY),
        ("week", "2020-12-29", Reason.NO_SUCH_PERIOD),  # week 53; 2019 had 52
    ],
)
def test_reason_stands_where_no_year_can_be_compared(window: str, as_of: str, reason: Reason) -> None:
    assert STANDARD[window].comparisons(local(f"{as_of} 15:04:00")).year_earlier is reason


@given(st.datetimes(min_value=datetime(2016, 1, 1), max_value=datetime(2040, 1, 1)), st.sampled_from(sorted(STANDARD)))
def test_comparisons_are_made_of_panes_that_are_kept_and_over(now: datetime, window: str) -> None:
    as_of = now.replace(tzinfo=ZONE)
    interval = STANDARD[window].interval(as_of)
    comparisons = STANDARD[window].comparisons(as_of)

    for comparison in (comparisons.previous, comparisons.year_earlier):
        if isinstance(comparison, Comparison):
            current, baseline = comparison.current, comparison.baseline
            assert baseline.start < baseline.end
            # The last whole day that PT24H is compared by begins before the rolling window.
            assert interval.start.date() - timedelta(days=1) <= current.start.date() <= current.end.date()
            assert current.end <= interval.end
            if baseline.tier in KEPT:
                earliest_bucket = as_of - KEPT[baseline.tier]
                assert pane_number(baseline.tier, baseline.start) >= pane_number(baseline.tier, earliest_bucket)


def campaign(
    id_: str, first: str, last: str | None, previous: str | None = None, kind: str = "campaign"
) -> NamedWindow:
    return NamedWindow(
        id=id_,
        kind=kind,
        unit="01",
        title="Thi đua",
        from_date=date.fromisoformat(first),
        to_date=None if last is None else date.fromisoformat(last),
        previous=previous,
    )


def test_named_window_runs_over_its_own_dates_the_last_included() -> None:
    over = named(campaign("c", "2024-08-19", "2025-08-19"))
    under_way = named(campaign("c", "2026-11-20", None))

    assert spelled(over.interval(AS_OF)) == ("2024-08-19 00:00", "2025-08-20 00:00", "day")
    assert spelled(under_way.interval(AS_OF)) == ("2026-11-20 00:00", "2026-11-24 00:00", "day")
    with pytest.raises(WindowError, match="after today"):
        named(campaign("c", "2027-01-01", None)).interval(AS_OF)


def test_campaign_is_compared_with_its_previous_edition() -> None:
    first = campaign("c1", "2024-08-19", "2025-08-19")
    second = campaign("c2", "2026-11-01", "2027-03-31", previous="c1")

    window = find("c2", {"c1": first, "c2": second})

    assert compared(window.comparisons(AS_OF).previous) == (
        ("2026-11-01 00:00", "2026-11-23 00:00", "day"),
        ("2024-08-19 00:00", "2024-09-10 00:00", "day"),
    )
    assert find("c1", {"c1": first}).comparisons(AS_OF).previous is Reason.NO_PREVIOUS_EDITION


def test_campaign_that_is_over_is_compared_with_the_whole_previous_edition() -> None:
    first = campaign("c1", "2024-01-01", "2024-01-31")
    second = campaign("c2", "2025-01-01", "2025-03-31")

    assert compared(named(second, first).comparisons(AS_OF).previous)[1] == (
        "2024-01-01 00:00",
        "2024-02-01 00:00",
        "day",
    )


def test_legal_instrument_is_compared_with_as_many_days_before_it_was_in_force() -> None:
    law = named(campaign("l", "2026-11-13", None, kind="legal_instrument"))

    assert compared(law.comparisons(AS_OF).previous) == (
        ("2026-11-13 00:00", "2026-11-23 00:00", "day"),
        ("2026-11-03 00:00", "2026-11-13 00:00", "day"),
    )


def test_dates_include_both_ends_and_go_no_further_than_today() -> None:
    past = between(date(2024, 12, 24), date(2025, 12, 23))
    running = between(date(2026, 11, 1), date(2026, 12, 31))

    assert spelled(past.interval(AS_OF)) == ("2024-12-24 00:00", "2025-12-24 00:00", "day")
    assert spelled(running.interval(AS_OF)) == ("2026-11-01 00:00", "2026-11-24 00:00", "day")


def test_what_cannot_be_a_window_is_refused_with_a_reason() -> None:
    with pytest.raises(WindowError, match="is not a window") as unknown:
        find("PT2M", {})
    with pytest.raises(WindowError, match="is before"):
        between(date(2026, 2, 1), date(2026, 1, 1))
    with pytest.raises(WindowError, match="is before"):
        span(Tier.DAY, date(2026, 2, 1), date(2026, 1, 1), AS_OF)
    with pytest.raises(WindowError, match="kept for 3 days"):
        span(Tier.MINUTE, date(2026, 11, 13), date(2026, 11, 13), AS_OF)
    assert unknown.value.status == 422


def test_span_begins_with_the_first_pane_that_is_kept() -> None:
    assert spelled(span(Tier.MINUTE, date(2026, 11, 20), date(2026, 11, 20), AS_OF))[0] == "2026-11-20 15:00"
    assert spelled(span(Tier.HOUR, date(2026, 9, 22), date(2026, 11, 20), AS_OF))[0] == "2026-09-22 00:00"


def test_span_covers_both_days() -> None:
    assert spelled(span(Tier.HOUR, date(2026, 11, 1), date(2026, 11, 2), AS_OF)) == (
        "2026-11-01 00:00",
        "2026-11-03 00:00",
        "hour",
    )


@given(
    st.lists(st.tuples(st.integers(0, 3 * 86_400), st.integers(-2, 5)), max_size=40), st.sampled_from(sorted(STANDARD))
)
def test_total_is_the_sum_over_the_interval_and_a_level_the_sum_of_all_before_its_end(
    facts: list[tuple[int, int]], window: str
) -> None:
    moments = [(AS_OF - timedelta(seconds=ago), amount) for ago, amount in facts]
    series, interval = _series(moments), STANDARD[window].interval(AS_OF)

    assert total(series, interval, level=False) == sum(n for at, n in moments if interval.start <= at < interval.end)
    assert total(series, interval, level=True) == sum(n for at, n in moments if at < interval.end)


@given(
    st.lists(st.tuples(st.integers(-86_400, 86_400), st.integers(-2, 5)), max_size=40),
    st.sampled_from(Tier),
    st.integers(0, 86_399),
)
def test_of_what_is_ahead_only_what_is_reached_counts_in_any_tier(
    facts: list[tuple[int, int]], tier: Tier, second: int
) -> None:
    as_of = local("2026-11-23T00:00") + timedelta(seconds=second)
    moments = [(as_of - timedelta(seconds=ago), amount) for ago, amount in facts]
    interval = Interval(local("2026-11-23T00:00"), local("2026-11-24T00:00"), tier, as_of)
    reached = as_of.replace(second=0) + timedelta(minutes=1)

    found = total(_series(moments), interval, level=False, ahead=True)

    assert found == sum(n for at, n in moments if interval.start <= at < reached)


def _series(moments: list[tuple[datetime, int]]) -> Series:
    series = Series()
    for tier in Tier:
        for pane, amount in _panes(tier, moments).items():
            series.add(tier, pane, amount)
    return series


def _panes(tier: Tier, moments: list[tuple[datetime, int]]) -> Counter[int]:
    panes: Counter[int] = Counter()
    for at, amount in moments:
        panes[pane_number(tier, at)] += amount
    return panes


def test_level_within_a_day_counts_what_began_and_ended_on_that_day_alone() -> None:
    # A patrol of an hour: the day's pane comes to nothing, and the fold does not even write it.
    series = Series()
    for tier in (Tier.MINUTE, Tier.HOUR):
        series.add(tier, pane_number(tier, local("2026-11-23T12:39")), 1)
        series.add(tier, pane_number(tier, local("2026-11-23T13:39")), -1)

    during = Interval(local("2026-11-23T13:33"), local("2026-11-23T13:38"), Tier.MINUTE)
    after = Interval(local("2026-11-23T13:38"), local("2026-11-23T13:43"), Tier.MINUTE)

    assert total(series, during, level=True) == 1
    assert total(series, after, level=True) == 0


@pytest.mark.parametrize(
    ("window", "as_of", "current", "baseline"),
    [
        ("PT5M", "2026-11-23 15:04", ("11-23 15:00", "11-23 15:05"), ("11-23 14:55", "11-23 15:00")),
        ("PT1H", "2026-11-23 15:04", ("11-23 14:05", "11-23 15:05"), ("11-23 13:05", "11-23 14:05")),
        ("P7D", "2026-11-23 15:04", ("11-16 16:00", "11-23 16:00"), ("11-09 16:00", "11-16 16:00")),
        ("week", "2026-11-25 15:04", ("11-23 00:00", "11-26 00:00"), ("11-16 00:00", "11-18 16:00")),
        ("half_year", "2026-11-23 15:04", ("07-01 00:00", "11-23 00:00"), ("01-01 00:00", "05-26 00:00")),
        # A longer one as far as the one before went.
        ("month", "2026-03-28 15:04", ("03-01 00:00", "03-29 00:00"), ("02-01 00:00", "02-28 16:00")),
        ("month", "2026-03-28 23:30", ("03-01 00:00", "03-29 00:00"), ("02-01 00:00", "03-01 00:00")),
        ("month", "2026-03-29 00:00", ("03-01 00:00", "03-29 00:00"), ("02-01 00:00", "03-01 00:00")),
        ("month", "2026-03-31 15:04", ("03-01 00:00", "03-29 00:00"), ("02-01 00:00", "03-01 00:00")),
        ("month", "2028-03-29 15:04", ("03-01 00:00", "03-30 00:00"), ("02-01 00:00", "02-29 16:00")),
        ("quarter", "2026-06-30 15:04", ("04-01 00:00", "06-30 00:00"), ("01-01 00:00", "04-01 00:00")),
        ("quarter", "2026-09-30 15:04", ("07-01 00:00", "09-30 00:00"), ("04-01 00:00", "07-01 00:00")),
        ("half_year", "2026-12-31 15:04", ("07-01 00:00", "12-29 00:00"), ("01-01 00:00", "07-01 00:00")),
    ],
)
def test_standard_windows_are_compared_with_as_long_a_part_of_the_period_before(
    window: str, as_of: str, current: tuple[str, str], baseline: tuple[str, str]
) -> None:
    comparison = STANDARD[window].comparisons(local(f"{as_of}:31")).previous

    assert isinstance(comparison, Comparison)
    for interval, expected in ((comparison.current, current), (comparison.baseline, baseline)):
        assert (f"{interval.start:%m-%d %H:%M}", f"{interval.end:%m-%d %H:%M}") == expected


def test_iso_week_is_compared_with_the_week_of_its_number_across_the_turn_of_the_year() -> None:
    # 1 January 2027 lies in week 53 of 2026, and 2025 had 52 weeks; a week later it is week 1, as in 2026.
    weeks = [
        STANDARD["week"].comparisons(local(f"{day} 12:00:00")).year_earlier for day in ("2027-01-01", "2027-01-06")
    ]

    assert weeks[0] is Reason.NO_SUCH_PERIOD
    assert compared(weeks[1])[1] == ("2025-12-29 00:00", "2025-12-31 00:00", "day")


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        ("0001-01-01", "2026-01-01", "from"),
        ("1899-12-31", "1900-01-01", "from"),
        ("2026-01-01", "9999-12-31", "to"),
        ("2026-01-02", "2026-01-01", "to"),
    ],
)
def test_days_beyond_any_calendar_in_use_or_backwards_are_refused_by_field(first: str, last: str, field: str) -> None:
    days = (date.fromisoformat(first), date.fromisoformat(last))

    for refused in (lambda: between(*days), lambda: span(Tier.DAY, *days, AS_OF)):
        with pytest.raises(WindowError) as refusal:
            refused()
        assert [error["field"] for error in errors_of(refusal.value)] == [field]


def errors_of(error: WindowError) -> list[dict[str, str]]:
    errors = error.extra["errors"]
    assert isinstance(errors, list)
    return errors


@pytest.mark.parametrize("last", [None, "9999-12-31"])
def test_a_named_window_without_end_goes_up_to_today(last: str | None) -> None:
    window = named(campaign("c2", "2026-11-01", last, previous="c1"), campaign("c1", "2025-11-01", "9999-12-31"))

    assert spelled(window.interval(AS_OF))[1] == "2026-11-24 00:00"
    assert compared(window.comparisons(AS_OF).previous)[1][0] == "2025-11-01 00:00"


def test_a_span_ends_today_unless_told_otherwise_and_says_how_far_back_it_could_go() -> None:
    assert spelled(span(Tier.DAY, None, None, AS_OF, days=14))[:2] == ("2026-11-10 00:00", "2026-11-24 00:00")
    with pytest.raises(WindowError) as too_fine:
        span(Tier.MINUTE, date(2025, 11, 13), date(2025, 11, 13), AS_OF)
    with pytest.raises(WindowError) as tomorrow:
        span(Tier.DAY, date(2026, 11, 24), None, AS_OF)

    assert errors_of(too_fine.value) == [
        {"field": "from", "reason": "minute panes are kept for 3 days, back to 2026-11-20; ask for a coarser tier"}
    ]
    assert errors_of(tomorrow.value)[0]["field"] == "from"
