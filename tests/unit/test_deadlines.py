"""Deadlines as the law counts them, over every day of nine years, against a calendar that is written otherwise.

Holidays are data, which the model reads as they stand; whether they are right is held against the law, the moon and the
sun below. The model finds days by looking them up in a list of all days, months by walking, and working hours by how
much was worked up to an instant.
"""

import dataclasses
from bisect import bisect_left
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from math import radians, sin
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tips.domain.clocks import RULES, ClockName, ClockRule, Manner, end_of, rule_of
from services.tips.domain.clocks.days_off import HOLIDAYS, WORKED_WEEKENDS
from services.tips.domain.clocks.rules import REMOTE_UNITS, RemoteUnits, is_remote
from services.tips.domain.clocks.spans import Days, Hours, Months, WorkingHours
from services.tips.domain.clocks.working_days import is_working_day
from shared.contracts.tips import TipCategory, TipChange, TipStream
from tests.unit.tip_world import NOW, submitted

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
DAY = timedelta(days=1)
EVERY_DAY = [date(2024, 1, 1) + n * DAY for n in range((date(2033, 1, 1) - date(2024, 1, 1)).days)]


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZONE)  # type: ignore[misc, arg-type]


def decided_by(received: datetime, extensions: int = 0) -> datetime | None:
    rule = rule_of(ClockName.DECISION, received)
    return rule.due_at(received, extensions=extensions) if rule else None


# -- the model


@cache
def days_worked() -> list[date]:
    off, worked = written(HOLIDAYS), written(WORKED_WEEKENDS)
    days = (date(2023, 1, 1) + n * DAY for n in range(365 * 11))
    return [day for day in days if day in worked or not (day in off or day.strftime("%a") in ("Sat", "Sun"))]


def written(table: Mapping[int, str]) -> set[date]:
    """The days of a table of holidays."""
    return {
        datetime.strptime(f"{year} {day}", "%Y %m-%d").date() for year, days in table.items() for day in days.split()
    }


def first_worked_from(day: date) -> date:
    return days_worked()[bisect_left(days_worked(), day)]


def months_later(day: date, months: int) -> date:
    """Walk until so many firsts of a month have been passed, then on to the same day or to the end of that month."""
    at, passed = day, 0
    while passed < months:
        at += DAY
        passed += at.day == 1
    while at.day < day.day and (at + DAY).day != 1:
        at += DAY
    return at


def midnight_after(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZONE) + DAY


def minutes_worked(until: datetime) -> int:
    """How many minutes were worked since the beginning of 2023."""
    day, minute = until.astimezone(ZONE).date(), until.astimezone(ZONE).hour * 60 + until.astimezone(ZONE).minute
    whole = bisect_left(days_worked(), day)
    today = sum(max(0, min(minute, end) - begin) for begin, end in ((480, 720), (810, 1050)))
    return whole * 480 + (today if day in set(days_worked()[whole : whole + 1]) else 0)


# -- every day


def test_a_report_of_any_day_is_to_be_decided_within_twenty_days() -> None:
    for day in EVERY_DAY:
        received = local(day.year, day.month, day.day, 9, 30)

        assert decided_by(received) == midnight_after(first_worked_from(day + 20 * DAY)), day


@pytest.mark.parametrize("extensions", [1, 2])
def test_an_extension_on_any_day_gives_two_months_each(extensions: int) -> None:
    for day in EVERY_DAY:
        received = local(day.year, day.month, day.day, 23, 59)
        last = months_later(day, 2)
        last = months_later(last, 2) if extensions == 2 else last

        assert decided_by(received, extensions) == midnight_after(first_worked_from(last)), day


def test_work_resumed_on_any_day_has_a_month() -> None:
    for day in EVERY_DAY:
        resumed = local(day.year, day.month, day.day)
        rule = rule_of(ClockName.DECISION, resumed)

        assert rule is not None
        assert rule.due_after_pause(resumed) == midnight_after(first_worked_from(months_later(day, 1))), day


@pytest.mark.parametrize(("manner", "hours"), [(Manner.ORDINARY, 8), (Manner.URGENT, 4)])
@pytest.mark.parametrize("minute", [0, 7 * 60 + 59, 11 * 60 + 47, 13 * 60, 17 * 60 + 29, 23 * 60 + 59])
def test_a_call_on_any_day_is_to_be_accepted_within_so_many_working_hours(
    manner: Manner, hours: int, minute: int
) -> None:
    for day in EVERY_DAY:
        received = local(day.year, day.month, day.day) + timedelta(minutes=minute)
        rule = rule_of(ClockName.ACCEPTANCE, received, manner=manner)

        assert rule is not None
        due = rule.due_at(received)
        assert minutes_worked(due) - minutes_worked(received) == hours * 60, received
        assert minutes_worked(due - timedelta(minutes=1)) - minutes_worked(received) == hours * 60 - 1, received


@pytest.mark.parametrize(("manner", "hours"), [(Manner.ORDINARY, 24), (Manner.REMOTE, 48)])
def test_a_report_of_any_day_is_to_be_handed_over_by_the_clock(manner: Manner, hours: int) -> None:
    for day in EVERY_DAY:
        received = local(day.year, day.month, day.day, 21, 15)
        rule = rule_of(ClockName.HAND_OVER, received, manner=manner)

        assert rule is not None
        assert (rule.due_at(received) - received).total_seconds() == hours * 3600


def test_every_warning_lies_between_receipt_and_deadline() -> None:
    for rule in RULES:
        for day in EVERY_DAY:
            received = local(day.year, day.month, day.day, 16, 40)
            due = rule.due_at(received)

            assert received < rule.warn_at(due, received_at=received) < due


# -- single days that go wrong easily


@pytest.mark.parametrize(
    ("received", "due"),
    [
        pytest.param(local(2026, 3, 2, 9), local(2026, 3, 24), id="twentieth day is a Sunday"),
        pytest.param(local(2026, 3, 4, 0), local(2026, 3, 25), id="first instant of a day"),
        pytest.param(local(2026, 3, 4, 23, 59, 59), local(2026, 3, 25), id="last instant of the same day"),
        pytest.param(local(2026, 4, 10, 9), local(2026, 5, 5), id="two holidays and a weekend"),
        pytest.param(local(2025, 12, 12, 9), local(2026, 1, 3), id="new year's day"),
        pytest.param(local(2026, 1, 27, 9), local(2026, 2, 24), id="second day of Tết"),
        pytest.param(local(2024, 4, 14, 9), local(2024, 5, 5), id="ends on a Saturday that is worked"),
        pytest.param(local(2028, 2, 9, 9), local(2028, 3, 1), id="ends on a leap day"),
        pytest.param(local(2027, 2, 9, 9), local(2027, 3, 2), id="no leap day"),
        pytest.param(datetime(2026, 3, 3, 18, tzinfo=UTC), local(2026, 3, 25), id="local day, not that of UTC"),
        pytest.param(local(2017, 12, 31, 23), None, id="before the law was in force"),
    ],
)
def test_decision_is_due_at_the_end_of_the_twentieth_day_or_of_the_next_working_day(
    received: datetime, due: datetime | None
) -> None:
    assert decided_by(received) == due


@pytest.mark.parametrize(
    ("received", "extensions", "due"),
    [
        pytest.param(local(2026, 12, 31, 9), 1, local(2027, 3, 2), id="28 February is a Sunday"),
        pytest.param(local(2027, 12, 31, 9), 1, local(2028, 3, 1), id="29 February of a leap year"),
        pytest.param(local(2026, 12, 31, 9), 2, local(2027, 4, 29), id="two months from 28 February"),
        pytest.param(local(2026, 7, 31, 9), 1, local(2026, 10, 1), id="30 September for the 31st"),
    ],
)
def test_months_end_on_the_same_day_or_the_last_one(received: datetime, extensions: int, due: datetime) -> None:
    assert decided_by(received, extensions) == due


@pytest.mark.parametrize(
    ("received", "hours", "due"),
    [
        pytest.param(local(2026, 11, 23, 8), 8, local(2026, 11, 23, 17, 30), id="a whole day"),
        pytest.param(local(2026, 11, 23, 11, 59), 4, local(2026, 11, 23, 17, 29), id="over the noon break"),
        pytest.param(local(2026, 11, 27, 16, 30), 4, local(2026, 11, 30, 11), id="over a weekend"),
        pytest.param(local(2026, 2, 13, 17), 8, local(2026, 2, 23, 17), id="over Tết"),
        pytest.param(local(2024, 5, 3, 17), 1, local(2024, 5, 4, 8, 30), id="into a Saturday that is worked"),
    ],
)
def test_working_hours_run_while_offices_are_open(received: datetime, hours: int, due: datetime) -> None:
    assert end_of(WorkingHours(hours), received) == due


@given(st.datetimes(datetime(2018, 1, 2), datetime(2060, 1, 1)))
def test_deadline_is_a_local_midnight_after_a_working_day_at_least_twenty_days_on(naive: datetime) -> None:
    received = naive.replace(tzinfo=ZONE)

    due = decided_by(received)

    assert due is not None
    last = due.astimezone(ZONE).date() - DAY
    assert due.astimezone(ZONE).time().isoformat() == "00:00:00"
    assert is_working_day(last)
    assert timedelta(days=20) <= last - received.date() <= timedelta(days=32)


# -- rules are data


def test_a_new_law_is_one_entry_and_leaves_what_was_received_before() -> None:
    amended = ClockRule(
        clock=ClockName.DECISION,
        in_force_from=date(2026, 7, 1),
        stages=((Days(30),), (Months(3),)),
        warned_before=timedelta(days=5),
        source="an amendment",
    )
    rules = (*RULES, amended)

    before = rule_of(ClockName.DECISION, local(2026, 6, 30, 9), rules=rules)
    after = rule_of(ClockName.DECISION, local(2026, 7, 1), rules=rules)

    assert before is RULES[0]
    assert after is amended
    assert after.due_at(local(2026, 7, 1, 9)) == local(2026, 8, 1)


def test_which_communes_are_remote_is_an_entry_too() -> None:
    entry = RemoteUnits(in_force_from=date(2026, 7, 1), units=frozenset({"00070"}), source="an amendment")
    entries = (entry, *REMOTE_UNITS)  # in whatever order

    def remote(unit: str, day: date) -> bool:
        return is_remote(unit, local(day.year, day.month, day.day), entries=entries)

    assert [remote(unit, date(2026, 6, 30)) for unit in ("09661", "00070")] == [True, False]
    assert [remote(unit, date(2026, 7, 1)) for unit in ("09661", "00070")] == [False, True]
    assert all(each.source for each in entries)


def test_every_rule_names_its_source_and_no_two_begin_on_the_same_day() -> None:
    assert all(rule.source for rule in RULES)
    assert len({(rule.clock, rule.manner, rule.in_force_from) for rule in RULES}) == len(RULES)
    assert {rule.clock for rule in RULES} == set(ClockName)


def test_hours_by_the_clock_take_no_notice_of_holidays() -> None:
    assert end_of(Hours(24), local(2026, 2, 16, 9)) == local(2026, 2, 17, 9)


# -- holidays


def test_every_public_holiday_is_a_day_off_and_each_on_a_weekend_has_a_day_in_lieu() -> None:
    """Labour Code 2019, art. 111 and 112, and from 2026 the day of culture; decreed swaps come as pairs."""
    off, worked = written(HOLIDAYS), written(WORKED_WEEKENDS)

    for year in range(2024, 2061):
        by_law = statutory(year)
        besides = {day for day in off if day.year == year} - by_law
        swapped = {day for day in worked if day.year == year}

        assert by_law <= off, year
        assert not any(is_working_day(day) for day in by_law), year
        assert all(day.weekday() < 5 for day in besides), year
        assert len(besides) == len([day for day in by_law if day.weekday() >= 5]) + len(swapped), year


def statutory(year: int) -> set[date]:
    """The public holidays of a year; the second day of the National Day is whichever neighbour the table has."""
    new_year, kings = _lunar_days(year)
    fixed = {date(year, month, day) for month, day in ((1, 1), (4, 30), (5, 1), (9, 2))}
    culture = {date(year, 11, 24)} if year >= 2026 else set()
    second = date(year, 9, 1) if date(year, 9, 1) in written(HOLIDAYS) else date(year, 9, 3)
    return fixed | culture | {second, kings} | {new_year + n * DAY for n in range(-1, 4)}


def _lunar_days(year: int) -> tuple[date, date]:
    """Tết and the tenth of the third month, from the new moons and the sun alone."""
    months = _new_moons(_eleventh_month(year - 1), _eleventh_month(year))
    if len(months) > 13:  # thirteen months and the one after: the first without a change of sign is a leap month
        signs = [_sun(begin) // 30 for begin in months]
        leap = next(i for i, (before, after) in enumerate(pairwise(signs)) if before == after)
        del months[leap]
    return months[2], months[4] + 9 * DAY


def _eleventh_month(year: int) -> date:
    """The first day of the month in which the sun turns."""
    turn = next(day for n in range(10) if _sun((day := date(year, 12, 18) + n * DAY) + DAY) // 30 == 9)
    return _new_moons(turn - timedelta(days=60), turn)[-1]


def _new_moons(first: date, last: date) -> list[date]:
    """The days of new moon from the one to the other, both included."""
    k = round((first.year - 1900 + first.timetuple().tm_yday / 365) * 12.3685)
    return [day for n in range(k - 3, k + 20) if first <= (day := _new_moon(n)) <= last]


def _new_moon(k: int) -> date:
    """The local day of the k-th new moon since 1900.

    Source: J. Meeus, Astronomical Algorithms, with the leading periodic terms.
    """
    t = k / 1236.85
    mean = 2415020.75933 + 29.53058868 * k + 0.0001178 * t * t
    mean += 0.00033 * sin(radians(166.56 + 132.87 * t))
    m = radians(359.2242 + 29.10535608 * k)
    mpr = radians(306.0253 + 385.81691806 * k + 0.0107306 * t * t)
    f = radians(21.2964 + 390.67050646 * k - 0.0016528 * t * t)
    shift = (0.1734 - 0.000393 * t) * sin(m) + 0.0021 * sin(2 * m) - 0.4068 * sin(mpr) + 0.0161 * sin(2 * mpr)
    shift += 0.0104 * sin(2 * f) - 0.0051 * sin(m + mpr) - 0.0074 * sin(m - mpr) + 0.0004 * sin(2 * f + m)
    julian = mean + shift - (78 / 86_400)  # dynamical time is ahead of the clock by a little more than a minute
    return date(1970, 1, 1) + timedelta(days=int(julian + 0.5 + 7 / 24) - 2440588)


def _sun(day: date) -> float:
    """The longitude of the sun at local midnight, in degrees."""
    t = ((day - date(2000, 1, 1)).days - 0.5 - 7 / 24) / 36525
    m = radians(357.52910 + 35999.05030 * t)
    true = 280.46645 + 36000.76983 * t + (1.914600 - 0.004817 * t) * sin(m) + 0.019993 * sin(2 * m)
    return (true - 0.00569) % 360


# -- what a tip tells of it


def test_crime_report_tells_its_deadline_and_security_information_has_none() -> None:
    report = submitted(received_at=local(2026, 3, 2, 9))[0].facts()
    information = submitted(stream=TipStream.SECURITY_INFORMATION)[0].facts()

    assert report is not None
    assert report.decision_due_at == local(2026, 3, 24)
    assert information is not None
    assert information.decision_due_at is None


@pytest.mark.parametrize(
    ("fix", "due"),
    [
        ({"received_at": local(2026, 3, 4, 9)}, local(2026, 3, 25)),
        ({"stream": TipStream.SECURITY_INFORMATION}, None),
        ({"category": TipCategory.FRAUD}, local(2026, 3, 24)),
    ],
)
def test_deadline_follows_a_correction(fix: dict[str, Any], due: datetime | None) -> None:
    corrected, _ = submitted(received_at=local(2026, 3, 2, 9))[0].correct(at=local(2026, 3, 5), **fix)

    assert corrected.decision_due_at == due


def test_an_extended_deadline_follows_a_correction_of_its_receipt() -> None:
    extended, _ = submitted(received_at=local(2026, 3, 2, 9))[0].extend(at=local(2026, 3, 5))

    corrected, _ = extended.correct(at=local(2026, 3, 6), received_at=local(2026, 3, 1, 9))

    assert corrected.decision_due_at == local(2026, 5, 5)


def test_tip_of_an_earlier_release_tells_the_same_before_as_it_told_then() -> None:
    earlier = dataclasses.replace(submitted()[0], decision_due_at=None)

    _, (event,) = earlier.register(at=NOW)

    change = event.data
    assert isinstance(change, TipChange)
    assert change.was is not None
    assert change.is_ is not None
    assert change.was.decision_due_at is None
    assert change.is_.decision_due_at is None
