"""Whether somebody is told in time that the days off of the coming year are missing."""

from datetime import timedelta

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from services.tips.clockwork import WARN_BEFORE, tell_days_off
from services.tips.domain.clocks import known_until
from services.tips.domain.clocks.days_off import DECREED_UNTIL, HOLIDAYS, WORKED_WEEKENDS
from shared.telemetry.metrics import TIP_DAYS_OFF_KNOWN_UNTIL


def test_no_weekend_is_worked_in_a_year_of_which_nothing_is_decreed() -> None:
    assert max(WORKED_WEEKENDS) <= DECREED_UNTIL < max(HOLIDAYS)


def test_known_days_off_end_with_their_last_year() -> None:
    assert known_until().isoformat() == f"{DECREED_UNTIL + 1}-01-01T00:00:00+07:00"


@pytest.mark.parametrize(
    ("before", "warned"),
    [(WARN_BEFORE + timedelta(seconds=1), False), (WARN_BEFORE, True), (timedelta(days=-400), True)],
)
def test_a_missing_year_is_told_a_month_before_it_begins_and_ever_after(before: timedelta, warned: bool) -> None:
    TIP_DAYS_OFF_KNOWN_UNTIL.set(0)

    with capture_logs() as told:
        tell_days_off(known_until() - before)

    assert [each["log_level"] for each in told] == ["warning"] * warned
    assert all(each["known_until"] == known_until().isoformat() for each in told)
    assert REGISTRY.get_sample_value("pulse_tips_days_off_known_until_s") == known_until().timestamp()
