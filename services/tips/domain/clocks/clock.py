"""One clock of one tip: by when, and how it stands; knows no rule and reads no time."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.tips.domain.clocks.rules import ClockName


class ClockState(StrEnum):
    """How a clock stands. Met and late ones have ended; a missed one is late as soon as the deed is done."""

    RUNNING = "running"
    WARNED = "warned"
    MISSED = "missed"
    SUSPENDED = "suspended"
    MET = "met"
    LATE = "late"


GOING: Final = (ClockState.RUNNING, ClockState.WARNED, ClockState.MISSED)
"""The states of a clock that goes, in the order in which it passes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """By when something has to be done: before `due_at`, which is the first instant that is too late.

    So a deed whose time is told coarsely is judged as its exact time would be, because deadlines are whole steps.
    """

    name: ClockName
    due_at: datetime
    warn_at: datetime
    state: ClockState = ClockState.RUNNING

    @property
    def wakes_at(self) -> datetime | None:
        """When it has to be looked at again though nothing happens to the tip."""
        match self.state:
            case ClockState.RUNNING:
                return min(self.warn_at, self.due_at)
            case ClockState.WARNED:
                return self.due_at
            case _:
                return None

    def state_at(self, now: datetime, *, done_at: datetime | None, suspended: bool) -> ClockState:
        """How it stands at this instant."""
        if done_at is not None:
            return ClockState.MET if done_at < self.due_at else ClockState.LATE
        if suspended:
            return ClockState.SUSPENDED
        if now >= self.due_at:
            return ClockState.MISSED
        return ClockState.WARNED if now >= self.warn_at else ClockState.RUNNING
