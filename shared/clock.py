"""The time of day as an argument; owns no time zone rules and never sleeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where a use case takes the present from."""

    def now(self) -> datetime:
        """The present instant, aware and in UTC."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """The present instant, aware and in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is told to advance."""

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError("a clock needs an aware time")
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        """The instant the clock stands at, in UTC."""
        return self._at

    def advance(self, by: timedelta) -> None:
        """Move the clock forward."""
        self._at += by


def floored(at: datetime, step_s: int) -> datetime:
    """The last full step before or at the instant, in UTC; the instant itself if there is no step.

    Units:  seconds; steps are counted from the epoch, so that a divisor of an hour also divides local hours.
    """
    if step_s <= 0:
        return at
    return datetime.fromtimestamp(int(at.timestamp()) // step_s * step_s, UTC)
