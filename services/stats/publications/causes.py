"""Which events made a published figure another one; asks whoever keeps the facts, keeps none itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from services.stats.publications.publication import Pairs
from services.stats.windows import Interval

LISTED: Final = 20  # a city's figure may have changed by thousands of events: the rest is at the figure's explanation
ASKED: Final = 500


class Reason(StrEnum):
    """Why a published figure is another one now."""

    EVENTS = "events"
    TIME = "time"
    RULES = "rules"
    NOT_YET_EXPLAINED = "not_yet_explained"


class Entry(Protocol):
    """What one event added to a counted figure."""

    @property
    def topic(self) -> str: ...

    @property
    def unit(self) -> str: ...

    @property
    def position(self) -> int: ...

    @property
    def type(self) -> str: ...

    @property
    def id(self) -> str: ...

    @property
    def time(self) -> datetime: ...

    @property
    def recordedtime(self) -> datetime: ...

    @property
    def amount(self) -> int: ...


class Causes(Protocol):
    """Who knows the events behind the figures."""

    async def since(
        self, row: str, metric: str, interval: Interval, positions: Mapping[tuple[str, str], int], limit: int
    ) -> Sequence[Entry]:
        """The events above these positions, by (topic, unit), that touch the figure; at most `limit`."""
        ...


class Cause(msgspec.Struct, frozen=True, gc=False):
    """One event that changed one of the series that a figure is made of."""

    metric: str
    event_id: str
    event_type: str
    time: datetime
    recordedtime: datetime
    amount: int


class Explanation(msgspec.Struct, frozen=True, gc=False):
    """Why a figure changed: the first events by the time they happened, and whether there are more."""

    reason: Reason
    causes: tuple[Cause, ...] = ()
    more: bool = False


async def explanation(
    causes: Causes, row: str, changes: Mapping[str, int], interval: Interval, then: Pairs, now: Pairs
) -> Explanation:
    """The events between two statements whose amounts make up the changes; none as long as not all are known.

    Shape: `changes` maps each of the figure's parts that changed to the difference; `then` and `now` are the positions
           that moved.
    """
    first, last = by_source(then), by_source(now)
    found: list[Cause] = []
    for part, difference in changes.items():
        entries = await causes.since(row, part, interval, first, ASKED)
        between = [entry for entry in entries if entry.position <= last.get((entry.topic, entry.unit), 0)]
        if len(entries) < ASKED and sum(entry.amount for entry in between) != difference:
            return Explanation(Reason.NOT_YET_EXPLAINED)
        found.extend(
            Cause(part, entry.id, entry.type, entry.time, entry.recordedtime, entry.amount) for entry in between
        )
    found.sort(key=lambda cause: (cause.time, cause.event_id))
    return Explanation(Reason.EVENTS, tuple(found[:LISTED]), len(found) > LISTED)


def by_source(pairs: Pairs) -> dict[tuple[str, str], int]:
    """Positions by (topic, unit)."""
    split = ((source.partition("/"), position) for source, position in pairs)
    return {(topic, unit): position for (topic, _, unit), position in split}
