"""Which events made a published figure another one; asks whoever keeps the facts, keeps none itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol, TypeVar

import msgspec

from services.stats.publications.publication import Pairs, Skipped
from services.stats.windows import Interval

T = TypeVar("T")

LISTED: Final = 20  # a city's figure may have changed by thousands of events: the rest is at the figure's explanation


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
        self,
        row: str,
        metric: str,
        interval: Interval,
        positions: Mapping[tuple[str, str], int],
        *,
        repaired: Mapping[tuple[str, str], Collection[int]],
    ) -> Sequence[Entry]:
        """The events above these positions, by (topic, unit), and the repaired ones, that touch the figure."""
        ...

    async def known(self, positions: Mapping[tuple[str, str], int]) -> bool:
        """Whether all events up to these positions, by (topic, unit), are known."""
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
    causes: Causes,
    row: str,
    changes: Mapping[str, int],
    interval: Interval,
    then: Pairs,
    now: Pairs,
    repaired: Skipped = (),
) -> Explanation:
    """The events between two statements whose amounts make up the changes; none as long as not all are known.

    Shape: `changes` maps each of the figure's parts that changed to the difference; `then` and `now` are the positions
           that moved, `repaired` those which lie below but were not read then.
    """
    first, last, late = by_source(then), by_source(now), by_source(repaired)
    found: list[Cause] = []
    for part, difference in changes.items():
        entries = await causes.since(row, part, interval, first, repaired=late)
        between = [
            entry
            for entry in entries
            for source in [(entry.topic, entry.unit)]
            if entry.position <= last.get(source, 0) or entry.position in late.get(source, ())
        ]
        if sum(entry.amount for entry in between) != difference:
            return Explanation(Reason.NOT_YET_EXPLAINED)
        found.extend(
            Cause(part, entry.id, entry.type, entry.time, entry.recordedtime, entry.amount) for entry in between
        )
    found.sort(key=lambda cause: (cause.time, cause.event_id))
    return Explanation(Reason.EVENTS, tuple(found[:LISTED]), len(found) > LISTED)


def by_source(pairs: Iterable[tuple[str, T]]) -> dict[tuple[str, str], T]:
    """What is told of each source, by (topic, unit)."""
    split = ((source.partition("/"), told) for source, told in pairs)
    return {(topic, unit): told for (topic, _, unit), told in split}
