"""Where the clock of a crime report stands: one state at every instant, and none of the future in a figure of now."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.stats.catalogue import CATALOGUE
from services.stats.catalogue.facts import CrimeReport
from shared.contracts.topics import TIPS

RECEIVED = datetime(2026, 3, 2, 8, tzinfo=UTC)
DUE = RECEIVED + timedelta(days=20)
STATES = ("in_time", "overdue", "suspended", "without_deadline")
ENDS = ("verified_at", "refuted_at", "found_inconclusive_at", "transferred_at", "resolved_at", "closed_at")
HOURS = st.integers(0, 24 * 40)
MAYBE_LATER = st.none() | HOURS.map(lambda hours: RECEIVED + timedelta(hours=hours))


def report(**times: Any) -> CrimeReport:
    told = {name: at for name, at in times.items() if at is not None}
    return msgspec.convert({"received_at": RECEIVED, **told}, CrimeReport, strict=False)


def level(metric: str, facts: CrimeReport, at: datetime) -> int:
    counts = CATALOGUE.metrics[f"crime_reports_{metric}"].counts
    moments = [(counted.at(facts), counted.amount(facts)) for counted in counts]
    return sum(amount for when, amount in moments if when is not None and when <= at)


def counted(metric: str, facts: CrimeReport) -> int:
    reader = CATALOGUE.readers(TIPS)["tip.verified.v1"]
    return sum(amount for name, _, amount in reader.contributions(facts) if name == f"crime_reports_{metric}")


@given(
    st.fixed_dictionaries(dict.fromkeys((*ENDS, "suspended_at"), MAYBE_LATER)),
    st.none() | HOURS.map(lambda hours: RECEIVED + timedelta(hours=hours)),
    HOURS,
)
def test_open_report_is_in_exactly_one_state_at_every_instant(
    times: dict[str, datetime | None], due: datetime | None, hours: int
) -> None:
    facts = report(**times, decision_due_at=due)
    at = RECEIVED + timedelta(hours=hours)

    states = {state: level(state, facts, at) for state in STATES}

    assert set(states.values()) <= {0, 1}
    assert sum(states.values()) == level("open", facts, at)


@pytest.mark.parametrize(
    ("days", "state"), [(0, "in_time"), (19, "in_time"), (20, "overdue"), (35, "overdue"), (36, None)]
)
def test_undecided_report_is_in_time_up_to_its_deadline_and_overdue_until_it_is_decided(
    days: int, state: str | None
) -> None:
    facts = report(decision_due_at=DUE, refuted_at=RECEIVED + timedelta(days=36))

    states = {each for each in STATES if level(each, facts, RECEIVED + timedelta(days=days))}

    assert states == ({state} if state else set())


@pytest.mark.parametrize("finding", ["verified_at", "refuted_at", "found_inconclusive_at"])
@pytest.mark.parametrize(("late", "on_time"), [(timedelta(microseconds=-1), 1), (timedelta(0), 0)])
def test_decision_is_on_time_before_the_deadline_which_is_the_first_instant_too_late(
    finding: str, late: timedelta, on_time: int
) -> None:
    facts = report(decision_due_at=DUE, **{finding: DUE + late})

    assert counted("decided", facts) == counted("decided_with_deadline", facts) == 1
    assert counted("decided_on_time", facts) == on_time
    assert level("overdue", facts, DUE + timedelta(days=1)) == 0


def test_event_of_a_producer_that_knows_no_deadline_is_neither_overdue_nor_on_time() -> None:
    facts = report(verified_at=RECEIVED + timedelta(days=90))

    assert counted("decided", facts) == 1
    assert counted("decided_with_deadline", facts) == counted("decided_on_time", facts) == 0
    assert all(level("overdue", facts, RECEIVED + timedelta(days=days)) == 0 for days in range(100))


def test_time_stands_still_while_a_report_is_suspended() -> None:
    facts = report(decision_due_at=DUE, suspended_at=DUE - timedelta(days=1))

    assert level("suspended", facts, DUE) == 1
    assert level("overdue", facts, DUE + timedelta(days=30)) == 0


def test_handed_over_report_is_open_no_longer_and_not_decided() -> None:
    facts = report(decision_due_at=DUE, transferred_at=RECEIVED + timedelta(days=1))

    assert level("open", facts, RECEIVED + timedelta(days=2)) == 0
    assert counted("decided", facts) == 0
