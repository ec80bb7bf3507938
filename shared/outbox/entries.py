"""Numbers events and stores them in the transaction of the change they tell; publishes nothing itself."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from shared.clock import Clock, floored
from shared.contracts.base import Event
from shared.contracts.topics import Topic, topic_of
from shared.outbox.lineage import lineage_of
from shared.outbox.names import COUNTERS, ENTRIES
from shared.outbox.packing import pack
from shared.store.client import Document, Session, Store
from shared.telemetry.metrics import OUTBOX_COMMITTED

ENTRY_RECORDS: Final = 1_000  # with records of about 1 kB far below the store's 16 MB a document, and one page of work
CARRIED_RECORDS: Final = 50  # an import may as well be read back; of these, 256 take 12 MB at most
CARRIED_ENTRIES: Final = 256


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where an event stands: the n-th of its unit on its topic, from 1, without holes."""

    topic: str
    unit: str
    position: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.unit}/{self.position}"


@dataclass(frozen=True, slots=True)
class Entry:
    """The events of one transaction for one (topic, unit), as finished records.

    The store keeps `recorded_at` as coarsely as the coarsest of the events tells it: it stands beside them for good. So
    `is_exact` tells whether an entry knows when it was committed; one that is read back may not.
    """

    topic: str
    unit: str
    first: int
    records: Sequence[bytes]
    recorded_at: datetime
    recorded_step_s: int = 0
    is_exact: bool = True

    @property
    def last(self) -> int:
        return self.first + len(self.records) - 1


def entry_id(topic: str, unit: str, first: int) -> str:
    """Ids of one (topic, unit) sort as their positions do."""
    return f"{topic}/{unit}/{first:012d}"


def counter_id(topic: str, unit: str) -> str:
    """One counter numbers one (topic, unit)."""
    return f"{topic}/{unit}"


@dataclass(slots=True)
class Hints:
    """What was committed on one topic since its relay looked last; a hint may be lost, the relay polls as well.

    The youngest small entries of this process come along: its relay need not read back what was just written.
    """

    wake: asyncio.Event = field(default_factory=asyncio.Event)
    _positions: dict[str, int] = field(default_factory=dict)
    _entries: dict[tuple[str, int], Entry] = field(default_factory=dict)

    def add(self, unit: str, position: int, entry: Entry | None = None) -> None:
        self._positions[unit] = max(position, self._positions.get(unit, 0))
        if entry is not None and len(entry.records) <= CARRIED_RECORDS:
            self._entries[unit, entry.first] = entry
            if len(self._entries) > CARRIED_ENTRIES:
                del self._entries[next(iter(self._entries))]
        self.wake.set()

    def entry(self, unit: str, first: int) -> Entry | None:
        """The committed entry that begins at this position, if it came along; once."""
        return self._entries.pop((unit, first), None)

    def take(self) -> dict[str, int]:
        """Highest committed position by unit; the next call starts anew."""
        self.wake.clear()
        taken, self._positions = self._positions, {}
        return taken


class Outbox:
    """Appends events to the sequences of their units, together with the change that they tell."""

    def __init__(self, store: Store, *, clock: Clock, topics: Sequence[Topic]) -> None:
        self.store = store
        self.topics = tuple(topics)
        self.hints = {topic.name: Hints() for topic in topics}
        self._clock = clock
        self._lineage = ""
        self._locks: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)

    @property
    def lineage(self) -> str:
        """The id of this outbox's sequences; known once it is open."""
        if not self._lineage:
            raise RuntimeError("The outbox is not open yet.")
        return self._lineage

    async def open(self) -> None:
        """Make the lineage if the database is new; needed before the first commit."""
        await self.store.collection(COUNTERS).create_index("topic")
        await self.store.collection(ENTRIES).create_index([("topic", 1), ("unit", 1), ("first", 1)], unique=True)
        self._lineage = await lineage_of(self.store)

    async def commit(
        self,
        events: Sequence[Event],
        write: Callable[[Session], Awaitable[None]],
        *,
        then: Callable[[Session, list[Position]], Awaitable[None]] | None = None,
    ) -> list[Position]:
        """Commit `write` and the events together or not at all; the position of each event, in their order.

        `then` writes what tells the positions, such as an answer to be repeated, in the same transaction. Both may run
        several times (see `Store.transaction`). Units are locked and counted in ascending order, so
        that two commits which touch the same units cannot wait for each other.
        Raises: what the two raise; ValueError for an event of a topic that this outbox does not own.
        """
        groups = self._grouped(events)
        async with AsyncExitStack() as locked:
            for group in groups:
                # One hot commune would otherwise spend its time on write conflicts: 18 commits a second, not 145.
                await locked.enter_async_context(self._locks[group])

            async def body(session: Session) -> list[Entry]:
                await write(session)
                entries = await self._append(session, groups)
                if then is not None:
                    await then(session, list(_positions(events, entries)))
                return entries

            entries = await self.store.transaction(body)
        for entry in entries:
            self.hints[entry.topic].add(entry.unit, entry.last, entry)
            OUTBOX_COMMITTED.labels(entry.topic).inc(len(entry.records))
        return list(_positions(events, entries))

    async def _append(self, session: Session, groups: Mapping[tuple[str, str], Sequence[Event]]) -> list[Entry]:
        """The counters are the transaction's last writes before the entries: commit order is number order."""
        counters = self.store.collection(COUNTERS)
        entries: list[Entry] = []
        recorded_at = self._clock.now()
        for (topic, unit), events in groups.items():
            of_unit = {"_id": counter_id(topic, unit)}
            step = {"$inc": {"position": len(events)}, "$setOnInsert": {"topic": topic, "unit": unit}}
            # Two requests: an embedded store reads the whole collection for a write that gives back what it wrote.
            await counters.update_one(of_unit, step, upsert=True, session=session)
            counter = await counters.find_one(of_unit, session=session)
            assert counter is not None  # written a line above, in the same transaction
            first = counter["position"] - len(events) + 1
            records = [
                event.record(position=position, lineage=self.lineage, recorded_at=recorded_at)
                for position, event in enumerate(events, first)
            ]
            step_s = max(event.recorded_step_s for event in events)
            entries.append(Entry(topic, unit, first, records, recorded_at, step_s))
        if entries:
            documents = [document for entry in entries for document in _documents(entry)]
            await self.store.collection(ENTRIES).insert_many(documents, session=session)
        return entries

    def _grouped(self, events: Sequence[Event]) -> dict[tuple[str, str], list[Event]]:
        groups: defaultdict[tuple[str, str], list[Event]] = defaultdict(list)
        for event in events:
            topic = topic_of(event.type).name
            if topic not in self.hints:
                raise ValueError(f"{event.type} belongs to {topic}, which this outbox does not own.")
            groups[topic, event.partitionkey].append(event)
        return dict(sorted(groups.items()))


def latest(positions: Iterable[Position]) -> list[Position]:
    """The highest position per (topic, unit): what a caller waits for to see its change in a figure."""
    highest: dict[tuple[str, str], Position] = {}
    for position in positions:
        key = (position.topic, position.unit)
        highest[key] = max(position, highest.get(key, position))
    return sorted(highest.values())


def _documents(entry: Entry) -> Iterator[Document]:
    for start in range(0, len(entry.records), ENTRY_RECORDS):
        records = list(entry.records[start : start + ENTRY_RECORDS])
        first = entry.first + start
        yield {
            "_id": entry_id(entry.topic, entry.unit, first),
            "topic": entry.topic,
            "unit": entry.unit,
            "first": first,
            "last": first + len(records) - 1,
            "lines": pack(records),
            "recorded_at": floored(entry.recorded_at, entry.recorded_step_s),
            "is_exact": entry.recorded_step_s == 0,
        }


def _positions(events: Iterable[Event], entries: Iterable[Entry]) -> Iterator[Position]:
    following = {(entry.topic, entry.unit): entry.first for entry in entries}
    for event in events:
        key = (topic_of(event.type).name, event.partitionkey)
        yield Position(*key, following[key])
        following[key] += 1
