"""Clocks of a tip: what they tell along its life, whatever happens in whatever order, and however late one looks."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.tips.domain import Tip, TipStatus
from services.tips.domain.clocks import ClockName, ClockState
from services.tips.domain.retention import erasable_from
from services.tips.domain.timekeeping import done_at, strike, timed, wakes_at
from shared.contracts.base import Event
from shared.contracts.tips import TipChannel, TipDeadlineChange, TipFacts, TipSource, TipStream
from shared.errors import DomainError, InvalidInput
from tests.unit.tip_world import NOW, OTHER_CHANGES, STEPS, Change, on_the_clock

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CHANGES: dict[str, Change] = {
    **STEPS,
    **OTHER_CHANGES,
    "hold": lambda tip, at: tip.hold(),
    "release": lambda tip, at: tip.release(),
}
DECISION = "art_147_decision"


def told(events: Sequence[Event]) -> list[tuple[str, str]]:
    """The events of clocks: which clock, and what it does."""
    return [
        (event.data.clock, event.type.removeprefix("tip.deadline_").removesuffix(".v1"))
        for event in events
        if isinstance(event.data, TipDeadlineChange)
    ]


def taken(tip: Tip, name: str, at: datetime, now: datetime | None = None) -> tuple[Tip, Sequence[Event]]:
    return timed(lambda before: CHANGES[name](before, at), now or at)(tip)


def of_decision(tip: Tip, events: list[Event], *, until: datetime) -> list[str]:
    """What the clock of the decision tells until then, if nothing else is done."""
    while (at := wakes_at(tip)) is not None and at <= until:
        tip, more = strike(tip, now=at)
        events += more
    return [does for clock, does in told(events) if clock == DECISION]


def state(tip: Tip, name: ClockName = ClockName.DECISION) -> ClockState:
    return next(clock.state for clock in tip.clocks if clock.name is name)


def test_a_report_starts_the_clocks_that_the_law_and_the_hotline_set() -> None:
    _, web = on_the_clock()
    _, call = on_the_clock(channel=TipChannel.HOTLINE)
    _, information = on_the_clock(stream=TipStream.SECURITY_INFORMATION)

    assert told(web) == [(DECISION, "started"), ("hand_over", "started")]
    assert told(call) == [*told(web), ("hotline_acceptance", "started")]
    assert told(information) == []


def test_a_report_that_nobody_decides_is_warned_of_and_missed() -> None:
    tip, events = on_the_clock()

    told_by_then = of_decision(tip, events, until=NOW + 40 * DAY)

    assert told_by_then == ["started", "warned", "missed"]
    assert [event.time for event in events if event.type == "tip.deadline_missed.v1"][-1] == tip.decision_due_at


def test_a_decision_in_time_meets_the_clock_and_a_late_one_is_told_once() -> None:
    tip, _ = on_the_clock()
    for name in ("register", "start_verification"):
        tip, _ = taken(tip, name, NOW + HOUR)

    in_time, told_in_time = taken(tip, "verify", NOW + 5 * DAY)
    late, told_late = taken(tip, "verify", NOW + 50 * DAY)
    missed, _ = strike(tip, now=NOW + 49 * DAY)
    later, told_later = taken(missed, "verify", NOW + 50 * DAY)

    assert (told(told_in_time), state(in_time)) == ([(DECISION, "met")], ClockState.MET)
    assert (told(told_late), state(late)) == ([(DECISION, "missed")], ClockState.LATE)
    assert (told(told_later), state(later)) == ([], ClockState.LATE)


def test_a_decision_entered_late_but_taken_in_time_meets_the_clock_after_all() -> None:
    tip, _ = on_the_clock()
    for name in ("register", "start_verification"):
        tip, _ = taken(tip, name, NOW + HOUR)
    missed, _ = strike(tip, now=NOW + 49 * DAY)

    decided, events = taken(missed, "verify", NOW + 10 * DAY, now=NOW + 50 * DAY)

    assert told(events) == [(DECISION, "met")]
    assert state(decided) is ClockState.MET


@pytest.mark.parametrize(("after", "how"), [(timedelta(minutes=-1), ClockState.MET), (timedelta(0), ClockState.LATE)])
def test_a_decision_whose_time_is_told_coarsely_is_judged_as_its_exact_time_would_be(
    after: timedelta, how: ClockState
) -> None:
    tip, _ = on_the_clock(source=TipSource.CITIZEN_ANONYMOUS)
    for name in ("register", "start_verification"):
        tip, _ = taken(tip, name, NOW + HOUR)
    assert tip.decision_due_at is not None

    decided, _ = taken(tip, "verify", tip.decision_due_at + after)
    shortly_after, _ = taken(tip, "verify", tip.decision_due_at + timedelta(minutes=7))

    assert state(decided) is how
    assert shortly_after.verified_at == tip.decision_due_at  # as coarsely as all its times
    assert state(shortly_after) is ClockState.LATE


def test_no_merge_hides_that_a_report_was_late() -> None:
    first, _ = strike(on_the_clock()[0], now=NOW)
    double, _ = on_the_clock(id="double")
    late, _ = strike(double, now=NOW + 49 * DAY)
    late_first, _ = strike(first, now=NOW + 49 * DAY)

    with pytest.raises(InvalidInput, match="would hide it"):
        late.merge(first, at=NOW + 49 * DAY)
    assert late.merge(late_first, at=NOW + 49 * DAY)[0].merged_into == first.id
    assert double.merge(first, at=NOW)[0].merged_into == first.id


def test_an_extension_moves_the_deadline_and_the_warning_is_told_anew() -> None:
    tip, _ = on_the_clock()
    warned, more = strike(tip, now=NOW + 19 * DAY)

    extended, told_then = taken(warned, "extend", NOW + 19 * DAY)
    twice, _ = taken(extended, "extend", NOW + 20 * DAY)

    assert told(more) == [(DECISION, "warned"), ("hand_over", "missed")]
    assert told(told_then) == [(DECISION, "extended")]
    assert extended.decision_due_at is not None
    assert tip.decision_due_at is not None
    assert twice.decision_due_at is not None
    assert tip.decision_due_at < extended.decision_due_at < twice.decision_due_at
    assert state(extended) is ClockState.RUNNING
    assert of_decision(extended, [], until=NOW + 90 * DAY) == ["warned", "missed"]
    with pytest.raises(DomainError, match="no further extension"):
        taken(twice, "extend", NOW + 20 * DAY)


def test_an_extension_after_the_time_ran_out_is_none() -> None:
    tip, _ = on_the_clock()

    with pytest.raises(DomainError, match="had run out"):
        taken(tip, "extend", NOW + 40 * DAY)


def test_suspended_work_has_no_deadline_and_resumed_work_a_month() -> None:
    tip, _ = on_the_clock()
    for name in ("register", "start_verification"):
        tip, _ = taken(tip, name, NOW)

    suspended, stops = taken(tip, "suspend", NOW + DAY)
    quiet, nothing = strike(suspended, now=NOW + 400 * DAY)
    resumed, goes = taken(quiet, "resume", NOW + 400 * DAY)

    assert (told(stops), told(nothing)) == ([(DECISION, "suspended")], [])
    assert wakes_at(suspended) is None
    assert told(goes) == [(DECISION, "resumed")]
    assert resumed.decision_due_at is not None
    assert timedelta(days=28) <= resumed.decision_due_at - (NOW + 400 * DAY) <= timedelta(days=35)
    with pytest.raises(DomainError, match="gives resumed work no more time"):
        taken(resumed, "extend", NOW + 401 * DAY)


def test_a_reopened_report_runs_again() -> None:
    tip, _ = on_the_clock()
    for name in ("register", "start_verification", "verify", "close"):
        tip, _ = taken(tip, name, NOW + HOUR)

    again, events = taken(tip, "reopen", NOW + 60 * DAY)

    assert told(events) == [(DECISION, "resumed")]
    assert state(again) is ClockState.RUNNING


@pytest.mark.parametrize(
    ("name", "at", "expected"),
    [
        ("start_verification", NOW + 3 * HOUR, ClockState.MET),
        ("transfer", NOW + 3 * HOUR, ClockState.MET),
        ("transfer", NOW + 30 * HOUR, ClockState.LATE),
    ],
)
def test_a_report_is_handed_over_or_taken_up_in_time(name: str, at: datetime, expected: ClockState) -> None:
    tip, _ = on_the_clock()
    tip, _ = taken(tip, "register", NOW + HOUR)

    done, _ = taken(tip, name, at)

    assert state(done, ClockName.HAND_OVER) is expected


def test_what_was_handed_over_in_time_stays_so_when_it_comes_back() -> None:
    tip, _ = on_the_clock()
    for name in ("register", "transfer"):
        tip, _ = taken(tip, name, NOW + HOUR)

    back, events = taken(tip, "reopen", NOW + 10 * DAY)

    assert state(back, ClockName.HAND_OVER) is ClockState.MET
    assert told(events) == [(DECISION, "resumed")]


def test_a_remote_commune_has_twice_the_time_to_hand_over_and_an_urgent_call_is_accepted_sooner() -> None:
    near, _ = on_the_clock()
    far, _ = on_the_clock(unit="09661")
    call, _ = on_the_clock(channel=TipChannel.HOTLINE)
    urgent, _ = on_the_clock(channel=TipChannel.HOTLINE, urgent=True)

    due = {name: {clock.name: clock.due_at for clock in tip.clocks} for name, tip in
           {"near": near, "far": far, "call": call, "urgent": urgent}.items()}  # fmt: skip
    assert due["far"][ClockName.HAND_OVER] - due["near"][ClockName.HAND_OVER] == DAY
    assert due["urgent"][ClockName.ACCEPTANCE] < due["call"][ClockName.ACCEPTANCE]


def test_the_clocks_of_a_merged_tip_are_silent_and_tell_what_passed_when_it_stands_again() -> None:
    tip, _ = on_the_clock()
    merged, at_merging = taken(tip, "merge", NOW + HOUR)

    _, meanwhile = strike(merged, now=NOW + 60 * DAY)
    apart, afterwards = taken(merged, "unmerge", NOW + 60 * DAY)

    assert (told(at_merging), told(meanwhile), wakes_at(merged)) == ([], [], None)
    assert told(afterwards) == [(DECISION, "missed"), ("hand_over", "missed")]
    assert state(apart) is ClockState.MISSED


def test_a_report_that_turns_out_to_be_security_information_has_no_clock() -> None:
    tip, _ = on_the_clock()

    corrected, _ = taken(tip, "call it security information", NOW + HOUR)
    back, events = taken(corrected, "call it a crime report", NOW + 2 * HOUR)

    assert corrected.clocks == ()
    assert wakes_at(corrected) is None
    assert told(events) == [(DECISION, "started"), ("hand_over", "started")]
    assert back.decision_due_at == tip.decision_due_at


def test_a_late_look_tells_that_the_clock_ran_out_and_no_warning_of_it() -> None:
    tip, _ = on_the_clock()

    late, events = strike(tip, now=NOW + 60 * DAY)

    assert told(events) == [(DECISION, "missed"), ("hand_over", "missed")]
    assert strike(late, now=NOW + 61 * DAY) == (late, ())


def test_a_machine_whose_clock_is_behind_takes_nothing_back() -> None:
    tip, _ = on_the_clock()
    missed, _ = strike(tip, now=NOW + 60 * DAY)

    assert strike(missed, now=NOW + 19 * DAY) == (missed, ())


class Life(RuleBasedStateMachine):
    """Anything may happen at any time; somebody looks at the clocks when they want to be looked at, or much later."""

    @initialize(
        source=st.sampled_from([TipSource.CITIZEN_ANONYMOUS, TipSource.FORCE_MEMBER]),
        stream=st.sampled_from(TipStream),
        channel=st.sampled_from([TipChannel.HOTLINE, TipChannel.WEB]),
    )
    def report(self, **changes: Any) -> None:
        self.now = NOW
        self.tip, self.events = on_the_clock(**changes)

    @rule(name=st.sampled_from(sorted(CHANGES)), ago_h=st.sampled_from([0, 0, 0, 5, 500]))
    def step(self, name: str, ago_h: int) -> None:
        try:
            self.tip, events = taken(self.tip, name, self.now - timedelta(hours=ago_h), now=self.now)
        except DomainError:
            return
        self.events += events

    @rule(hours=st.sampled_from([0.1, 3, 20, 24 * 3, 24 * 15, 24 * 40, 24 * 70]))
    def wait(self, hours: float) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def look(self) -> None:
        self.tip, events = strike(self.tip, now=self.now)
        self.events += events
        assert strike(self.tip, now=self.now) == (self.tip, ()), "looking again tells nothing"
        if (erasable := erasable_from(self.tip)) is not None and erasable <= self.now:
            before, (self.tip, nothing) = self.tip, self.tip.erase(at=self.now)
            assert (nothing, self.tip.facts()) == ((), before.facts()), "what is erased changes no figure"
        wakes = wakes_at(self.tip)
        assert wakes is None or wakes > self.now, "nothing is left to be told by now"

    @invariant()
    def what_was_is_what_the_event_before_told(self) -> None:
        standing: dict[str, TipFacts] = {}
        for event in getattr(self, "events", []):
            assert standing.pop(event.partitionkey, None) == event.data.was
            if event.data.is_ is not None:
                standing[event.partitionkey] = event.data.is_
        if hasattr(self, "tip"):
            assert standing == ({self.tip.unit: self.tip.facts()} if self.tip.counts else {})

    @invariant()
    def the_clock_of_the_decision_is_the_deadline_of_the_figures(self) -> None:
        if not hasattr(self, "tip") or not self.tip.counts:
            return
        clock = next((clock for clock in self.tip.clocks if clock.name is ClockName.DECISION), None)
        due = self.tip.decision_due_at
        if clock is None:
            assert due is None or done_at(self.tip, ClockName.DECISION) is not None
            return
        assert clock.due_at == due
        done = done_at(self.tip, ClockName.DECISION)
        assert (clock.state is ClockState.SUSPENDED) == (done is None and self.tip.status is TipStatus.SUSPENDED)
        if done is not None:
            assert clock.state is (ClockState.MET if done < clock.due_at else ClockState.LATE)

    @invariant()
    def no_deadline_is_missed_twice_or_before_its_time(self) -> None:
        missed = [
            (event.data.clock, event.data.due_at, event.time)
            for event in getattr(self, "events", [])
            if event.type == "tip.deadline_missed.v1"
        ]
        assert all(time >= due - timedelta(minutes=15) for _, due, time in missed)
        assert all(due <= self.now for _, due, _ in missed)


Life.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestAnyLife = Life.TestCase
