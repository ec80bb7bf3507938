"""How long what is sealed of a tip is kept: rules by state, a legal hold, and figures that notice nothing."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.tips.domain import TipStatus
from services.tips.domain.clocks.spans import Months
from services.tips.domain.retention import RETENTION_RULES, RetentionRule, erasable_from
from services.tips.domain.states import LEFT, OPEN, TRANSITIONS
from services.tips.domain.timekeeping import wakes_at
from shared.contracts.tips import TipStream
from shared.errors import TransitionNotAllowed
from shared.places.local_time import local_date
from tests.unit.tip_world import NOW, STEPS, tip_in

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.mark.parametrize("stream", TipStream)
@pytest.mark.parametrize("status", TipStatus)
def test_what_rests_is_kept_for_a_time_and_what_is_worked_on_for_good(status: TipStatus, stream: TipStream) -> None:
    if status not in TRANSITIONS[stream]:
        return

    erasable = erasable_from(tip_in(status, stream=stream))

    assert (erasable is None) == (status in OPEN)
    assert (status in LEFT | {TipStatus.VOIDED}) == (erasable is not None)
    assert erasable is None or erasable > NOW + timedelta(days=89)


def test_a_closed_report_is_kept_for_five_years() -> None:
    assert erasable_from(tip_in(TipStatus.CLOSED)) == datetime(2031, 11, 26, tzinfo=ZONE)


def test_a_held_tip_is_kept_until_it_is_released() -> None:
    tip = tip_in(TipStatus.CLOSED)

    held, told = tip.hold()
    released, _ = held.release()

    assert told == ()
    assert (erasable_from(held), wakes_at(held)) == (None, None)
    assert erasable_from(released) == wakes_at(released) == erasable_from(tip)
    with pytest.raises(TransitionNotAllowed, match="is not held"):
        released.release()


def test_what_is_erased_leaves_the_figures_as_they_were() -> None:
    tip = tip_in(TipStatus.CLOSED)

    erased, told = tip.erase(at=NOW + timedelta(days=2000))

    assert told == ()
    assert erased.facts() == tip.facts()
    assert (erasable_from(erased), wakes_at(erased)) == (None, None)
    with pytest.raises(TransitionNotAllowed, match="destroyed already"):
        erased.hold()


def test_a_reopened_case_is_kept_anew() -> None:
    again, _ = STEPS["reopen"](tip_in(TipStatus.CLOSED), NOW + timedelta(days=10))

    assert erasable_from(again) is None


def test_every_rule_names_its_source_and_no_state_has_two() -> None:
    assert all(rule.source for rule in RETENTION_RULES)
    assert len({(rule.stream, rule.status, rule.in_force_from) for rule in RETENTION_RULES}) == len(RETENTION_RULES)


def test_a_new_rule_holds_for_what_comes_to_rest_from_its_day_on() -> None:
    tip = tip_in(TipStatus.CLOSED)
    assert tip.closed_at is not None
    day = local_date(tip.closed_at)

    def until(in_force_from: date) -> datetime | None:
        new = RetentionRule(in_force_from, tip.stream, TipStatus.CLOSED, Months(12), "A new one.")
        return erasable_from(tip, rules=(new, *RETENTION_RULES))

    assert until(day + timedelta(days=1)) == erasable_from(tip) == datetime(2031, 11, 26, tzinfo=ZONE)
    assert until(day) == datetime(2027, 11, 24, tzinfo=ZONE)  # the last day is a Tuesday; in 2031 it is a Sunday


def test_what_is_merged_is_kept_as_long_as_the_tip_that_stands_for_it() -> None:
    first, copy = tip_in(TipStatus.RECEIVED), tip_in(TipStatus.CLOSED)

    merged, _ = copy.merge(replace(first, id="another"), at=NOW)
    apart, _ = merged.unmerge(at=NOW)

    assert (erasable_from(merged), wakes_at(merged)) == (None, None)
    assert erasable_from(apart) == erasable_from(copy)
