"""What a service tells of its records, and what one transaction of an import writes; must not know a form of record."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import TypeAdapter

from shared.aggregate import Aggregate
from shared.contracts.base import Event
from shared.repository import Aggregates
from shared.security import Principal
from shared.work import Write


@dataclass(frozen=True, slots=True)
class Arrival:
    """A record that can be read, with the id of what it becomes."""

    index: int
    id: str
    digest: bytes
    record: Any


@dataclass(frozen=True, slots=True)
class Taken:
    """What one record became: an aggregate with the events of its life so far, and what else has to be written.

    Shape: `updates` are other aggregates before and after; `writes` run in the same transaction; `kept` are pairs of
    what makes one write of many things, and one such thing, so that a batch writes them at once.
    """

    aggregate: Aggregate
    events: Sequence[Event]
    updates: tuple[tuple[Aggregate, Aggregate], ...] = ()
    writes: tuple[Write, ...] = ()
    kept: tuple[tuple[Callable[..., Write], object], ...] = ()


TakeIn = Callable[[Arrival], Taken]


class Intake(Protocol):
    """What a service knows of its records."""

    @property
    def records(self) -> TypeAdapter[Any]:
        """Reads one record of any type."""
        ...

    @property
    def collections(self) -> Mapping[str, Aggregates[Any]]:
        """Where records of each type go. An earlier type is taken in first, so that the later ones find it."""
        ...

    async def begin(self, arrivals: Sequence[Arrival], caller: Principal) -> TakeIn:
        """The judge of these records; it raises a DomainError for one that cannot be taken in."""
        ...


@dataclass(slots=True)
class UnitBatch:
    """What one transaction writes: everything of one unit."""

    arrivals: list[Arrival] = field(default_factory=list)
    added: dict[str, dict[str, Aggregate]] = field(default_factory=dict)
    updated: dict[str, tuple[Aggregate, Aggregate]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    kept: dict[Callable[..., Write], list[object]] = field(default_factory=dict)

    def take(self, arrival: Arrival, taken: Taken) -> None:
        self.arrivals.append(arrival)
        self.added.setdefault(arrival.record.type, {})[taken.aggregate.id] = taken.aggregate
        self.events += taken.events
        self.writes += taken.writes
        for keeping, thing in taken.kept:
            self.kept.setdefault(keeping, []).append(thing)
        for before, after in taken.updates:
            self._update(before, after)

    def all_writes(self, collections: Mapping[str, Aggregates[Any]]) -> list[Write]:
        """What has to be written where. Raises, when it runs: ConcurrentChange if somebody else was faster."""
        digests = {arrival.id: arrival.digest for arrival in self.arrivals}
        places = {place.kind: place for place in collections.values()}
        return [
            *(collections[kind].inserting(list(added.values()), digests) for kind, added in self.added.items()),
            *(places[type(after)].replacing(before, after) for before, after in self.updated.values()),
            *self.writes,
            *(keeping(*things) for keeping, things in self.kept.items()),
        ]

    def _update(self, before: Aggregate, after: Aggregate) -> None:
        """Several updates of one aggregate are one write; one of an aggregate that is added here is none."""
        for added in self.added.values():
            if after.id in added:
                added[after.id] = after
                return
        first, _ = self.updated.get(after.id, (before, before))
        self.updated[after.id] = (first, after)
