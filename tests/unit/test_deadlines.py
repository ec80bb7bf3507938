"""Deadlines of crime reports: days as the law counts them, rules by the day of receipt, facts that tell them."""

import dataclasses
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tips.domain import Tip, deadlines
from services.tips.domain.deadlines import DECISION_RULES, DecisionRule, decision_due_at
from shared.contracts.tips import TipCategory, TipChange, TipChannel, TipSource, TipStream

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZONE)  # type: ignore[misc, arg-type]


def tip(stream: TipStream = TipStream.CRIME_REPORT) -> Tip:
    made, _ = Tip.submit(
        id="t",
        unit="00070",
        received_at=local(2026, 3, 2, 9),
        anonymous_step_s=900,
        stream=stream,
        source=TipSource.FORCE_MEMBER,
        channel=TipChannel.FORCE,
        category=TipCategory.THEFT,
        residential_group=None,
        text="",
        happened_at=None,
    )
    return made


@pytest.mark.parametrize(
    ("received", "due"),
    [
        pytest.param(local(2026, 3, 2, 9), local(2026, 3, 24), id="twentieth day is a Sunday"),
        pytest.param(local(2026, 3, 4, 0), local(2026, 3, 25), id="first instant of a day"),
        pytest.param(local(2026, 3, 4, 23, 59, 59), local(2026, 3, 25), id="last instant of the same day"),
        pytest.param(local(2026, 4, 10, 9), local(2026, 5, 5), id="two holidays and a weekend"),
        pytest.param(local(2025, 12, 12, 9), local(2026, 1, 3), id="new year's day"),
        pytest.param(local(2028, 2, 9, 9), local(2028, 3, 1), id="ends on a leap day"),
        pytest.param(local(2027, 2, 9, 9), local(2027, 3, 2), id="no leap day"),
        pytest.param(datetime(2026, 3, 3, 18, tzinfo=UTC), local(2026, 3, 25), id="local day, not that of UTC"),
        pytest.param(local(2017, 12, 31, 23), None, id="before the law was in force"),
    ],
)
def test_decision_is_due_at_the_end_of_the_twentieth_day_or_of_the_next_working_day(
    received: datetime, due: datetime | None
) -> None:
    assert decision_due_at(received) == due


@given(st.datetimes(datetime(2018, 1, 2), datetime(2060, 1, 1)))
def test_deadline_is_a_local_midnight_after_a_working_day_at_least_twenty_days_on(naive: datetime) -> None:
    received = naive.replace(tzinfo=ZONE)

    due = decision_due_at(received)

    assert due is not None
    last = due.astimezone(ZONE).date() - timedelta(days=1)
    assert due.astimezone(ZONE).time().isoformat() == "00:00:00"
    assert last.weekday() < 5
    assert timedelta(days=20) <= last - received.date() <= timedelta(days=25)


def test_rule_of_the_day_of_receipt_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    amended = date(2026, 7, 1)
    old = DecisionRule("old", 20, date(2018, 1, 1), amended, "")
    new = DecisionRule("new", 30, amended, None, "")
    monkeypatch.setattr(deadlines, "DECISION_RULES", (old, new))

    before, after = decision_due_at(local(2026, 6, 30, 9)), decision_due_at(local(2026, 7, 1, 9))

    assert (before, after) == (local(2026, 7, 21), local(2026, 8, 1))


def test_every_rule_names_its_source_and_none_leaves_a_gap_to_the_next() -> None:
    assert all(rule.source for rule in DECISION_RULES)
    assert all(one.received_before == following.received_from for one, following in pairwise(DECISION_RULES))


def test_crime_report_tells_its_deadline_and_security_information_has_none() -> None:
    report, information = tip().facts(), tip(TipStream.SECURITY_INFORMATION).facts()

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
    corrected, _ = tip().correct(at=local(2026, 3, 5), **fix)

    assert corrected.decision_due_at == due


def test_tip_of_an_earlier_release_tells_the_same_before_as_it_told_then() -> None:
    earlier = dataclasses.replace(tip(), decision_due_at=None)

    _, (event,) = earlier.register(at=local(2026, 3, 3))

    change = event.data
    assert isinstance(change, TipChange)
    assert change.was is not None
    assert change.is_ is not None
    assert change.was.decision_due_at is None
    assert change.is_.decision_due_at is None
