"""Keeps the clocks of a tip in step with what was done, and tells what they do; pure, the present comes in.

Every change of a tip goes through `timed`, and `strike` looks again when nothing but time has passed. Both judge by the
facts and the present alone, so doing either twice does no more than once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from services.tips.domain.clocks import Clock, ClockName, ClockState, Manner, rule_of
from services.tips.domain.clocks.clock import GOING
from services.tips.domain.clocks.rules import is_remote
from services.tips.domain.retention import erasable_from
from services.tips.domain.states import TipStatus
from services.tips.domain.tip import Tip
from shared.contracts.base import Event
from shared.contracts.tips import (
    TipChannel,
    TipDeadlineChange,
    TipDeadlineEvent,
    TipDeadlineMet,
    TipDeadlineMissed,
    TipDeadlineResumed,
    TipDeadlineStarted,
    TipDeadlineSuspended,
    TipDeadlineWarned,
    TipStream,
)

Step = Callable[[Tip], tuple[Tip, Sequence[Event]]]

_TOLD: Final[Mapping[ClockState, type[TipDeadlineEvent]]] = {
    ClockState.WARNED: TipDeadlineWarned,
    ClockState.MISSED: TipDeadlineMissed,
    ClockState.SUSPENDED: TipDeadlineSuspended,
    ClockState.MET: TipDeadlineMet,
    ClockState.LATE: TipDeadlineMissed,
}
_ENDED: Final = frozenset({ClockState.MET, ClockState.LATE})
# A finding can be replaced by a later one; what was handed over or accepted once was so for good.
_JUDGED_ONCE: Final = frozenset({ClockName.HAND_OVER, ClockName.ACCEPTANCE})
Moves = list[tuple[type[TipDeadlineEvent], datetime]]


def timed(step: Step, now: datetime) -> Step:
    """The same step, with the clocks set by it and what they tell after what it tells."""

    def step_and_clocks(before: Tip) -> tuple[Tip, Sequence[Event]]:
        after, events = step(before)
        return follow(after, events, now=now)

    return step_and_clocks


def strike(tip: Tip, *, now: datetime) -> tuple[Tip, Sequence[Event]]:
    """The tip with its clocks as they stand by now; the very same tip and no events if none of them moved."""
    after, events = follow(tip, (), now=now)
    return (replace(after, version=tip.version + 1), events) if after.clocks != tip.clocks else (tip, ())


def follow(tip: Tip, events: Sequence[Event], *, now: datetime) -> tuple[Tip, Sequence[Event]]:
    """The tip after these events with its clocks set, and the events with those of the clocks.

    What does not count has no time: its clocks stay as they are until it counts again.
    """
    if not tip.counts:
        return tip, events
    announced = {event.data.clock for event in events if isinstance(event.data, TipDeadlineChange)}
    kept = [found for name in ClockName if (found := _kept(tip, name, now, announced=name in announced)) is not None]
    told = [_told(tip, clock, event, at) for clock, moves in kept for event, at in moves]
    return replace(tip, clocks=tuple(clock for clock, _ in kept)), (*events, *told)


def wakes_at(tip: Tip) -> datetime | None:
    """When it has to be looked at again though nothing happens; None while there is nothing to wait for."""
    clocks = tip.clocks if tip.counts else ()
    moments = [*(clock.wakes_at for clock in clocks), erasable_from(tip)]
    return min((moment for moment in moments if moment is not None), default=None)


def done_at(tip: Tip, clock: ClockName) -> datetime | None:
    """When that was done which the clock asks for."""
    decided = (tip.verified_at, tip.refuted_at, tip.found_inconclusive_at)
    ended = (*decided, tip.transferred_at, tip.resolved_at, tip.closed_at)
    match clock:
        case ClockName.DECISION:
            deeds: tuple[datetime | None, ...] = ended
        case ClockName.HAND_OVER:  # taking the report up makes handing it over needless
            deeds = (tip.verification_started_at, *ended)
        case ClockName.ACCEPTANCE:
            deeds = (tip.registered_at,)
    return min((deed for deed in deeds if deed is not None), default=None)


def _kept(tip: Tip, name: ClockName, now: datetime, *, announced: bool) -> tuple[Clock, Moves] | None:
    """The clock of this name by now and what it does on the way; None if the tip needs none.

    `announced`: the step has told already that the clock was extended or resumed.
    """
    former = next((clock for clock in tip.clocks if clock.name is name), None)
    done = done_at(tip, name)
    if former is None and done is not None:
        return None  # what came from the books as done was never waited for
    clock = _set(tip, name)
    if clock is None:
        return None
    same = former is not None and former.due_at == clock.due_at
    if former is not None and same and name in _JUDGED_ONCE and former.state in _ENDED:
        return former, []
    state = clock.state_at(now, done_at=done, suspended=tip.status is TipStatus.SUSPENDED)
    begun = _begun(former, same, state, announced=announced)
    stood = former.state if former is not None and same and begun is None else ClockState.RUNNING
    if stood in GOING and state in GOING:
        state = max(stood, state, key=GOING.index)  # the clocks of two machines differ a little
    clock = replace(clock, state=state)
    moves: Moves = [] if begun is None or announced else [(begun, tip.received_at if former is None else now)]
    if state is not stood and (stood, state) != (ClockState.MISSED, ClockState.LATE) and state in _TOLD:
        moves.append((_TOLD[state], _moment(tip, clock, now)))
    return clock, moves


def _begun(former: Clock | None, same: bool, state: ClockState, *, announced: bool) -> type[TipDeadlineEvent] | None:
    """How the clock begins to run, if it does: for the first time, again, or with another end."""
    if former is None:
        return TipDeadlineStarted
    if state in GOING and former.state not in GOING:
        return TipDeadlineResumed
    return TipDeadlineStarted if announced or (state in GOING and not same) else None


def _moment(tip: Tip, clock: Clock, now: datetime) -> datetime:
    """When the clock came to stand as it does."""
    match clock.state:
        case ClockState.WARNED:
            return clock.warn_at
        case ClockState.MISSED | ClockState.LATE:
            return clock.due_at
        case ClockState.SUSPENDED:
            return tip.suspended_at or now
        case _:
            return done_at(tip, clock.name) or now


def _told(tip: Tip, clock: Clock, event: type[TipDeadlineEvent], at: datetime) -> Event:
    clock_name, due_at = clock.name.value, clock.due_at
    return tip.tell(event, was=tip, at=at, change=TipDeadlineChange, clock=clock_name, due_at=due_at)


def _set(tip: Tip, name: ClockName) -> Clock | None:
    """The clock as the rules set it, before anything is known of what was done."""
    crime, since, manner = tip.stream is TipStream.CRIME_REPORT, tip.received_at, Manner.ORDINARY
    match name:
        case ClockName.DECISION:
            needed, since = crime and tip.decision_due_at is not None, tip.resumed_at or since
        case ClockName.HAND_OVER:
            needed, manner = crime, Manner.REMOTE if is_remote(tip.unit, since) else manner
        case ClockName.ACCEPTANCE:
            needed, manner = tip.channel is TipChannel.HOTLINE, Manner.URGENT if tip.urgent else manner
    rule = rule_of(name, since, manner=manner) if needed else None
    if rule is None:
        return None
    due_at = tip.decision_due_at if name is ClockName.DECISION else rule.due_at(since)
    assert due_at is not None
    return Clock(name=name, due_at=due_at, warn_at=rule.warn_at(due_at, received_at=since))
