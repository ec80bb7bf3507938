"""Reads sequences back: what is committed, and the entries of a unit in order; writes nothing."""

from dataclasses import dataclass, replace
from typing import Final

from shared.outbox.entries import ENTRY_RECORDS, Entry, counter_id
from shared.outbox.names import COUNTERS, ENTRIES
from shared.outbox.packing import unpack
from shared.store.client import Document, Store

PAGE_RECORDS: Final = 2_000  # about 1.5 MB; the last entry of a page may go beyond


class BrokenSequence(Exception):
    """Committed positions without an entry: the journal was damaged from outside."""


@dataclass(frozen=True, slots=True)
class Sequences:
    """The sequences of one topic in the database of its owner."""

    store: Store
    topic: str

    async def committed(self) -> dict[str, int]:
        """Highest committed position by unit: one look at the counters, however many entries there are."""
        counters = self.store.collection(COUNTERS).find({"topic": self.topic}, {"unit": 1, "position": 1})
        return {counter["unit"]: counter["position"] async for counter in counters}

    async def committed_of(self, unit: str) -> int:
        counter = await self.store.collection(COUNTERS).find_one({"_id": counter_id(self.topic, unit)})
        return counter["position"] if counter else 0

    async def page(self, unit: str, after: int) -> list[Entry]:
        """The next entries of a unit, the first of them beginning at `after` + 1; none when there are no more.

        Raises: BrokenSequence when they do not join.
        """
        first = after + 1
        found = await self._begin_within(unit, first, first + PAGE_RECORDS - 1)
        if not found or found[0].first != first:
            earlier = await self._begin_within(unit, first - ENTRY_RECORDS, after)
            found[:0] = [_cut(entry, first) for entry in earlier if entry.last >= first]
        for entry in found:
            if entry.first != first:
                raise BrokenSequence(f"{self.topic}/{unit}: position {first} has no entry.")
            first = entry.last + 1
        return found

    async def _begin_within(self, unit: str, lowest: int, highest: int) -> list[Entry]:
        # Bounded on both sides and by an index: an embedded store would otherwise read and sort all that follow.
        bounds = {"topic": self.topic, "unit": unit, "first": {"$gte": lowest, "$lte": highest}}
        return [_entry(found) async for found in self.store.collection(ENTRIES).find(bounds, sort=[("first", 1)])]


def _cut(entry: Entry, first: int) -> Entry:
    return replace(entry, first=first, records=entry.records[first - entry.first :])


def _entry(document: Document) -> Entry:
    return Entry(
        document["topic"], document["unit"], document["first"], unpack(document["lines"]), document["recorded_at"],
        is_exact=document.get("is_exact", True),
    )  # fmt: skip
