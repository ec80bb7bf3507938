"""Whether anybody folds the figures that are served. Pure; time comes in as an argument.

A worker that stands still while nothing is committed looks like a quiet night to everybody who compares positions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.stats.feed.freshness import STALE_AFTER, Level
from services.stats.generations.control import SILENT_AFTER, Control, Partition, Seen


@dataclass(frozen=True, slots=True)
class Attention:
    """Who folds: `silent_since` is when a worker was last heard of for what nobody attends to now."""

    workers: int
    partitions: int
    unattended: int
    silent: bool
    silent_since: datetime | None
    silence_s: float | None
    stopped: str | None
    level: Level

    @property
    def is_trouble(self) -> bool:
        """Whether the figures may have stopped to follow the events."""
        return self.silent or self.stopped is not None


class Attendance:
    """Judges the beats of the workers of one state after another."""

    def __init__(self, topics: Iterable[str], partitions: int, *, now: datetime) -> None:
        self._all = [(topic, number) for topic in topics for number in range(partitions)]
        self._since = now

    def of(self, control: Control, state: str, *, now: datetime, stopped: str | None = None) -> Attention:
        """How the state is attended to; `stopped` is a reason why it cannot go on that shows elsewhere."""
        beats = control.beats(state)
        last = control.attended(state)
        ages = {at: now - (last[at].seen_at if at in last else self._since) for at in self._all}
        silent = [at for at, age in ages.items() if age > SILENT_AFTER]
        longest = max((ages[at] for at in silent), default=timedelta())
        reason = stopped or next((s.beat.stopped for s in beats if s.beat.stopped and _is_last_word(s, last)), None)
        return Attention(
            workers=len({last[at].beat.instance for at in last if ages[at] <= SILENT_AFTER}),
            partitions=len(self._all),
            unattended=len(silent),
            silent=bool(silent),
            silent_since=min((last[at].beat.at for at in silent if at in last), default=None),
            silence_s=longest.total_seconds() if silent else None,
            stopped=reason,
            level=_level(longest, reason),
        )


def _is_last_word(stopped: Seen, last: Mapping[Partition, Seen]) -> bool:
    """Whether nobody has gone on with what a worker folded until it stopped."""
    its = [(topic, number) for topic, numbers in stopped.beat.partitions.items() for number in numbers]
    followers = [last[at] for at in its] or list(last.values())
    return not followers or any(follower.beat.at <= stopped.beat.at for follower in followers)


def _level(silence: timedelta, stopped: str | None) -> Level:
    if stopped is not None or silence > STALE_AFTER:
        return Level.STALE
    return Level.BEHIND if silence > SILENT_AFTER else Level.OK
